from __future__ import annotations

import json

import pytest
import torch

from balanced_refiner import MISSING_STRENGTH, MaskSettings, RegionSettings, find_regions, make_mask
from balanced_refiner.regions import MISSING_WEIGHT
from grefine_core import Defect, Emphasis, InputError

PROMPT = "a red dog beside a bench"
PLAIN = MaskSettings(dilation=0, feather=0)


def found_in(assessment, *, strength=0.4, max_regions=8):
    mask = make_mask(assessment.pq.map, assessment.aq.map, settings=PLAIN)
    return find_regions(mask, assessment, PROMPT, RegionSettings(strength=strength, max_regions=max_regions))


def dog(kind, box, size=(64, 64), value=1.0):
    region = torch.zeros(size)
    region[box[0] : box[2], box[1] : box[3]] = value
    return Defect(phrase="red dog", kind=kind, start=2, end=9, region=region)


def test_regions_come_worst_first_with_their_boxes(assessment):
    quality = torch.ones(64, 64)
    quality[2:6, 2:12] = 0.2
    quality[20:40, 30:50] = 0.1
    found = found_in(assessment(quality))
    assert [region.box for region in found.regions] == [(20, 30, 40, 50), (2, 2, 6, 12)]
    assert [region.area for region in found.regions] == [400, 40]
    assert [region.index for region in found.regions] == [0, 1]


def test_labels_tell_the_regions_apart(assessment):
    quality = torch.ones(64, 64)
    quality[2:6, 2:12] = 0.2
    quality[20:40, 30:50] = 0.1
    labels = found_in(assessment(quality)).labels
    assert labels[30, 40] == 1
    assert labels[3, 3] == 2
    assert (labels > 0).sum() == 440


def test_poor_pixels_take_the_stage_strength_and_the_whole_prompt(assessment, with_hole):
    emphasis = Emphasis(text="red dog", start=2, end=9, weight=1.1)
    region = found_in(assessment(with_hole(64, 64, (8, 8, 24, 24), 0.1), emphases=[emphasis])).regions[0]
    assert (region.kind, region.strength, region.prompt, region.phrase) == ("quality", 0.4, PROMPT, None)
    assert region.emphases == (emphasis,)
    assert region.pq == pytest.approx(0.1)
    assert region.aq == 1.0


def test_missing_object_is_painted_strongly_from_its_phrase(assessment, with_hole):
    alignment = with_hole(64, 64, (8, 8, 24, 24), 0.3)
    defect = dog("missing", (8, 8, 24, 24), value=0.7)
    region = found_in(assessment(torch.ones(64, 64), alignment, defects=[defect])).regions[0]
    assert (region.kind, region.strength, region.prompt) == ("missing", MISSING_STRENGTH, "red dog")
    assert region.span == (2, 9)
    assert region.emphases == (Emphasis(text="red dog", start=0, end=7, weight=MISSING_WEIGHT),)


def test_missing_phrase_keeps_the_weight_that_it_has(assessment, with_hole):
    alignment = with_hole(64, 64, (8, 8, 24, 24))
    emphasis = Emphasis(text="dog", start=6, end=9, weight=1.4)
    given = assessment(torch.ones(64, 64), alignment, defects=[dog("missing", (8, 8, 24, 24))], emphases=[emphasis])
    assert found_in(given).regions[0].emphases[0].weight == 1.4


def test_attribute_defect_is_asked_for_first_and_then_the_whole_prompt(assessment, with_hole):
    alignment = with_hole(64, 64, (8, 8, 24, 24))
    emphasis = Emphasis(text="red dog", start=2, end=9, weight=1.2)
    given = assessment(torch.ones(64, 64), alignment, defects=[dog("attribute", (8, 8, 24, 24))], emphases=[emphasis])
    region = found_in(given).regions[0]
    assert (region.kind, region.strength, region.phrase) == ("attribute", 0.4, "red dog")
    assert region.prompt == f"red dog, {PROMPT}"
    assert [(region.prompt[e.start : e.end], e.weight) for e in region.emphases] == [("red dog", 1.2)] * 2


def test_attribute_defect_of_the_whole_prompt_is_asked_for_once(assessment, with_hole):
    alignment = with_hole(64, 64, (8, 8, 24, 24))
    defect = Defect(phrase=PROMPT, kind="attribute", start=0, end=len(PROMPT), region=1 - alignment)
    assert found_in(assessment(torch.ones(64, 64), alignment, defects=[defect])).regions[0].prompt == PROMPT


@pytest.mark.parametrize(
    ("order", "tops"), [("worst", [40, 2, 20]), ("largest", [40, 20, 2]), ("reading", [2, 20, 40])]
)
def test_order_of_repair_is_the_one_asked_for(order, tops, assessment):
    quality = torch.ones(64, 64)
    quality[2:10, 2:42] = 0.1  # 320 pixels, 288 of deficit
    quality[20:32, 30:60] = 0.4  # 360 pixels, 216 of deficit
    quality[40:60, 2:22] = 0.1
    given = assessment(quality)
    mask = make_mask(given.pq.map, given.aq.map, settings=PLAIN)
    found = find_regions(mask, given, PROMPT, RegionSettings(strength=0.4, order=order))
    assert [region.box[0] for region in found.regions] == tops
    assert [int(found.labels[region.box[0], region.box[1]]) for region in found.regions] == [1, 2, 3]


def test_limit_keeps_the_worst_whatever_the_order(assessment):
    quality = torch.ones(64, 64)
    quality[2:6, 2:12] = quality[40:60, 2:22] = 0.1
    given = assessment(quality)
    mask = make_mask(given.pq.map, given.aq.map, settings=PLAIN)
    found = find_regions(mask, given, PROMPT, RegionSettings(strength=0.4, order="reading", max_regions=1))
    assert [region.box[0] for region in found.regions] == [40]


def test_region_is_not_parted_below_the_smallest_area(assessment, with_hole):
    quality, alignment = with_hole(64, 64, (8, 8, 24, 24)), with_hole(64, 64, (8, 24, 24, 30))
    given = assessment(quality, alignment, defects=[dog("missing", (8, 24, 24, 30))])
    counts = []
    for min_area in (0.01, 0.03):  # 41 and 123 pixels; the smaller cause has 96
        mask = make_mask(quality, alignment, settings=MaskSettings(dilation=0, feather=0, min_area=min_area))
        counts.append(len(find_regions(mask, given, PROMPT, RegionSettings(strength=0.4)).regions))
    assert counts == [2, 1]


def test_strengths_are_those_of_the_regions_where_the_mask_is_hard(assessment, with_hole):
    found = found_in(assessment(with_hole(64, 64, (8, 8, 24, 24))))
    assert torch.equal(found.strengths, 0.4 * (found.labels == 1))


def test_soft_strengths_rise_with_the_deficit_up_to_the_region_s(assessment):
    quality = torch.ones(64, 64)
    quality[8:40, 8:24], quality[8:40, 24:40] = 0.3, 0.1
    mask = make_mask(quality, torch.ones(64, 64), settings=MaskSettings(mode="soft"))
    found = find_regions(mask, assessment(quality), PROMPT, RegionSettings(strength=0.5))
    assert len(found.regions) == 1
    assert found.strengths[20, 10] == pytest.approx(0.5 * 0.352)  # t = 0.4
    assert found.strengths[20, 30] == pytest.approx(0.5 * 0.896)  # t = 0.8
    assert found.regions[0].strength == pytest.approx(0.5 * 0.896)
    assert found.strengths[50, 50] == 0


def test_faint_defect_does_not_name_a_region(assessment, with_hole):
    quality = with_hole(64, 64, (8, 8, 24, 24))
    given = assessment(quality, defects=[dog("missing", (8, 8, 24, 24), value=0.2)])
    assert found_in(given).regions[0].kind == "quality"


def test_defect_that_covers_most_names_the_region(assessment, with_hole):
    alignment = with_hole(64, 64, (8, 8, 24, 24))
    bench = Defect(phrase="bench", kind="attribute", start=19, end=24, region=1 - alignment)
    small = dog("missing", (8, 8, 14, 24))
    given = assessment(torch.ones(64, 64), alignment, defects=[small, bench])
    assert found_in(given).regions[0].phrase == "bench"


def test_touching_causes_make_two_regions(assessment, with_hole):
    quality = with_hole(64, 64, (8, 8, 24, 24))
    alignment = with_hole(64, 64, (8, 24, 24, 48))
    defect = dog("missing", (8, 24, 24, 48))
    found = found_in(assessment(quality, alignment, defects=[defect]))
    assert {region.kind: region.box for region in found.regions} == {
        "quality": (8, 8, 24, 24),
        "missing": (8, 24, 24, 48),
    }


def test_poor_pixels_under_a_defect_are_a_matter_of_quality(assessment, with_hole):
    quality, alignment = with_hole(64, 64, (8, 8, 24, 24), 0.4), with_hole(64, 64, (8, 8, 24, 24), 0.1)
    given = assessment(quality, alignment, defects=[dog("missing", (8, 8, 24, 24), value=0.9)])
    assert found_in(given).regions[0].kind == "quality"


def test_missing_object_gets_one_place(assessment, with_hole):
    alignment = with_hole(64, 64, (4, 4, 12, 12)) * with_hole(64, 64, (20, 20, 50, 50))
    defect = Defect(phrase="red dog", kind="missing", start=2, end=9, region=1 - alignment)
    found = found_in(assessment(torch.ones(64, 64), alignment, defects=[defect]))
    assert [region.box for region in found.regions] == [(20, 20, 50, 50)]
    assert found.skipped == 1
    assert (found.labels > 0).sum() == 900


def test_rim_goes_with_the_cause_beside_it(assessment, with_hole):
    alignment = with_hole(64, 64, (20, 20, 40, 40))
    given = assessment(torch.ones(64, 64), alignment, defects=[dog("missing", (20, 20, 40, 40))])
    mask = make_mask(given.pq.map, given.aq.map, settings=MaskSettings(dilation=4))
    found = find_regions(mask, given, PROMPT, RegionSettings(strength=0.4))
    assert [(region.kind, region.area) for region in found.regions] == [("missing", int(mask.hard.sum()))]


def test_regions_over_the_limit_are_left_out_and_counted(assessment):
    quality = torch.ones(64, 64)
    for column in (2, 22, 42):
        quality[4:14, column : column + 10] = 0.1
    found = found_in(assessment(quality), max_regions=2)
    assert (len(found.regions), found.skipped) == (2, 1)
    assert (found.labels > 0).sum() == 200


def test_touching_corners_make_one_region(assessment):
    quality = torch.ones(64, 64)
    quality[8:16, 8:16] = quality[16:24, 16:24] = 0.0
    assert len(found_in(assessment(quality)).regions) == 1


def test_empty_mask_has_no_regions(assessment):
    found = found_in(assessment(torch.ones(16, 16)))
    assert found.regions == ()
    assert not found.labels.any()


def test_region_can_be_written_as_json(assessment, with_hole):
    alignment = with_hole(64, 64, (8, 8, 24, 24))
    given = assessment(torch.ones(64, 64), alignment, defects=[dog("missing", (8, 8, 24, 24))])
    written = json.loads(json.dumps(found_in(given).regions[0].to_dict()))
    assert written["box"] == [8, 8, 24, 24]
    assert written["emphases"][0]["text"] == "red dog"


def test_defect_of_another_size_is_refused_and_named(assessment, with_hole):
    given = assessment(with_hole(64, 64, (8, 8, 24, 24)), defects=[dog("missing", (0, 0, 4, 4), size=(32, 32))])
    with pytest.raises(InputError, match="`red dog`"):
        found_in(given)

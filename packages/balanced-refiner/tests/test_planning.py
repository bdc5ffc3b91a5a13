from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from balanced_refiner import MaskSettings, RefineSettings, plan_repairs
from balanced_refiner.planning import check_maps, raise_emphases
from balanced_refiner.strength import WORDS_STRENGTH
from grefine_core import Defect, Emphasis, InputError

PROMPT = "a red dog beside a bench"


def dog(weight):
    return Emphasis(text="red dog", start=2, end=9, weight=weight)


def test_plan_needs_no_backend_and_says_all(assessment, with_hole):
    plan = plan_repairs(assessment(with_hole(64, 64, (20, 20, 40, 40))), PROMPT, RefineSettings())
    assert not plan.empty
    assert plan.strength == 0.5
    assert torch.equal(plan.weights[0], plan.mask.feathered)
    assert torch.equal(plan.mask.hard, plan.found.labels == 1)


STRICT = RefineSettings(mask=MaskSettings(dilation=0))


def test_good_picture_gives_an_empty_plan(assessment):
    assert plan_repairs(assessment(torch.ones(16, 16)), PROMPT, RefineSettings()).empty


def test_missing_object_is_painted_no_more_strongly_than_the_backend_can(assessment, with_hole):
    alignment = with_hole(64, 64, (20, 20, 40, 40))
    defect = Defect(phrase="red dog", kind="missing", start=2, end=9, region=1 - alignment)
    given = assessment(torch.ones(64, 64), alignment, defects=[defect])
    asked = [
        plan_repairs(given, PROMPT, RefineSettings(), max_strength=most).found.regions[0].strength
        for most in (1.0, 0.7)
    ]
    assert asked == [0.95, 0.7]


def test_failing_phrase_is_left_alone_where_the_backend_is_weak(assessment, with_hole):
    alignment = with_hole(64, 64, (20, 20, 40, 40))
    quality = with_hole(64, 64, (2, 44, 12, 62))
    defect = Defect(phrase="red dog", kind="attribute", start=2, end=9, region=1 - alignment)
    given = assessment(quality, alignment, defects=[defect])
    plan = plan_repairs(given, PROMPT, RefineSettings(mask=MaskSettings(dilation=0)), max_strength=0.3)
    assert [(r.kind, r.strength, r.prompt) for r in plan.found.regions] == [("quality", 0.3, PROMPT)]
    assert torch.equal(plan.mask.hard, quality < 1)
    assert plan.assessment is given


def test_region_of_a_weak_backend_still_tells_its_alignment(assessment, with_hole):
    alignment = with_hole(64, 64, (0, 0, 64, 32), 0.25)  # the left half
    plan = plan_repairs(assessment(with_hole(64, 64, (20, 28, 40, 36)), alignment), PROMPT, STRICT, max_strength=0.3)
    assert plan.found.regions[0].aq == pytest.approx((0.25 + 1) / 2)


def test_plan_of_failing_phrases_alone_is_empty_where_the_backend_is_weak(assessment, with_hole):
    alignment = with_hole(64, 64, (20, 20, 40, 40))
    defect = Defect(phrase="red dog", kind="missing", start=2, end=9, region=1 - alignment)
    given = assessment(torch.ones(64, 64), alignment, defects=[defect])
    assert plan_repairs(given, PROMPT, RefineSettings(), max_strength=WORDS_STRENGTH - 0.01).empty
    assert not plan_repairs(given, PROMPT, RefineSettings(), max_strength=WORDS_STRENGTH).empty


@pytest.mark.parametrize("most", [1.0, 0.3])
def test_strength_of_the_settings_wins_over_scores_and_backend(most, assessment, with_hole):
    given = assessment(with_hole(64, 64, (20, 20, 40, 40)))
    plan = plan_repairs(given, PROMPT, RefineSettings(strength=0.7), max_strength=most)
    assert (plan.strength, plan.found.regions[0].strength) == (0.7, 0.7)


def test_locked_pixels_are_no_part_of_a_plan(assessment):
    locked = torch.zeros(64, 64, dtype=torch.bool)
    locked[:, :32] = True
    plan = plan_repairs(assessment(torch.zeros(64, 64)), PROMPT, RefineSettings(), locked=locked)
    assert torch.equal(plan.mask.hard, ~locked)
    assert torch.equal(plan.weights[0] > 0, ~locked)


def test_small_area_and_order_reach_the_regions(assessment):
    quality = torch.ones(64, 64)
    quality[2:10, 2:10] = quality[30:50, 30:50] = 0.1
    settings = RefineSettings(mask=MaskSettings(dilation=0), order="reading")
    few = RefineSettings(mask=MaskSettings(dilation=0, min_area=0.05))
    assert [r.area for r in plan_repairs(assessment(quality), PROMPT, settings).found.regions] == [64, 400]
    assert [r.area for r in plan_repairs(assessment(quality), PROMPT, few).found.regions] == [400]


def test_phrase_that_fails_again_weighs_a_tenth_more_each_time(assessment):
    quality = torch.ones(8, 8)
    bench = Emphasis(text="bench", start=19, end=24, weight=1.3)
    now = assessment(quality, emphases=[dog(1.1), bench])
    past = [assessment(quality, emphases=[dog(1.1)]), assessment(quality, emphases=[dog(1.2)])]
    assert [e.weight for e in raise_emphases(now, past).emphases] == [1.3, 1.3]


def test_first_failure_keeps_the_weight_of_the_assessor(assessment):
    now = assessment(torch.ones(8, 8), emphases=[dog(1.1)])
    assert raise_emphases(now, []) is now


def test_map_of_another_size_is_refused_and_named(assessment):
    with pytest.raises(InputError, match="map A must have the image's size"):
        check_maps(assessment(torch.ones(8, 8), torch.ones(8, 9)), (8, 8))


@pytest.mark.parametrize(("cells", "regions"), [(None, 2), (64 * 64, 2), (64, 1), (1, 1)])
def test_part_smaller_than_two_cells_of_the_map_is_left_alone(cells, regions, assessment):
    quality = torch.ones(64, 64)
    quality[2:12, 2:12] = 0.1  # 100 pixels; two of 8 x 8 cells have 128
    quality[20:60, 20:60] = 0.1
    given = assessment(quality)
    given = replace(given, pq=replace(given.pq, cells=cells))
    plan = plan_repairs(given, PROMPT, RefineSettings(mask=MaskSettings(dilation=0)))
    assert len(plan.found.regions) == regions


def test_coarser_map_decides_on_the_least_area(assessment):
    quality = torch.ones(64, 64)
    quality[2:12, 2:12] = 0.1
    given = assessment(quality)
    given = replace(given, pq=replace(given.pq, cells=4096), aq=replace(given.aq, cells=64))
    assert plan_repairs(given, PROMPT, RefineSettings(mask=MaskSettings(dilation=0))).empty

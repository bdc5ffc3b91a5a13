from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

from balanced_refiner import BalancedRefiner, RefineSettings
from grefine_core import Defect, InputError

README = Path(__file__).parents[1] / "README.md"


def picture(height, width, seed=0):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 0.9 + 0.05


def test_good_picture_comes_back_bit_for_bit(painter, judged):
    fake, pixels = painter(), picture(45, 61)
    result = BalancedRefiner(fake, judged(torch.ones(45, 61), 1.9))(pixels, "a dog")
    assert torch.equal(result.pixels, pixels)
    assert not result.changed
    assert result.after is result.before
    assert not fake.requests
    assert result.message.startswith("Nothing to repair")


def test_low_scores_without_a_place_are_said(painter, judged):
    result = BalancedRefiner(painter(), judged(torch.ones(45, 61), 0.4))(picture(45, 61), "a dog")
    assert "scores are low" in result.message


def test_repair_stays_inside_the_feathered_mask(painter, judged, with_hole):
    pixels = picture(90, 110)
    refiner = BalancedRefiner(
        painter(), judged(with_hole(90, 110, (30, 40, 50, 60)), 1.0), RefineSettings(stage2="never")
    )
    result = refiner(pixels, "a dog")
    outside = result.mask.feathered == 0
    assert result.changed
    assert torch.equal(result.pixels[..., outside], pixels[..., outside])
    assert (result.pixels[..., 30:50, 40:60] - 0.25).abs().max() < 0.05


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 41), (77, 53)])
def test_bad_picture_of_any_size_is_repaired_in_its_size(size, painter, judged):
    result = BalancedRefiner(painter(), judged(torch.zeros(size), 0.2))(picture(*size), "a dog")
    assert result.changed
    assert tuple(result.pixels.shape) == (1, 3, *size)


def test_same_seed_gives_the_same_bytes(painter, judged, with_hole):
    quality = with_hole(64, 64, (10, 10, 30, 30))
    first, again = (
        BalancedRefiner(painter(value=None), judged(quality, 1.0))(picture(64, 64), "a dog", seed=5) for _ in range(2)
    )
    assert torch.equal(first.pixels, again.pixels)


def test_other_seed_gives_other_bytes(painter, judged, with_hole):
    quality = with_hole(64, 64, (10, 10, 30, 30))
    refiner = BalancedRefiner(painter(value=None), judged(quality, 1.0))
    assert not torch.equal(refiner(picture(64, 64), "a dog", seed=5).pixels, refiner(picture(64, 64), "a dog").pixels)


def test_both_stages_are_seeded_from_the_seed(painter, judged):
    first, other = painter(size=64), painter(size=64)
    result = BalancedRefiner(first, judged(two_holes(), 1.0))(picture(64, 128), "a dog", seed=5)
    BalancedRefiner(other, judged(two_holes(), 1.0))(picture(64, 128), "a dog", seed=6)
    assert tuple(first.requests[0].seeds) == result.seeds
    for request, unlike in zip(first.requests, other.requests, strict=True):
        assert set(request.seeds).isdisjoint(unlike.seeds)


def two_holes():
    quality = torch.ones(64, 128)
    quality[20:40, 10:30] = 0.0
    quality[20:38, 90:110] = 0.0
    return quality


def test_guard_keeps_and_drops_region_by_region(painter, judged):
    pixels, assess = picture(64, 128), judged(two_holes(), 1.0, 0.8, 1.2)
    result = BalancedRefiner(painter(), assess, RefineSettings(stage2="never"))(pixels, "a dog")
    assert [(d.region, d.kept) for d in result.decisions] == [(0, False), (1, True)]
    assert torch.equal(result.pixels[..., :64], pixels[..., :64])
    assert not torch.equal(result.pixels[..., 64:], pixels[..., 64:])
    assert result.after.pq.score == 0.6
    assert "Kept 1 of 2" in result.message


def test_second_region_is_judged_on_top_of_the_first(painter, judged):
    assess = judged(two_holes(), 1.0, 1.1, 1.2)
    result = BalancedRefiner(painter(), assess, RefineSettings(stage2="never"))(picture(64, 128), "a dog")
    assert torch.equal(assess.calls[2], result.pixels)


def test_guard_that_drops_all_returns_the_input(painter, judged):
    pixels = picture(64, 128)
    result = BalancedRefiner(painter(), judged(two_holes(), 1.0, 0.5))(pixels, "a dog")
    assert torch.equal(result.pixels, pixels)
    assert not result.changed
    assert [d.stage for d in result.decisions] == ["stage1", "stage1"]  # no mild pass over repairs that are none
    assert "none of 2" in result.message


def test_guard_drops_stage2_alone(painter, judged, with_hole):
    pixels = picture(64, 64)
    result = BalancedRefiner(painter(), judged(with_hole(64, 64, (20, 20, 40, 40)), 1.0, 1.2, 0.9))(pixels, "a dog")
    outside = result.mask.feathered == 0
    assert [d.kept for d in result.decisions] == [True, False]
    assert torch.equal(result.pixels[..., outside], pixels[..., outside])


def test_without_guard_all_is_kept_and_measured_once(painter, judged):
    assess = judged(two_holes(), 1.0, 0.1)
    result = BalancedRefiner(painter(), assess, RefineSettings(guard=False))(picture(64, 128), "a dog")
    assert all(d.kept for d in result.decisions)
    assert len(assess.calls) == 2
    assert torch.equal(assess.calls[1], result.pixels)
    assert result.after.pq.score == 0.05


@pytest.mark.parametrize("guard", [True, False])
@pytest.mark.parametrize("value", [torch.nan, 0.0])
def test_broken_backend_leaves_the_input_untouched(value, guard, painter, judged):
    pixels = picture(64, 128)
    before = pixels.clone()
    refiner = BalancedRefiner(painter(value=value), judged(two_holes(), 1.0), RefineSettings(guard=guard))
    result = refiner(pixels, "a dog")
    assert torch.equal(result.pixels, before)
    assert not any(d.kept for d in result.decisions)
    assert all(d.reason.startswith("The backend returned") for d in result.decisions)


@pytest.mark.parametrize(("literal", "expected"), [(False, 0.6), (True, 0.4)])
def test_strength_of_stage1_follows_the_scores(literal, expected, painter, judged, with_hole):
    fake = painter(size=64)
    settings = RefineSettings(literal=literal)
    result = BalancedRefiner(fake, judged(with_hole(64, 64, (20, 20, 40, 40)), 0.8), settings)(picture(64, 64), "a dog")
    assert result.strengths["stage1"] == pytest.approx(expected)
    assert [top for request in fake.requests for top in request.tops] == pytest.approx([expected, 0.1])


def test_strength_of_a_repair_stays_below_what_the_backend_can_do(painter, judged, with_hole):
    fake = painter(size=64)
    fake.max_strength = 0.25
    result = BalancedRefiner(fake, judged(with_hole(64, 64, (20, 20, 40, 40)), 0.8))(picture(64, 64), "a dog")
    assert result.strengths["stage1"] == 0.25
    assert fake.requests[0].tops == (0.25,)


def test_missing_object_reaches_the_backend_as_its_phrase(painter, judged, with_hole):
    fake, alignment = painter(size=64), with_hole(64, 64, (20, 20, 40, 40))
    defect = Defect(phrase="dog", kind="missing", start=2, end=5, region=1 - alignment)
    assess = judged(torch.ones(64, 64), 1.0, alignment=alignment, defects=[defect])
    BalancedRefiner(fake, assess)(picture(64, 64), "a dog on grass")
    assert [request.prompts for request in fake.requests] == [["dog"], ["a dog on grass"]]


def test_weak_backend_is_not_asked_for_what_words_say(painter, judged, with_hole):
    fake, alignment, pixels = painter(size=64), with_hole(64, 64, (20, 20, 40, 40)), picture(64, 64)
    fake.max_strength = 0.3
    defect = Defect(phrase="dog", kind="missing", start=2, end=5, region=1 - alignment)
    result = BalancedRefiner(fake, judged(torch.ones(64, 64), 1.0, alignment=alignment, defects=[defect]))(
        pixels, "a dog"
    )
    assert fake.requests == []
    assert torch.equal(result.pixels, pixels)
    assert "Not tried: dog; `painter` is too weak" in result.message
    assert not result.mask.hard.any()


@pytest.mark.parametrize(
    ("mode", "holes", "stages"),
    [("auto", False, 0), ("always", False, 1), ("never", False, 0), ("auto", True, 2), ("never", True, 1)],
)
def test_stage2_runs_when_it_should(mode, holes, stages, painter, judged, with_hole):
    fake = painter(size=64)
    quality = with_hole(64, 64, (20, 20, 40, 40)) if holes else torch.ones(64, 64)
    result = BalancedRefiner(fake, judged(quality, 1.0), RefineSettings(stage2=mode))(picture(64, 64), "a dog")
    assert len(fake.requests) == len(result.decisions) == stages
    assert (result.steps["stage2"] == 10) == (mode == "always" or (mode == "auto" and holes))


@pytest.mark.parametrize(("mode", "runs"), [("auto", False), ("always", True), ("never", False)])
def test_mild_pass_of_a_backend_that_harms_good_pixels_runs_only_if_asked_for(mode, runs, painter, judged, with_hole):
    fake, pixels = painter(size=64), picture(64, 64)
    fake.mild_pass = False
    refiner = BalancedRefiner(
        fake, judged(with_hole(64, 64, (20, 20, 40, 40)), 1.0), RefineSettings(stage2=mode, guard=False)
    )
    result = refiner(pixels, "a dog")
    outside = result.mask.feathered == 0
    assert [d.stage for d in result.decisions] == ["stage1", "stage2"][: 1 + runs]
    assert (result.steps["stage2"] > 0) == runs
    assert torch.equal(result.pixels[..., outside], pixels[..., outside]) != runs


@pytest.mark.parametrize(
    ("mode", "harmless", "after", "told"),
    [
        ("auto", False, 1.0, True),
        ("auto", True, 1.0, False),
        ("auto", False, 0.5, False),  # no repair was kept, so no pass was due
        ("always", False, 1.0, False),
        ("never", False, 1.0, False),
    ],
)
def test_message_says_that_a_mild_pass_was_left_out(mode, harmless, after, told, painter, judged):
    fake = painter(size=64)
    fake.mild_pass = harmless
    assess = judged(two_holes()[:, :64], 1.0, after)
    result = BalancedRefiner(fake, assess, RefineSettings(stage2=mode))(picture(64, 64), "a dog")
    assert ("No mild pass over the whole picture: `painter` would harm" in result.message) == told


def test_regions_over_the_limit_are_not_touched(painter, judged):
    pixels = picture(64, 128)
    settings = RefineSettings(max_regions=1, stage2="never")
    result = BalancedRefiner(painter(), judged(two_holes(), 1.0), settings)(pixels, "a dog")
    assert result.found.skipped == 1
    assert not result.mask.hard[:, 64:].any()
    assert not result.mask.feathered[:, 64:].any()
    assert torch.equal(result.pixels[..., 64:], pixels[..., 64:])


def test_progress_tells_stage_and_steps(painter, judged, with_hole):
    heard = []
    refiner = BalancedRefiner(painter(), judged(with_hole(64, 32, (20, 10, 30, 20)), 1.0), RefineSettings(steps=4))
    refiner(picture(64, 32), "a dog", on_progress=lambda *news: heard.append(news))
    assert heard == [("stage1", 1, 2), ("stage1", 2, 2), ("stage2", 1, 2), ("stage2", 2, 2)]


def test_input_is_never_written_to(painter, judged, with_hole):
    pixels = picture(64, 64)
    before = pixels.clone()
    BalancedRefiner(painter(), judged(with_hole(64, 64, (20, 20, 40, 40)), 1.0))(pixels, "a dog")
    assert torch.equal(pixels, before)


def test_report_can_be_written_as_json(painter, judged):
    result = BalancedRefiner(painter(), judged(two_holes(), 1.0))(picture(64, 128), "a dog", seed=3)
    written = json.loads(json.dumps(result.to_dict()))
    assert written["backend"] == "painter"
    assert written["steps"] == {"stage1": 10, "stage2": 10}
    assert len(written["seeds"]) == len(written["regions"]) == 2
    assert set(written["timings"]) == {"assess", "stage1", "stage2", "total"}


@pytest.mark.parametrize(
    ("pixels", "prompt", "seed", "message"),
    [
        (torch.zeros(2, 3, 8, 8), "a dog", 0, "one float32 image"),
        (torch.zeros(1, 3, 8, 8).double(), "a dog", 0, "float32"),
        (torch.full((1, 3, 8, 8), 2.0), "a dog", 0, "must lie in"),
        (torch.zeros(1, 3, 8, 8), " ", 0, "prompt is empty"),
        (torch.zeros(1, 3, 8, 8), "a dog", -1, "`seed`"),
        (torch.zeros(1, 3, 8, 9), "a dog", 0, "map P"),
    ],
)
def test_wrong_input_is_refused_and_named(pixels, prompt, seed, message, painter, judged):
    with pytest.raises(InputError, match=message):
        BalancedRefiner(painter(), judged(torch.ones(8, 8), 1.0))(pixels, prompt, seed=seed)


def test_example_of_the_readme_runs(capsys):
    examples = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    expected = re.findall(r"```text\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len(examples) == len(expected) == 1
    exec(compile(examples[0], str(README), "exec"), {})
    assert capsys.readouterr().out == expected[0]


@pytest.mark.parametrize(("value", "guard", "changed"), [(0.51, True, True), (0.7, True, False), (0.7, False, True)])
def test_mild_pass_that_shifts_colours_is_dropped_whatever_the_scores_say(value, guard, changed, painter, judged):
    rising = judged(torch.ones(64, 64), 1.0, 1.5)
    settings = RefineSettings(stage2="always", guard=guard)
    result = BalancedRefiner(painter(value=value, size=64), rising, settings)(torch.full((1, 3, 64, 64), 0.5), "a dog")
    assert result.changed == changed
    assert result.decisions[-1].kept == changed
    assert changed or "shifts colours by 0.200" in result.decisions[-1].reason

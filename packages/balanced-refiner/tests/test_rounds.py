"""Rounds, with an assessor that sees what the backend painted: quality is nearness to gray."""

from __future__ import annotations

import json

import pytest
import torch

from balanced_refiner import BalancedRefiner, Cancelled, MaskSettings, RefineSettings
from balanced_refiner.rounds import keep_locked
from grefine_core import Defect, Emphasis

PROMPT = "a red dog"


def gray_hole(height=64, width=96):
    pixels = torch.full((1, 3, height, width), 0.5)
    pixels[..., 20:40, 20:50] = 1.0
    return pixels


@pytest.fixture
def gray(assessment):
    """Measure quality as nearness to gray; remember the pictures."""

    def assess(pixels, prompt):
        assess.calls.append(pixels.clone())
        quality = (1 - 2 * (pixels[0].mean(0) - 0.5).abs()).clamp(0, 1)
        return assessment(quality, p=float(quality.mean()), a=0.9)

    assess.calls = []
    return assess


@pytest.fixture
def halving(painter):
    """Return a backend that brings what it repaints half the way to a level, and leaves the rest."""

    class Halving(painter):
        def __init__(self, level=0.5, share=0.5):
            super().__init__(size=64)
            self.level, self.part = level, share

        def inpaint(self, request, *, on_step=None):
            super().inpaint(request, on_step=on_step)
            moved = request.images + self.part * (self.level - request.images)
            return torch.where(request.masks > 0, moved, request.images)

    return Halving


def settings(rounds, **more):
    return RefineSettings(rounds=rounds, stage2="never", mask=MaskSettings(tau=0.2, mode="fixed"), **more)


def test_rounds_go_on_until_nothing_is_left(gray, halving):
    result = BalancedRefiner(halving(), gray, settings(9))(gray_hole(), PROMPT)
    assert result.stopped == "clear"
    assert [done.number for done in result.rounds] == [1, 2, 3]  # deficits 1, 0.5, 0.25, then 0.125
    assert [decision.round for decision in result.decisions] == [1, 2, 3]
    assert "in 3 rounds" in result.message


def test_rounds_end_at_their_limit(gray, halving):
    result = BalancedRefiner(halving(), gray, settings(2))(gray_hole(), PROMPT)
    assert (result.stopped, len(result.rounds)) == ("limit", 2)


def test_rounds_end_where_nothing_was_kept(assessment, halving):
    falling = iter([0.5, 0.4, 0.3])

    def assess(pixels, prompt):
        quality = torch.ones(64, 96)
        quality[20:40, 20:50] = 0.0
        return assessment(quality, p=next(falling))

    result = BalancedRefiner(halving(), assess, settings(9))(gray_hole(), PROMPT)
    assert (result.stopped, len(result.rounds), result.rounds[0].kept) == ("unimproved", 1, 0)
    assert not result.changed


def test_good_picture_is_one_round_that_found_nothing(gray, halving):
    result = BalancedRefiner(halving(), gray, settings(9))(torch.full((1, 3, 40, 40), 0.5), PROMPT)
    assert (result.stopped, len(result.rounds), len(gray.calls)) == ("clear", 1, 1)
    assert result.rounds[0].found.regions == ()


def test_each_round_starts_from_what_the_last_one_kept(gray, halving):
    fake = halving()
    BalancedRefiner(fake, gray, settings(2))(gray_hole(), PROMPT)
    assert [float(request.images.max()) for request in fake.requests] == [1.0, pytest.approx(0.75, abs=0.02)]


def test_rounds_have_seeds_of_their_own(gray, halving):
    result = BalancedRefiner(halving(), gray, settings(3))(gray_hole(), PROMPT, seed=3)
    assert len({seed for done in result.rounds for seed in done.seeds}) == 3
    assert result.seeds == result.rounds[0].seeds


def test_rounds_without_the_guard_are_measured_once_each(gray, halving):
    result = BalancedRefiner(halving(), gray, settings(2, guard=False))(gray_hole(), PROMPT)
    assert len(result.rounds) == 2
    assert len(gray.calls) == 3
    assert torch.equal(gray.calls[-1], result.pixels)


def test_mask_of_the_result_covers_all_rounds(gray, halving):
    pixels = gray_hole()
    result = BalancedRefiner(halving(), gray, settings(9))(pixels, PROMPT)
    hard = torch.stack([done.mask.hard for done in result.rounds]).any(0)
    assert torch.equal(result.mask.hard, hard)
    assert torch.equal(result.pixels[..., ~hard], pixels[..., ~hard])


def test_mask_of_the_result_covers_a_defect_that_a_later_round_found(assessment, painter):
    calls = []

    def assess(pixels, prompt):
        quality = torch.ones(64, 96)
        if calls:
            quality[40:60, 60:90] = 0.0
        else:
            quality[4:24, 4:34] = 0.0
        calls.append(1)
        return assessment(quality)

    pixels = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    result = BalancedRefiner(painter(value=None), assess, settings(2))(pixels, PROMPT)
    assert (result.mask.feathered[4:24, 4:34] > 0).all()
    assert (result.mask.feathered[40:60, 60:90] > 0).all()
    assert (result.mask.share[40:60, 60:90] == 1).all()
    assert torch.equal(result.pixels[..., result.mask.feathered == 0], pixels[..., result.mask.feathered == 0])


def test_phrase_that_fails_again_is_emphasised_more(assessment, painter, with_hole):
    alignment = with_hole(64, 64, (20, 20, 40, 40))
    defect = Defect(phrase="red dog", kind="missing", start=2, end=9, region=1 - alignment)
    emphasis = Emphasis(text="red dog", start=2, end=9, weight=1.1)

    def assess(pixels, prompt):
        return assessment(torch.ones(64, 64), alignment, defects=[defect], emphases=[emphasis])

    fake = painter(size=64)
    result = BalancedRefiner(fake, assess, RefineSettings(rounds=3))(torch.rand(1, 3, 64, 64), PROMPT)
    assert [request.emphases[0][0].weight for request in fake.requests] == [1.1, 1.2, 1.3, 1.3]  # the last is stage 2
    assert result.before.emphases == (emphasis,)


def test_mild_pass_runs_once_after_the_last_round(gray, halving):
    fake = halving()
    chosen = RefineSettings(rounds=2, mask=MaskSettings(tau=0.2, mode="fixed"))
    result = BalancedRefiner(fake, gray, chosen)(gray_hole(64, 64), PROMPT)
    assert [(d.stage, d.round) for d in result.decisions] == [("stage1", 1), ("stage1", 2), ("stage2", 2)]


@pytest.mark.parametrize("seed", range(8))
def test_guarded_rounds_never_cost_more_than_the_tolerance(seed, assessment, painter):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 1, 5, 5, generator=generator)
    quality = torch.nn.functional.interpolate(coarse, (50, 70), mode="bilinear")[0, 0]

    def assess(pixels, prompt):
        p, a = torch.rand(2, generator=generator).tolist()
        return assessment(quality, p=p, a=a)

    chosen = RefineSettings(rounds=4, tolerance=0.3, stage2="always")
    result = BalancedRefiner(painter(value=None), assess, chosen)(torch.rand(1, 3, 50, 70), PROMPT, seed=seed)
    before, after = (x.pq.score + x.aq.score for x in (result.before, result.after))
    assert after >= before - 0.3 - 1e-6
    assert len(result.decisions) > 1


@pytest.mark.parametrize("mode", ["otsu", "soft"])
@pytest.mark.parametrize("seed", range(6))
def test_locked_pixels_never_change(mode, seed, assessment, painter):
    generator = torch.Generator().manual_seed(seed)
    height, width = (int(n) for n in torch.randint(40, 120, (2,), generator=generator))
    pixels = torch.rand(1, 3, height, width, generator=generator)
    locked = torch.rand(1, 1, 3, 4, generator=generator) > 0.5
    locked = torch.nn.functional.interpolate(locked.float(), (height, width))[0, 0] > 0.5
    coarse = torch.rand(1, 1, 5, 5, generator=generator) * 0.5
    quality = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")[0, 0]
    chosen = RefineSettings(rounds=3, guard=False, stage2="always", delta=0.5, mask=MaskSettings(mode=mode))
    refiner = BalancedRefiner(painter(value=None), lambda *_: assessment(quality), chosen)
    result = refiner(pixels, PROMPT, seed=seed, locked=locked)
    assert len(result.rounds) == 3
    assert torch.equal(result.pixels[..., locked], pixels[..., locked])
    assert (result.pixels != pixels)[..., ~locked].any(0).any(0).float().mean() > 0.9


def test_rim_of_locked_pixels_is_blended():
    pixels, candidate = torch.zeros(1, 3, 40, 40), torch.ones(1, 3, 40, 40)
    locked = torch.zeros(40, 40, dtype=torch.bool)
    locked[:, :10] = True
    row = keep_locked(pixels, candidate, locked, 8)[0, 0, 20]
    assert (row[:10] == 0).all()
    assert (row[9:18].diff() > 0).all()
    assert (row[19:] == 1).all()


@pytest.mark.parametrize("mode", ["otsu", "soft"])
@pytest.mark.parametrize("seed", range(20))
def test_pixels_outside_the_feathered_mask_never_change(mode, seed, assessment, painter):
    generator = torch.Generator().manual_seed(seed)
    height, width = (int(n) for n in torch.randint(40, 160, (2,), generator=generator))
    if seed % 2:
        height, width = 8 * (height // 8), 8 * (width // 8)
    pixels = torch.rand(1, 3, height, width, generator=generator)
    coarse = torch.rand(1, 1, 6, 6, generator=generator)
    quality = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")[0, 0]
    chosen = RefineSettings(rounds=2, guard=False, stage2="never", mask=MaskSettings(mode=mode))
    result = BalancedRefiner(painter(value=0.0078125), lambda *_: assessment(quality), chosen)(pixels, PROMPT)
    outside = result.mask.feathered == 0
    assert outside.any()
    assert result.changed
    assert float((result.pixels - pixels)[..., outside].abs().max()) == 0


@pytest.mark.parametrize("stage", ["stage1", "stage2"])
def test_cancelling_passes_through_untouched(stage, gray, halving):
    reason = Cancelled("enough")

    def stop(name, done, total):
        if name == stage:
            raise reason

    chosen = RefineSettings(mask=MaskSettings(tau=0.2, mode="fixed"))
    with pytest.raises(Cancelled) as caught:
        BalancedRefiner(halving(), gray, chosen)(gray_hole(), PROMPT, on_progress=stop)
    assert caught.value is reason


def test_rounds_can_be_written_as_json(gray, halving):
    result = BalancedRefiner(halving(), gray, settings(9))(gray_hole(), PROMPT)
    told = json.loads(json.dumps(result.to_dict()))
    assert told["stopped"] == "clear"
    assert [done["number"] for done in told["rounds"]] == [1, 2, 3]
    assert [done["kept"] for done in told["rounds"]] == [1, 1, 1]
    assert told["rounds"][1]["before"]["p"] > told["rounds"][0]["before"]["p"]

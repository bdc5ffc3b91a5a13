from __future__ import annotations

import pytest
import torch

from balanced_refiner import MaskSettings, RefineSettings
from grefine import GRefiner, Settings
from grefine.pipeline import refine_settings
from grefine_core import InputError


def test_score_joins_both_assessors(models, damaged_pixels) -> None:
    score = models.load(Settings()).score(damaged_pixels, "a red bicycle")
    assert score.p == pytest.approx(1 - 16 * 24 / (48 * 64))
    assert score.a == 0.4
    assert score.assessment.pq.score == score.p
    assert [(d.phrase, d.kind) for d in score.assessment.defects] == [("bicycle", "missing")]
    assert score.assessment.emphases == score.alignment.emphases


def test_refinement_heals_the_hole_and_measures_again(models, damaged_pixels) -> None:
    outcome = models.load(Settings()).refine(damaged_pixels, "a cat")
    assert outcome.refinement.changed
    assert outcome.after.p > outcome.before.p
    assert outcome.after.assessment is outcome.refinement.after
    assert outcome.before.assessment is outcome.refinement.before


def test_stage_1_leaves_pixels_outside_the_mask_alone(models, damaged_pixels) -> None:
    refinement = models.load(Settings()).refine(damaged_pixels, "a cat").refinement
    outside = refinement.mask.feathered == 0
    assert outside.any()
    assert torch.equal(refinement.stage1_pixels[0, :, outside], damaged_pixels[0, :, outside])


def test_change_for_the_worse_is_dropped(models, damaged_pixels) -> None:
    models.red = 0.0
    outcome = models.load(Settings()).refine(damaged_pixels, "a cat")
    assert not outcome.refinement.changed
    assert torch.equal(outcome.refinement.pixels, damaged_pixels)
    assert outcome.after is outcome.before


def test_change_for_the_worse_is_kept_and_measured_without_the_guard(models, damaged_pixels) -> None:
    models.red = 0.0
    outcome = models.load(Settings(guard=False)).refine(damaged_pixels, "a cat")
    assert outcome.refinement.changed
    assert outcome.after.p < outcome.before.p


def test_good_picture_comes_back_bit_for_bit(models, good_pixels) -> None:
    outcome = models.load(Settings()).refine(good_pixels, "a cat")
    assert torch.equal(outcome.refinement.pixels, good_pixels)
    assert models.seeds == []
    assert models.scored == 1


def test_details_that_were_not_kept_are_measured_again(models, damaged_pixels) -> None:
    original = models.inpaint

    def worse_at_stage2(request, *, on_step=None):
        models.red = 0.0 if bool((request.masks == 1).all()) else 1.0
        return original(request, on_step=on_step)

    models.inpaint = worse_at_stage2
    grefine = GRefiner(models.perceive, models.align, lambda: models, Settings())
    outcome = grefine.refine(damaged_pixels, "a cat")
    assert [d.kept for d in outcome.refinement.decisions] == [True, False]
    assert outcome.after.p == pytest.approx(outcome.refinement.after.pq.score)


def test_seed_of_the_call_wins_over_the_settings(models, damaged_pixels) -> None:
    grefine = models.load(Settings(seed=1))
    assert grefine.refine(damaged_pixels, "a cat").refinement.seed == 1
    assert grefine.refine(damaged_pixels, "a cat", seed=5).refinement.seed == 5


def test_progress_is_heard(models, damaged_pixels) -> None:
    heard: list[str] = []
    models.load(Settings()).refine(damaged_pixels, "a cat", on_progress=lambda stage, *_: heard.append(stage))
    assert set(heard) == {"stage1", "stage2"}


def test_diffusion_model_is_loaded_once_and_only_for_refining(models, damaged_pixels) -> None:
    loads: list[int] = []
    grefine = GRefiner(models.perceive, models.align, lambda: loads.append(1) or models)
    grefine.score(damaged_pixels, "a cat")
    assert loads == []
    grefine.refine(damaged_pixels, "a cat")
    grefine.refine(damaged_pixels, "a cat")
    assert loads == [1]


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_empty_prompt_is_refused_before_any_model_runs(prompt: str, models, good_pixels) -> None:
    grefine = models.load(Settings())
    for call in (grefine.score, grefine.refine):
        with pytest.raises(InputError, match="prompt is empty"):
            call(good_pixels, prompt)
    assert models.scored == 0


def test_defaults_are_those_of_the_refiner() -> None:
    assert refine_settings(Settings()) == RefineSettings()


def test_every_setting_of_the_refiner_is_handed_on() -> None:
    settings = Settings(
        mask="soft",
        threshold=0.7,
        min_area=0.01,
        rounds=3,
        max_regions=2,
        order="reading",
        strength=0.4,
        mild_pass="never",
        steps=8,
        guard=False,
        literal=True,
    )
    assert refine_settings(settings) == RefineSettings(
        mask=MaskSettings(mode="soft", tau=0.7, min_area=0.01),
        rounds=3,
        max_regions=2,
        order="reading",
        strength=0.4,
        stage2="never",
        steps=8,
        guard=False,
        literal=True,
    )


def test_locked_pixels_of_the_call_do_not_change(models, damaged_pixels) -> None:
    locked = torch.zeros(48, 64, dtype=torch.bool)
    locked[:, :28] = True
    outcome = models.load(Settings(mild_pass="always", guard=False)).refine(damaged_pixels, "a cat", locked=locked)
    assert outcome.refinement.changed
    assert torch.equal(outcome.refinement.pixels[..., locked], damaged_pixels[..., locked])


def test_locked_pixels_of_the_settings_do_not_change(models, damaged_pixels, save_picture) -> None:
    locked = torch.zeros(48, 64, dtype=torch.bool)
    locked[:, 28:] = True
    path = save_picture(locked.float().expand(1, 3, -1, -1), "mask.png")
    outcome = models.load(Settings(locked=str(path), guard=False)).refine(damaged_pixels, "a cat")
    assert outcome.refinement.changed
    assert torch.equal(outcome.refinement.pixels[..., locked], damaged_pixels[..., locked])

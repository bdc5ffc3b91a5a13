from __future__ import annotations

import pytest
import torch

from balanced_refiner import Refinement
from grefine import GRefiner, Settings, assessors, pipeline


@pytest.fixture
def presets(models, monkeypatch):
    """Replace what loads models, and note what is asked for."""
    asked = []
    monkeypatch.setattr(pipeline, "wrap_pipeline", lambda _, *, name: (asked.append(name), models)[1])
    monkeypatch.setattr(pipeline, "load_inpainter", lambda name, **_: (asked.append(name), models)[1])
    monkeypatch.setattr(pipeline, "load_stage2", lambda name, **_: (asked.append(f"stage 2: {name}"), models)[1])
    monkeypatch.setattr(assessors, "load_encoder", lambda *_, **__: object())
    monkeypatch.setattr(assessors, "load_parser", lambda *_: None)
    monkeypatch.setattr(assessors, "load_pairs", lambda *_: None)
    monkeypatch.setattr(assessors, "calibrate", lambda settings, *_: settings)
    monkeypatch.setattr(assessors, "AlignmentAssessor", lambda *_: models.align)
    monkeypatch.setattr(assessors, "PerceptionAssessor", lambda *_: _Perceiver(models))
    return asked


class _Perceiver:
    def __init__(self, models) -> None:
        self.assess = models.perceive


class StableDiffusionInpaintPipeline:
    """Stand in for a pipeline that a user has loaded."""


def test_refiner_is_called_like_a_function(models, damaged_pixels) -> None:
    refiner = models.load(Settings())
    result = refiner(damaged_pixels, "a red wall", seed=3)
    assert isinstance(result, Refinement)
    assert torch.equal(result.pixels, refiner.refine(damaged_pixels, "a red wall", seed=3).refinement.pixels)


def test_models_of_diffusion_are_loaded_when_they_are_needed(presets, damaged_pixels) -> None:
    refiner = GRefiner.from_preset("mini")
    refiner.score(damaged_pixels, "a red wall")
    assert presets == []
    refiner(damaged_pixels, "a red wall")
    assert presets == ["mini"]


def test_own_pipelines_take_the_place_of_both_models(presets, damaged_pixels) -> None:
    own = StableDiffusionInpaintPipeline()
    GRefiner.from_preset("mini", pipeline=own, second=own)(damaged_pixels, "a red wall")
    assert presets == ["StableDiffusionInpaintPipeline"] * 2


def test_stage_2_has_the_model_of_the_settings(presets, damaged_pixels) -> None:
    GRefiner.from_preset("mini", settings=Settings(stage2="restorer.pth"))(damaged_pixels, "a red wall")
    assert sorted(presets) == ["mini", "stage 2: restorer.pth"]


def test_preset_is_that_of_the_call_and_the_rest_of_the_settings(presets) -> None:
    settings = GRefiner.from_preset("vit-b-16", settings=Settings(preset="mini", steps=7)).settings
    assert (settings.preset, settings.steps) == ("vit-b-16", 7)

"""The real assessors and refiner around an encoder and a parser that need no weights."""

from __future__ import annotations

import pytest
import torch

import grefine
from grefine import GRefiner, Settings
from grefine_core import InputError


def test_score_has_maps_of_the_picture_s_size_and_the_prompt_s_phrases(encoder, damaged_pixels) -> None:
    score = grefine.load("mini", device="cpu").score(damaged_pixels, "red cat, blue dog")
    assert 0 <= score.p <= 1
    assert 0 <= score.a <= 1
    assert score.perception.map.shape == score.alignment.map.shape == (48, 64)
    assert [phrase.text for phrase in score.alignment.phrases] == ["red cat", "blue dog"]


def test_each_picture_is_encoded_once_for_both_assessors(encoder, damaged_pixels) -> None:
    models = GRefiner.load(Settings(device="cpu"))
    encoder.encoded = 0
    models.score(damaged_pixels, "red cat")
    assert encoder.encoded == 1
    models.score(damaged_pixels, "red cat")
    assert encoder.encoded == 2


def test_refinement_runs_through_both_stages(encoder, damaged_pixels) -> None:
    outcome = GRefiner.load(Settings(device="cpu", guard=False)).refine(damaged_pixels, "red cat, blue dog")
    assert {decision.stage for decision in outcome.refinement.decisions} == {"stage1", "stage2"}
    assert outcome.after.alignment.phrases[0].text == "red cat"


def test_literal_reaches_both_equations(encoder, damaged_pixels) -> None:
    plain = GRefiner.load(Settings(device="cpu")).refine(damaged_pixels, "red cat, blue dog")
    literal = GRefiner.load(Settings(device="cpu", literal=True)).refine(damaged_pixels, "red cat, blue dog")
    assert plain.refinement.settings.literal is False
    assert literal.refinement.settings.literal is True
    assert not torch.equal(plain.before.alignment.map, literal.before.alignment.map)


def test_unknown_preset_is_refused() -> None:
    with pytest.raises(InputError, match="Preset `huge` is not installed"):
        grefine.load("huge", device="cpu")

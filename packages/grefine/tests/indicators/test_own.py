from __future__ import annotations

import pytest
import torch

from grefine import GRefiner, Settings
from grefine.indicators.indicator import Loading
from grefine.indicators.own import SURGERY, A, OwnModels, P, SurgeryScore, load_own
from grefine_core import InputError


def test_p_and_a_are_those_of_the_assessment(loading, damaged_pixels) -> None:
    expected = loading().own().models.score(damaged_pixels, "a bicycle")
    assert load_own(P, loading()).measure(damaged_pixels, "a bicycle") == expected.p
    assert load_own(A, loading()).measure(damaged_pixels, "a bicycle") == expected.a


def test_one_picture_is_assessed_once_for_both(loading, models, good_pixels, damaged_pixels) -> None:
    both = [load_own(info, loading()) for info in (P, A)]
    for pixels, prompt in ((good_pixels, "a cat"), (damaged_pixels, "a cat"), (damaged_pixels, "a dog")):
        for indicator in both:
            indicator.measure(pixels, prompt)
    assert models.scored == 3


def test_picture_changed_in_place_is_assessed_again(loading, good_pixels) -> None:
    indicator = load_own(P, loading())
    before = indicator.measure(good_pixels, "a cat")
    good_pixels.mul_(0.5)
    assert indicator.measure(good_pixels, "a cat") < before


def test_name_tells_preset_parser_weights_and_literal(models) -> None:
    own = OwnModels(models.load(Settings(literal=True)), weights="abc")
    assert load_own(P, Loading(device="cpu", weights="", own=lambda: own)).name == "p:mini:mini:literal:abc"


def test_p_needs_no_prompt_and_a_does(loading, damaged_pixels) -> None:
    with_prompt = load_own(P, loading()).measure(damaged_pixels, "a cat")
    assert load_own(P, loading()).measure(damaged_pixels, " ") == with_prompt
    with pytest.raises(InputError, match="prompt"):
        load_own(A, loading()).measure(damaged_pixels, " ")


def test_surgery_needs_an_encoder(loading, good_pixels) -> None:
    with pytest.raises(InputError, match="`clip-surgery` needs an encoder"):
        load_own(SURGERY, loading()).measure(good_pixels, "a cat")


def test_surgery_number_is_the_mean_of_its_map_of_eq_5() -> None:
    own = OwnModels(GRefiner.load(Settings(device="cpu")))
    indicator = SurgeryScore(info=SURGERY, models=own)
    pixels = torch.rand(1, 3, 80, 120, generator=torch.Generator().manual_seed(1))
    matches = own.models.align.matcher(pixels, ["a red cat"])
    assert indicator.measure(pixels, "a (red cat:1.3)") == pytest.approx(float(matches.grids[0].mean()))
    found = indicator.map(pixels, "a red cat")
    assert found.map.shape == (80, 120)
    assert found.score == pytest.approx(float(found.map.mean()), abs=0.02)

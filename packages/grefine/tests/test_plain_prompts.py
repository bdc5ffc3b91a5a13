from __future__ import annotations

import pytest
import torch

from balanced_refiner import Inpainter, InpaintRequest
from grefine import GRefiner, Settings
from grefine.plain_prompts import PlainPrompts
from grefine.report import build_regions
from grefine_core import Emphasis, InputError

WRITTEN = "(red hair:1.3) girl, <lora:x:0.8> --ar 16:9"
PLAIN = "red hair girl"


class Listener:
    """An inpainter that remembers what it is asked and changes nothing."""

    name, working_size, max_strength, mild_pass = "listener", 32, 0.7, False

    def __init__(self) -> None:
        self.requests: list[InpaintRequest] = []

    def inpaint(self, request, *, on_step=None):
        self.requests.append(request)
        if on_step is not None:
            on_step(1, 1)
        return request.images


def ask(*prompts: str, emphases=()) -> InpaintRequest:
    return InpaintRequest(
        images=torch.full((len(prompts), 3, 32, 32), 0.5),
        strengths=torch.full((len(prompts), 1, 32, 32), 0.5),
        prompts=list(prompts),
        emphases=[emphases] * len(prompts),
        seeds=[0] * len(prompts),
        steps=2,
    )


def weighed(emphases) -> list[tuple[str, float]]:
    return [(one.text, one.weight) for one in emphases]


def test_prompt_of_the_user_arrives_without_its_syntax_and_with_its_weights() -> None:
    real = Listener()
    PlainPrompts(real, WRITTEN).inpaint(ask(WRITTEN))
    assert real.requests[0].prompts == [PLAIN]
    (emphasis,) = real.requests[0].emphases[0]
    assert (emphasis.text, emphasis.weight) == ("red hair", 1.3)
    assert PLAIN[emphasis.start : emphasis.end] == "red hair"


def test_failing_phrase_weighs_what_equation_7_says_in_the_plain_text() -> None:
    real, start = Listener(), WRITTEN.index("girl")
    PlainPrompts(real, WRITTEN).inpaint(
        ask(WRITTEN, emphases=[Emphasis(text="girl", start=start, end=start + 4, weight=1.1)])
    )
    assert weighed(real.requests[0].emphases[0]) == [("red hair", 1.3), ("girl", 1.1)]


def test_phrase_of_its_own_is_passed_on_as_it_is() -> None:
    real, own = Listener(), (Emphasis(text="hair (long)", start=0, end=11, weight=1.1),)
    PlainPrompts(real, WRITTEN).inpaint(ask("hair (long)", emphases=own))
    assert real.requests[0].prompts == ["hair (long)"]
    assert real.requests[0].emphases == [own]


def test_phrase_before_the_prompt_keeps_its_place_and_the_prompt_becomes_plain() -> None:
    real, before = Listener(), "red hair, "
    own = (
        Emphasis(text="red hair", start=0, end=8, weight=1.4),
        Emphasis(text="girl", start=len(before) + WRITTEN.index("girl"), end=len(before) + 19, weight=1.1),
    )
    PlainPrompts(real, WRITTEN).inpaint(ask(before + WRITTEN, emphases=own))
    (text,), (emphases,) = real.requests[0].prompts, real.requests[0].emphases
    assert text == before + PLAIN
    assert weighed(emphases) == [("red hair", 1.4), ("red hair", 1.3), ("girl", 1.1)]
    assert [text[one.start : one.end] for one in emphases] == ["red hair", "red hair", "girl"]


def test_what_the_model_says_of_itself_is_passed_on() -> None:
    plain = PlainPrompts(Listener(), WRITTEN)
    assert isinstance(plain, Inpainter)
    assert (plain.name, plain.working_size, plain.max_strength, plain.mild_pass) == ("listener", 32, 0.7, False)
    heard: list[tuple[int, int]] = []
    assert plain.inpaint(ask(WRITTEN), on_step=lambda *step: heard.append(step)).shape == (1, 3, 32, 32)
    assert heard == [(1, 1)]


def test_prompt_that_says_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="no words"):
        PlainPrompts(Listener(), "<lora:x:0.8>")


def test_refinement_asks_in_plain_words_and_reports_in_those_of_the_user(models, damaged_pixels) -> None:
    models.absent, real = "hair", Listener()
    grefine = GRefiner(models.perceive, models.align, lambda: real, Settings(guard=False))
    outcome = grefine.refine(damaged_pixels, WRITTEN)
    assert {text for request in real.requests for text in request.prompts} == {PLAIN}
    assert {tuple(weighed(one)) for request in real.requests for one in request.emphases} == {
        (("red", 1.3), ("hair", 1.1))  # the stand-in of the assessor knows no weight of the user
    }
    (region,) = build_regions(outcome)["regions"]
    assert region["prompt"] == WRITTEN
    (emphasis,) = region["emphases"]
    assert WRITTEN[emphasis["start"] : emphasis["end"]] == "hair"


def test_span_of_a_missing_object_refers_to_the_text_of_the_user(models, damaged_pixels) -> None:
    from dataclasses import replace

    models.absent, real = "hair", Listener()
    where = torch.zeros(1, 24, 32)
    where[0, :12, :16] = 1

    def align(pixels, prompt):
        return replace(models.align(pixels, prompt), noun_grids=where, phrase_grids=where)

    healthy = damaged_pixels.clone()
    healthy[:, 0] = 1
    outcome = GRefiner(models.perceive, align, lambda: real, Settings(guard=False)).refine(healthy, WRITTEN)
    missing = [one for one in build_regions(outcome)["regions"] if one["kind"] == "missing"]
    assert [WRITTEN[slice(*one["span"])] for one in missing] == ["hair"]
    assert [one["prompt"] for one in missing] == ["hair"]
    assert "hair" in real.requests[0].prompts

"""Many images and prompts at once: the same numbers as alone, and nothing encoded twice."""

from __future__ import annotations

import json

import pytest
import torch

from aqmap.alignment import AlignmentAssessor
from aqmap.results import ALIGNMENT_COLUMNS
from aqmap.settings import AlignmentSettings
from grefine_core import InputError

PIXELS = torch.rand(3, 40, 20)
PROMPT = "a red cat on a hat"


class Ruler:
    """A scorer that measures the mean of the picture, and counts."""

    name = "ruler"

    def __init__(self) -> None:
        self.prepared, self.prompts = 0, []

    def prepare(self, pixels: torch.Tensor) -> torch.Tensor:
        self.prepared += 1
        return pixels[0]

    def parts(self, prompts):
        return [2 for _ in prompts]

    def score(self, pixels, prompts) -> torch.Tensor:
        self.prompts += prompts
        return torch.stack([one.mean() for one in pixels])


def test_batch_gives_what_each_pair_gives_alone(assessor) -> None:
    images = [PIXELS, torch.rand(3, 16, 16), PIXELS]
    prompts = [PROMPT, "cat", "cat on a mat asleep"]
    together = assessor.assess_all(images, prompts, batch_size=2)
    alone = [assessor(image, prompt) for image, prompt in zip(images, prompts, strict=True)]
    assert [result.row() for result in together] == [result.row() for result in alone]
    assert [result.map.shape for result in together] == [(40, 20), (16, 16), (40, 20)]


def test_image_with_several_prompts_is_encoded_once(assessor, planted) -> None:
    assessor.assess_all([PIXELS] * 3, [PROMPT, "cat", "cat"])
    assert planted.image_calls == 1
    assert planted.text_calls == [[""], [PROMPT, "cat", "red cat", "hat", "on hat"], ["cat"]]


def test_one_prompt_serves_all_images(assessor) -> None:
    assert [result.prompt.original for result in assessor.assess_all([PIXELS] * 2, "cat")] == ["cat", "cat"]


@pytest.mark.parametrize(
    ("prompts", "options", "message"),
    [
        (["cat"], {}, "2 images need as many prompts"),
        (["cat", " "], {}, "empty"),
        ("cat", {"batch_size": 0}, "batch_size"),
        ("cat", {"negatives": ["dog"]}, "1 negatives"),
    ],
)
def test_bad_batch_is_refused_before_anything_is_encoded(assessor, planted, prompts, options, message) -> None:
    with pytest.raises(InputError, match=message):
        assessor.assess_all([PIXELS, PIXELS], prompts, **options)
    assert planted.image_calls == 0


def test_pictures_of_two_sizes_are_no_batch(assessor) -> None:
    pairs = [(assessor.prepare(torch.rand(3, 8, side)), assessor.read("cat")) for side in (8, 16)]
    with pytest.raises(InputError, match="one prepared size"):
        assessor.assess_prepared(pairs)


def test_own_scorer_gives_the_prompt_s_score(planted, parser) -> None:
    ruler = Ruler()
    assess = AlignmentAssessor(planted, parser, scorer=ruler)
    result = assess(PIXELS, "cat")
    assert result.prompt_score == pytest.approx(float(PIXELS.mean()))
    assert (result.scorer, result.prompt_parts, ruler.prompts) == ("ruler", 2, ["cat"])
    assert any("2 parts" in warning for warning in result.warnings)
    with pytest.raises(InputError, match="prepared without the scorer"):
        assess.assess_prepared([(AlignmentAssessor(planted, parser).prepare(PIXELS), assess.read("cat"))])


def test_temperature_of_the_settings_replaces_the_encoder_s(planted, parser) -> None:
    cold = AlignmentAssessor(planted, parser, AlignmentSettings(temperature=1.0))(PIXELS, "cat")
    assert cold.score == pytest.approx(1 / (1 + 2.718281828**-0.2))  # 0.8 - 0.6 of the cat


def test_row_has_the_columns_in_order(assessor) -> None:
    row = assessor(PIXELS, PROMPT).row()
    assert tuple(row) == ALIGNMENT_COLUMNS
    assert (row["missing"], row["attribute"], row["phrases"], row["width"]) == ("on hat", "red cat", 2, 20)


def test_what_is_not_wanted_is_looked_for_and_does_not_enter_the_score(assessor) -> None:
    plain, warned = assessor(PIXELS, PROMPT), assessor(PIXELS, PROMPT, negative="cat, dog")
    assert [(one.text, one.seen) for one in warned.unwanted] == [("cat", True), ("dog", False)]
    assert warned.score == plain.score
    assert warned.row()["unwanted"] == "cat"
    assert json.loads(json.dumps(warned.to_json()))["negative"] == "cat, dog"


def test_phrases_that_cannot_be_judged_neither_lower_the_score_nor_ask_for_a_repair(planted, written) -> None:
    parser = written({"cat without dog": "cat/NOUN/-/root without/ADP/2/case dog/NOUN/0/nmod"})
    result = AlignmentAssessor(planted, parser)(PIXELS, "cat without dog")
    assert [phrase.verdict for phrase in result.phrases] == ["ok", "not judged"]
    assert result.phrases[1].reason == "negation"
    assert result.score == result.prompt_score
    assert (result.defects, result.emphases, result.coverage) == ((), (), 0.5)


@pytest.mark.parametrize(("word", "tag", "region"), [("two", "NUM/1/nummod", 0), ("no", "DET/1/det", 1)])
def test_noun_that_is_counted_is_there_to_draw_on_and_one_that_is_denied_is_not(
    planted, written, word: str, tag: str, region: int
) -> None:
    prompt = f"{word} cat on hat"
    parser = written({prompt: f"{word}/{tag} cat/NOUN/-/root on/ADP/3/case hat/NOUN/1/nmod"})
    result = AlignmentAssessor(planted, parser)(torch.rand(3, 20, 20), prompt)
    assert [phrase.verdict for phrase in result.phrases] == ["not judged", "missing"]
    assert result.regions == (None, region)


def test_unwanted_phrase_has_the_lower_score_of_its_noun_and_its_own(planted, written) -> None:
    parser = written({"dog": "dog/NOUN/-/root", "red cat": "red/ADJ/1/amod cat/NOUN/-/root"})
    assess = AlignmentAssessor(planted, parser)
    wanted = assess(torch.rand(3, 20, 20), "red cat").phrases[0]
    (unwanted,) = assess(torch.rand(3, 20, 20), "dog", negative="red cat").unwanted
    assert wanted.phrase_score < wanted.noun_score
    assert unwanted.score == pytest.approx(wanted.phrase_score)

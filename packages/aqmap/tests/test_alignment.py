from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from aqmap.alignment import AlignmentAssessor, alignment_score
from aqmap.parsing.parser import PARSERS
from aqmap.presets import load
from aqmap.settings import AlignmentSettings
from grefine_core import Assessment, InputError, from_pil, preset_entries, to_pil, tokens_to_map
from grefine_core.encoder import ENCODERS

PROMPT = "a red cat on a hat"
PIXELS = torch.rand(3, 40, 20)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


CAT, RED_CAT, HAT = sigmoid(2), sigmoid(8 / math.sqrt(2) - 6), sigmoid(-6)
WHOLE = sigmoid(8 / math.sqrt(12) - 6)
"""Three words point aside, one each to red, cat and hat: 1 / sqrt(9 + 3) of the text is the cat."""
CAT_MAP = tokens_to_map(torch.tensor([[[sigmoid(10)], [sigmoid(-10)]]]), (40, 20))[0]
HAT_MAP = tokens_to_map(torch.tensor([[[0.5], [sigmoid(-10)]]]), (40, 20))[0]


def test_score_is_the_prompt_lowered_by_weak_phrases() -> None:
    assert alignment_score(0.8, torch.tensor([0.25, 0.5, 0.9]), beta=0.5) == pytest.approx(0.4)


def test_score_without_phrases_is_the_prompt() -> None:
    assert alignment_score(0.8, torch.zeros(0)) == pytest.approx(0.8)


def test_phrases_have_the_scores_worked_by_hand(assessor) -> None:
    cat, hat = assessor(PIXELS, PROMPT).phrases
    assert (cat.text, cat.noun, cat.verdict, cat.ancestor) == ("red cat", "cat", "attribute", 0)
    assert (hat.text, hat.noun, hat.verdict, hat.ancestor) == ("on hat", "hat", "missing", 0)
    assert [cat.noun_score, cat.phrase_score] == pytest.approx([CAT, RED_CAT])
    assert [hat.noun_score, hat.phrase_score] == pytest.approx([HAT, HAT])


def test_score_is_equation_8(assessor) -> None:
    result = assessor(PIXELS, PROMPT)
    assert result.prompt_score == pytest.approx(WHOLE)
    assert result.score == pytest.approx(WHOLE * (RED_CAT / 0.5) * (HAT / 0.5))


def test_beta_is_the_bound_of_the_phrases(planted, parser) -> None:
    result = AlignmentAssessor(planted, parser, AlignmentSettings(beta=1.0))(PIXELS, PROMPT)
    assert result.score == pytest.approx(WHOLE * RED_CAT * HAT)


def test_both_defects_lie_on_the_cat(assessor) -> None:
    result = assessor(PIXELS, PROMPT)
    assert result.regions == (0, 0)
    assert result.map.shape == (40, 20)
    assert torch.allclose(result.map, 1 - CAT_MAP, atol=1e-6)
    assert result.map[0].max() < 0.01
    assert result.map[-1].min() > 0.99


def test_literal_map_multiplies_the_regions_as_printed(planted, parser) -> None:
    result = AlignmentAssessor(planted, parser, AlignmentSettings(literal=True))(PIXELS, PROMPT)
    assert result.regions == (0, 1)
    assert torch.allclose(result.map, CAT_MAP * HAT_MAP, atol=1e-6)


def test_literal_product_counts_a_region_as_often_as_it_fails(plant, towards, parser, planted) -> None:
    encoder = plant(towards(cat=0.7, mat=0.7), planted.features.patches[0])
    result = AlignmentAssessor(encoder, parser, AlignmentSettings(literal=True))(PIXELS, "red cat on red mat")
    assert ([phrase.verdict for phrase in result.phrases], result.regions) == (["attribute"] * 2, (0, 0))
    assert torch.allclose(result.map, CAT_MAP**2, atol=1e-6)


def test_spans_leave_out_the_words_of_other_phrases(assessor) -> None:
    text = "cat on a mat asleep"
    cat, mat = assessor(PIXELS, text).phrases
    assert [text[start:end] for start, end in cat.spans] == ["cat", "asleep"]
    assert [text[start:end] for start, end in mat.spans] == ["on a mat"]


def test_image_that_shows_the_prompt_has_no_defect(assessor) -> None:
    result = assessor(PIXELS, "cat")
    assert torch.equal(result.map, torch.ones(40, 20))
    assert (result.defects, result.emphases, result.emphasised) == ((), (), "cat")
    assert result.score == pytest.approx(CAT)


def test_missing_phrase_without_present_ancestor_has_its_own_region(assessor) -> None:
    result = assessor(PIXELS, "cat BREAK dog")
    assert result.regions == (None, 1)


def test_failing_phrases_are_emphasised_where_the_user_wrote_them(assessor) -> None:
    result = assessor(PIXELS, "a (red:1.2) cat on a hat")
    assert [(item.text, item.weight) for item in result.emphases] == [("red", 1.3), ("cat", 1.1), ("on a hat", 1.1)]
    assert result.emphasised == "a (red:1.3) (cat:1.1) (on a hat:1.1)"
    assert [item.weight for item in result.emphasise(2)] == [1.4, 1.2, 1.2]


def test_result_fits_the_records_of_the_refiner(assessor) -> None:
    result = assessor(PIXELS, PROMPT)
    joined = Assessment(pq=result.quality, aq=result.quality, defects=result.defects, emphases=result.emphases)
    assert [(defect.phrase, defect.kind) for defect in joined.defects] == [
        ("red cat", "attribute"),
        ("on hat", "missing"),
    ]
    assert [PROMPT[defect.start : defect.end] for defect in joined.defects] == ["red cat", "on a hat"]
    assert torch.allclose(joined.defects[1].region, CAT_MAP, atol=1e-6)


def test_image_is_encoded_once_and_texts_in_one_batch(assessor, planted) -> None:
    assessor(PIXELS, PROMPT)
    assert planted.image_calls == 1
    assert planted.text_calls == [[""], [PROMPT, "cat", "red cat", "hat", "on hat"]]


def test_long_prompt_is_averaged_and_says_so(assessor, planted) -> None:
    planted.context_length = 5
    result = assessor(PIXELS, PROMPT)
    assert result.prompt_parts == 2
    assert any("average over 2 parts" in warning for warning in result.warnings)


def test_json_tells_all_but_the_maps(assessor) -> None:
    result = assessor(PIXELS, PROMPT)
    told = json.loads(json.dumps(result.to_json()))
    assert told["phrases"][1]["spans"] == [[10, 18]]
    assert (told["score"], told["height"], told["width"]) == (result.score, 40, 20)
    assert told["emphasised"] == "a (red cat:1.1) (on a hat:1.1)"


def test_every_kind_of_image_gives_the_same(assessor, tmp_path: Path) -> None:
    image = to_pil(PIXELS)
    image.save(tmp_path / "a.png")
    kinds = [image, from_pil(image), from_pil(image).pixels, tmp_path / "a.png", str(tmp_path / "a.png")]
    assert {assessor(kind, PROMPT).map.shape for kind in kinds} == {(40, 20)}
    assert len({assessor(kind, PROMPT).score for kind in kinds}) == 1


def test_phrase_maps_have_the_size_of_the_image(assessor) -> None:
    result = assessor(PIXELS, PROMPT)
    assert torch.allclose(result.phrase_map(0), CAT_MAP, atol=1e-6)
    assert result.phrase_map(1, of="phrase").shape == (40, 20)


@pytest.mark.parametrize(
    ("image", "prompt", "message"),
    [
        (PIXELS, " ", "empty"),
        (PIXELS, "--ar 16:9", "no words left"),
        (PIXELS, "a" * 20_001, "at most 20000"),
        (PIXELS * 255, "cat", r"\[0, 1\]"),
        (torch.rand(2, 3, 8, 8), "cat", "One image"),
        ("no-such-file.png", "cat", "does not exist"),
        (7, "cat", "got int"),
    ],
)
def test_bad_input_is_refused_before_anything_is_encoded(assessor, planted, image, prompt: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        assessor(image, prompt)
    assert planted.image_calls == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [({"a_bound": 1.1}, "a_bound"), ({"beta": 0}, "beta"), ({"templates": ("a photo",)}, "template")],
)
def test_settings_out_of_range_are_refused(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        AlignmentSettings(**options)


@pytest.fixture(scope="module")
def mini() -> AlignmentAssessor:
    if not all("mini" in preset_entries(group) for group in (ENCODERS, PARSERS)):
        pytest.skip("grefine-mini is not installed")
    return load("mini", device="cpu")


@pytest.mark.parametrize("prompt", ["a (red:1.3) cat, masterpiece --ar 1:1", "🐱", "一只猫", "very big", "word " * 600])
def test_mini_preset_takes_any_prompt(mini: AlignmentAssessor, prompt: str) -> None:
    result = mini(torch.rand(3, 48, 80), prompt)
    assert 0 <= result.score <= 1
    assert result.map.shape == (48, 80)
    assert result.map.isfinite().all()

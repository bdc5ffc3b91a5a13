from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from grefine_core import InputError, WeightsError
from pqmap import FACTORS, TextPairs, pairs_from_words
from pqmap.dimensions import DEFAULT_WORDS, load_dimensions, pair_names, read_dimensions

OWN = '[sharpness]\npositive = "sharp"\nnegative = "blurry"\n[colour]\nnegative = "dull"\npositive = "vivid"\n'


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        path = tmp_path / "own.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_pairs_come_by_name_positive_first(write: Any) -> None:
    assert list(read_dimensions(write(OWN)).items()) == [
        ("sharpness", ("sharp", "blurry")),
        ("colour", ("vivid", "dull")),
    ]


def test_four_factors_come_in_their_order(write: Any) -> None:
    text = "".join(f'[{name}]\npositive = "a {name}"\nnegative = "b"\n' for name in reversed(FACTORS))
    assert tuple(read_dimensions(write(text))) == FACTORS


def ends(positive: str = '"sharp"', negative: str = '"blurry"', *, name: str = "sharpness", more: str = "") -> str:
    return f"[{name}]\npositive = {positive}\nnegative = {negative}\n{more}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "own.toml names no dimension"),
        ("[sharpness", "own.toml is not valid TOML"),
        ('sharpness = "sharp"', r"`sharpness` must be a table \[sharpness\]"),
        ('[sharpness]\npositive = "sharp"', r"`negative` of \[sharpness\] must be a text, got 'nothing'"),
        (ends("3"), r"`positive` of \[sharpness\] must be a text, got 3"),
        (ends('" "'), r"`positive` of \[sharpness\] must be a text, got ' '"),
        (ends('"blurry"'), r"both ends of \[sharpness\] say `blurry`"),
        (ends(more="wieght = 2"), r"\[sharpness\] has the unknown key `wieght`"),
        (ends(name='"two words"'), r"the name \[two words\] must start with a letter"),
        (ends(name="band"), r"\[band\] is a column already"),
        (ends(name="overall"), r"\[overall\] is the name of a factor; .* names all four and nothing else"),
    ],
)
def test_wrong_file_is_refused_by_key_and_rule(text: str, message: str, write: Any) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_dimensions(write(text))
    assert "own.toml" in str(caught.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml cannot be read: No such file"):
        read_dimensions(tmp_path / "none.toml")


def test_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"own\.toml is not valid TOML"):
        read_dimensions(tmp_path / "own.toml")


def test_words_and_fitted_pairs_are_both_dimensions(write: Any, encoder: Any, tmp_path: Path) -> None:
    words = load_dimensions(write(OWN), encoder=encoder, temperature=4.0)
    assert (words.names, words.temperature) == (("sharpness", "colour"), 4.0)
    fitted = load_dimensions(words.save(tmp_path / "own.safetensors"), encoder=encoder)
    assert torch.equal(fitted.embeddings, words.embeddings)


def test_factors_are_no_own_dimensions(write: Any, encoder: Any, pairs: TextPairs, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pairs\.safetensors: `overall` is a column already"):
        load_dimensions(pairs.save(tmp_path / "pairs.safetensors"), encoder=encoder)


def test_dimensions_of_another_encoder_are_refused(write: Any, encoder: Any, make_encoder: Any, tmp_path: Path) -> None:
    file = load_dimensions(write(OWN), encoder=encoder).save(tmp_path / "own.safetensors")
    with pytest.raises(WeightsError, match="not `tiny-2`"):
        load_dimensions(file, encoder=make_encoder("tiny-2"))


def test_default_words_are_the_four_factors(encoder: Any) -> None:
    assert tuple(DEFAULT_WORDS) == FACTORS
    assert pairs_from_words(encoder, DEFAULT_WORDS).names == FACTORS


def test_names_are_read_from_words_and_from_fitted_pairs_alike(encoder: Any, tmp_path: Path) -> None:
    words = tmp_path / "own.toml"
    words.write_text('[sharpness]\npositive = "sharp"\nnegative = "blurry"\n', encoding="utf-8")
    fitted = load_dimensions(words, encoder=encoder).save(tmp_path / "own.safetensors")
    assert pair_names(words) == pair_names(fitted) == ("sharpness",)

from __future__ import annotations

import pytest

from aqmap.reading import read_prompts
from aqmap.remarks import find_remarks

TREES = {
    "three cats without hats": "three/NUM/1/nummod cats/NOUN/-/root without/ADP/3/case hats/NOUN/1/nmod",
    "a cat": "a/DET/1/det cat/NOUN/-/root",
    "猫": "猫/NOUN/-/root",
    "masterpiece": "masterpiece/NOUN/-/root",
}


@pytest.fixture
def remarks(written):
    def find(prompt: str, parts: int = 1) -> tuple[str, ...]:
        (reading,) = read_prompts([prompt], written(TREES))
        return find_remarks(reading, parts=parts)

    return find


def test_limits_of_the_models_are_said(remarks) -> None:
    found = remarks("three cats without hats", parts=3)
    assert ["3 parts" in found[0], "without hats." in found[1], "three cats." in found[2]] == [True] * 3


def test_plain_prompt_has_no_remark(remarks) -> None:
    assert remarks("a cat") == ()


def test_words_of_praise_are_remarked(remarks) -> None:
    (remark,) = remarks("a cat, masterpiece")
    assert remark.endswith("nothing to be seen: masterpiece.")


def test_other_scripts_are_remarked(remarks) -> None:
    (remark,) = remarks("猫")
    assert "English" in remark

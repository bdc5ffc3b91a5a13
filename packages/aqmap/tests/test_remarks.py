from __future__ import annotations

from aqmap.prompts.prompt import normalise
from aqmap.remarks import find_remarks


def test_limits_of_the_models_are_said(grow) -> None:
    tree = grow("three/NUM/1/nummod cats/NOUN/-/root without/ADP/3/case hats/NOUN/1/nmod")
    remarks = find_remarks(normalise("three cats without hats"), tree, parts=3)
    assert ["3 parts" in remarks[0], "`without`" in remarks[1], "`three`" in remarks[2]] == [True] * 3


def test_plain_prompt_has_no_remark(grow) -> None:
    assert find_remarks(normalise("a cat"), grow("a/DET/1/det cat/NOUN/-/root"), parts=1) == ()


def test_other_scripts_are_remarked(grow) -> None:
    (remark,) = find_remarks(normalise("猫"), grow("猫/NOUN/-/root"), parts=1)
    assert "English" in remark

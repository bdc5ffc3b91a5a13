from __future__ import annotations

import pytest

from grefine.tables.options import read_pairs
from grefine_core import InputError


def test_additions_are_told_apart(options) -> None:
    chosen = options(also=("real-esrgan", "brisque", "pyiqa:niqe"))
    assert chosen.also_optimizers() == ["real-esrgan"]
    assert chosen.also_indicators() == ["brisque", "pyiqa:niqe"]


def test_only_leaves_the_original_in(options) -> None:
    chosen = options(only=("ours", "p"))
    assert [chosen.asked(key) for key in ("ours", "p", "original", "sd")] == [True, True, True, False]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"also": ("magic",)}, "`magic` is neither an optimizer nor an indicator; known are original"),
        ({"weights": {"magic": "x"}}, "`magic` is neither"),
        ({"commands": {"p": "run"}}, "`p` is no optimizer, so no command can stand for it"),
        ({"limit": 0}, "must be positive, got 0"),
    ],
)
def test_wrong_options_are_refused(changes, message: str, options) -> None:
    with pytest.raises(InputError, match=message):
        options(**changes)


def test_pairs_are_read_up_to_the_first_equals_sign() -> None:
    assert read_pairs("command", ["pasd=run --x=1 {input}", "sd=y"]) == {"pasd": "run --x=1 {input}", "sd": "y"}


@pytest.mark.parametrize("values", [["pasd"], ["=x"], ["pasd="], ["a=1", "a=2"]])
def test_pairs_that_are_none_are_refused(values) -> None:
    with pytest.raises(InputError, match=r"takes NAME=VALUE|names `a` twice"):
        read_pairs("weights", values)

"""The work grows with the length of a prompt and not with its square, whatever it is made of."""

from __future__ import annotations

import sys
import time
from types import FrameType
from typing import Any

import pytest

from aqmap.prompts.prompt import normalise
from grefine_core import InputError

LONGEST = 20_000
REPEATED = [
    *("(", "[", "{", "<", "'", '"', "“", "_", "__a", "$", "${a", "\\", "-", "+", "a+ ", "|", ":", ",", ";", "a,", " "),
    *("::", "1::a", "9", "9.", "\n", "\n \n", "AND ", "BREAK ", "a AND b :0.5 ", "--no ", "--a ", "--ar 1:1 ", "—v 1 "),
    *("--sref 1 2 ", "a.swap(", "(a).and(", "(a, b).blend(1, 2) ", "a.attend(2) ", '"a"++ ', "'a' ", "a_b--_", "a-"),
    *("http://a ", "embedding:a ", "<a:", "<a>", "{2$$a", "{1::", "useLora(a)", "/imagine prompt:", "8k, ", "very "),
    *("\u200b", "\ud800", "👩\u200d", "猫", "ע", "Dr. ", "J.", ". ", "a"),
]
NESTED = [
    "(x)",
    "[x]",
    "{x}",
    "(x:1)",
    "[x:1]",
    "[a|x]",
    "(x)++",
    "a.swap(x)",
    "(x).blend(1)",
    "(x).attend(2)",
    "'x'",
    '"x"++',
]
SPREAD = ["x{}:1.2)", "--no{}", "a\n{}b", "({})", "x+{}", "a{} AND b", "--ar{}"]


def nest(pattern: str, length: int) -> str:
    before, after = pattern.split("x")
    depth = (length - 1) // (len(pattern) - 1)
    return before * depth + "x" + after * depth


def prompts(length: int) -> list[str]:
    repeated = [unit * (length // len(unit)) for unit in REPEATED]
    spread = [pattern.format(unit * (length - 12)) for pattern in SPREAD for unit in (" ", "1", "+", "a")]
    return repeated + [nest(pattern, length) for pattern in NESTED] + spread


def read(prompt: str) -> None:
    try:
        normalise(prompt)
    except InputError:
        return


def lines_run(prompt: str) -> int:
    """Return how many lines of the package run for a prompt."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if "aqmap" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        read(prompt)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("index", range(len(prompts(100))))
def test_twice_the_length_is_at_most_twice_the_work(index: int) -> None:
    short, long = (lines_run(prompts(length)[index]) for length in (500, 1000))
    assert long <= 2.2 * short + 200


@pytest.mark.parametrize("prompt", prompts(LONGEST), ids=range(len(prompts(100))))
def test_longest_prompts_are_read_at_once(prompt: str) -> None:
    """Lines do not count what regular expressions do; a square of 20,000 in one takes seconds of processor time."""
    start = time.process_time()
    read(prompt)
    assert time.process_time() - start < 3

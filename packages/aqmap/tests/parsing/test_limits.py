from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from aqmap.parsing import limits
from aqmap.parsing.limits import MAX_SEGMENT_TOKENS, GuardedParser
from aqmap.parsing.parser import Parser, parse_prompt
from aqmap.parsing.tree import Token, Tree
from aqmap.prompts.prompt import normalise
from aqmap.prompts.segments import MAX_SEGMENT_CHARACTERS
from grefine_core import InputError


def single(text: str, *, end: int | None = None) -> Tree:
    """Return a tree of one token that no rules would make of several words."""
    end = len(text) if end is None else end
    return Tree((Token(index=0, text=text, start=0, end=end, upos="INTJ", head=None, relation="root"),))


class Scripted:
    """A parser that notes what it is asked, fails on "bad" and waits at "slow"."""

    name = "scripted"

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.gate = threading.Event()

    def parse(self, segments: Sequence[str]) -> list[Tree]:
        self.calls.append(list(segments))
        if any("bad" in segment for segment in segments):
            raise RuntimeError("no such word\nin the model")
        if any("slow" in segment for segment in segments):
            self.gate.wait()
        return [single(segment) for segment in segments]


@pytest.fixture
def scripted():
    parser = Scripted()
    yield parser
    parser.gate.set()


def test_protocol_is_met(scripted: Scripted) -> None:
    guarded = GuardedParser(scripted)
    assert isinstance(guarded, Parser)
    assert guarded.name == "scripted"


def test_trees_come_in_the_order_of_the_segments(scripted: Scripted) -> None:
    trees = GuardedParser(scripted).parse(["a long one", "b", "some"])
    assert [tree.tokens[0].text for tree in trees] == ["a long one", "b", "some"]


def test_nothing_to_parse_asks_nobody(scripted: Scripted) -> None:
    assert GuardedParser(scripted).parse([]) == []
    assert scripted.calls == []


def test_slices_are_bounded_in_number_and_characters(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SLICE_SEGMENTS", 3)
    monkeypatch.setattr(limits, "SLICE_CHARACTERS", 10)
    GuardedParser(scripted).parse(["aaaaaaaa", "b", "c", "d", "e", "ffffff"])
    assert scripted.calls == [["b", "c", "d"], ["e", "ffffff"], ["aaaaaaaa"]]


def test_parser_that_never_answers_is_not_waited_for(scripted: Scripted) -> None:
    start = time.monotonic()
    (segment,) = GuardedParser(scripted, seconds=0.05).parse_segments(["slow cat"])
    assert time.monotonic() - start < 30
    assert segment.fallback == "the parser did not answer within 0.05 seconds"
    assert [token.text for token in segment.tree.tokens] == ["slow", "cat"]


def test_what_was_read_in_time_stays(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SLICE_SEGMENTS", 1)
    segments = GuardedParser(scripted, seconds=0.5).parse_segments(["cat", "slow", "horses"])
    assert [segment.fallback is None for segment in segments] == [True, False, False]
    assert scripted.calls == [["cat"], ["slow"]]


def test_later_calls_do_without_a_parser_that_stays_away(scripted: Scripted) -> None:
    guarded = GuardedParser(scripted, seconds=0.05)
    guarded.parse(["slow"])
    (segment,) = guarded.parse_segments(["cat"])
    assert segment.fallback is not None
    assert scripted.calls == [["slow"]]


def test_segment_that_breaks_the_parser_does_not_spoil_its_neighbours(scripted: Scripted) -> None:
    segments = GuardedParser(scripted).parse_segments(["cat", "bad", "hat"])
    assert [segment.fallback for segment in segments] == [
        None,
        "the parser failed on it (no such word in the model)",
        None,
    ]
    assert segments[1].tree.tokens[0].upos == "ADJ"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x" * (MAX_SEGMENT_CHARACTERS + 1), f"{MAX_SEGMENT_CHARACTERS + 1} characters, more than"),
        ("一" * (MAX_SEGMENT_TOKENS + 9), f"{MAX_SEGMENT_TOKENS + 10} words, more than {MAX_SEGMENT_TOKENS}"),
        ("a " * (MAX_SEGMENT_TOKENS + 1), f"{MAX_SEGMENT_TOKENS + 1} words, more than {MAX_SEGMENT_TOKENS}"),
    ],
)
def test_long_segment_is_kept_from_the_parser(scripted: Scripted, text: str, reason: str) -> None:
    short, long = GuardedParser(scripted).parse_segments(["cat", text])
    assert scripted.calls == [["cat"]]
    assert short.fallback is None
    assert reason in (long.fallback or "")
    assert long.tree.tokens


@pytest.mark.parametrize("tree", [Tree(()), single("cat", end=4), single("cat", end=0)])
def test_tree_that_does_not_fit_its_text_is_not_used(tree: Tree) -> None:
    class Wrong:
        name = "wrong"

        def parse(self, segments: Sequence[str]) -> list[Tree]:
            return [tree for _ in segments]

    (segment,) = GuardedParser(Wrong()).parse_segments(["cat"])
    assert "the parser failed on it" in (segment.fallback or "")
    assert [token.text for token in segment.tree.tokens] == ["cat"]


def test_parser_that_answers_for_too_few_is_asked_one_by_one() -> None:
    class Forgetful:
        name = "forgetful"

        def parse(self, segments: Sequence[str]) -> list[Tree]:
            return [single(segments[0])]

    segments = GuardedParser(Forgetful()).parse_segments(["cat", "dog"])
    assert [(segment.tree.tokens[0].text, segment.fallback) for segment in segments] == [("cat", None), ("dog", None)]


def test_time_limit_must_be_positive(scripted: Scripted) -> None:
    with pytest.raises(InputError, match="`seconds` must be above 0, got 0"):
        GuardedParser(scripted, seconds=0)


def test_prompt_says_which_part_was_read_by_rules(scripted: Scripted) -> None:
    parsed = parse_prompt(normalise("a cat, a bad hat"), GuardedParser(scripted))
    (remark,) = parsed.remarks
    assert remark == (
        "The part `a bad hat` of the prompt was read by simple rules, not by the parser `scripted`: "
        "the parser failed on it (no such word in the model)."
    )
    assert [token.text for token in parsed.tree.tokens] == ["a cat", "a", "bad", "hat"]


def test_prompt_says_why_once_for_many_parts(scripted: Scripted) -> None:
    prompt = normalise("slow cat, dog, a very long description of something that nobody will ever paint")
    (remark,) = parse_prompt(prompt, GuardedParser(scripted, seconds=0.05)).remarks
    assert remark.startswith("3 parts of the prompt (the first is `slow cat`) were read by simple rules")

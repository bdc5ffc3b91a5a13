from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from aqmap.commands.marked_prompt import coloured, marked, shows_colours, visible


@dataclass(frozen=True)
class Phrase:
    verdict: str
    spans: tuple[tuple[int, int], ...]


def lines(prompt: str, *phrases: Any, width: int = 80) -> list[str]:
    return list(marked(prompt, [Phrase(*phrase) for phrase in phrases], width=width))


def test_each_verdict_has_its_mark_below_the_words() -> None:
    told = lines(
        "a cat, a dog, no hat", ("ok", ((2, 5),)), ("missing", ((9, 12),)), ("not judged", ((14, 16), (17, 20)))
    )
    assert told == ["a cat, a dog, no hat", "         xxx  -- ---", "(xxx missing, --- not judged)"]


def test_prompt_without_fault_has_neither_marks_nor_legend() -> None:
    assert lines("a cat", ("ok", ((2, 5),))) == ["a cat"]


def test_long_prompt_is_cut_at_spaces_and_each_line_has_its_own_marks() -> None:
    told = lines("red cat and blue dog", ("missing", ((0, 7),)), ("attribute", ((12, 20),)), width=13)
    assert told == ["red cat and", "xxxxxxx", "blue dog", "~~~~~~~~", "(xxx missing, ~~~ attribute)"]


def test_word_that_is_wider_than_the_screen_is_cut() -> None:
    assert lines("abcdefgh ij", ("missing", ((0, 8),)), width=5)[:4] == ["abcde", "xxxxx", "fgh", "xxx"]


def test_break_of_a_line_is_kept() -> None:
    assert lines("cat\ndog", ("missing", ((4, 7),)))[:3] == ["cat", "dog", "xxx"]


def test_marks_are_as_wide_as_the_letters_above() -> None:
    assert lines("猫 dog", ("missing", ((0, 1),)), ("attribute", ((2, 5),)))[:2] == ["猫 dog", "xx ~~~"]


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\x9bb", "a\u202eb", "a\ud800b", "a\x00b", "a\tb"])
def test_character_that_a_terminal_would_obey_is_replaced_in_its_place(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert (shown[0], shown[-1]) == ("a", "b")
    assert shown[1] in " \ufffd"


def test_letters_of_all_scripts_stay() -> None:
    assert visible("größe 猫 🐈\u200d⬛\nב") == "größe 猫 🐈\u200d⬛\nב"


def test_colours_are_for_terminals_that_have_them() -> None:
    terminal = {"file": StringIO(), "force_terminal": True, "color_system": "standard"}
    assert shows_colours(Console(**terminal))
    assert not shows_colours(Console(**terminal, no_color=True))
    assert not shows_colours(Console(file=StringIO()))


def test_words_and_legend_have_the_colour_of_the_verdict() -> None:
    words, legend = coloured("a cat, a dog", [Phrase("missing", ((2, 5),)), Phrase("ok", ((9, 12),))])
    assert [(span.start, span.end, span.style) for span in words.spans] == [(2, 5, "bold red")]
    assert legend.plain == "(missing)"

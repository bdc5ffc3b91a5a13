"""The prompt with the words that fail: coloured where the terminal shows colours, else marked below."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from aqmap.defects import Verdict
    from aqmap.results import PhraseResult

MARKS: dict[Verdict, str] = {"missing": "x", "attribute": "~", "not judged": "-"}
"""What stands below a word where there are no colours; words that are fine have nothing."""
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of the text around them; they could make a line read as another."""


def shows_colours(console: Console) -> bool:
    """Say whether a reader can tell words by their colours."""
    return console.is_terminal and console.color_system is not None and not console.no_color


def visible(text: str) -> str:
    """Return a text that does nothing to a terminal, each character in its place; prompts come from strangers."""
    return "".join(map(_visible, text))


def coloured(prompt: str, phrases: Sequence[PhraseResult]) -> Iterator[Text]:
    """Yield the prompt with each phrase in the style of its verdict, and a line that names the styles."""
    from rich.text import Text

    from aqmap.defects import VERDICT_STYLES

    words, legend = Text(visible(prompt)), Text()
    for phrase in phrases:
        if phrase.verdict in MARKS:
            for start, end in phrase.spans:
                words.stylize(VERDICT_STYLES[phrase.verdict], start, end)
    for verdict in _verdicts(phrases):
        legend.append(f"{', ' if legend else '('}").append(verdict, VERDICT_STYLES[verdict])
    yield words
    if legend:
        yield legend.append(")")


def marked(prompt: str, phrases: Sequence[PhraseResult], *, width: int) -> Iterator[str]:
    """Yield the lines of the prompt, each with its marks below, and a line that says what the marks mean.

    Args:
        prompt: As the user wrote it.
        phrases: With their spans in it.
        width: Columns of the screen.
    """
    marks = [" "] * len(prompt)
    for phrase in phrases:
        for start, end in phrase.spans:
            marks[start:end] = [MARKS.get(phrase.verdict, " ")] * (end - start)
    shown = visible(prompt)
    for start, end in _lines(shown, width):
        yield shown[start:end].rstrip()
        below = "".join(
            mark * _columns(character) for mark, character in zip(marks[start:end], shown[start:end], strict=True)
        )
        if below.strip():
            yield below.rstrip()
    legend = ", ".join(f"{MARKS[verdict] * 3} {verdict}" for verdict in _verdicts(phrases))
    if legend:
        yield f"({legend})"


def _verdicts(phrases: Sequence[PhraseResult]) -> list[Verdict]:
    """Return the verdicts that are marked, those that there are."""
    return [verdict for verdict in MARKS if any(phrase.verdict == verdict for phrase in phrases)]


def _lines(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of lines that fit, cut behind spaces where there are any."""
    start = 0
    while start < len(text):
        end, used, space = start, 0, start
        while end < len(text) and (text[end] == " " or used + _columns(text[end]) <= max(width, 2)):
            used += _columns(text[end])
            end += 1
            if text[end - 1] == "\n":
                break
            if text[end - 1] == " ":
                space = end
        whole = end == len(text) or text[end - 1] == "\n" or space == start
        end = end if whole else space
        yield start, end
        start = end


def _columns(character: str) -> int:
    from rich.cells import get_character_cell_size

    return 0 if character == "\n" else get_character_cell_size(character)


def _visible(character: str) -> str:
    if character.isspace():
        return "\n" if character == "\n" else " "
    hidden = unicodedata.category(character) in {"Cc", "Cs"} or character in _TURNING
    return "\ufffd" if hidden else character

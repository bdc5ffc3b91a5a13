"""Where a prompt is cut before it is parsed: tags on their own, sentences whole.

A semicolon always cuts, and so does the end of a sentence. Of what is left, commas cut, unless it is a
full sentence: it ends with a stop, and its parts between commas have four words or more on average.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

SENTENCE_PART_WORDS = 4
"""Tags are shorter: "highly detailed", "sharp focus"; parts of prose sentences are longer."""
MAX_SEGMENT_CHARACTERS = 600
"""No sentence of a prompt is longer; time and memory of a parser grow with the square of the length."""

_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)")
_NO_SENTENCE_END = re.compile(r"(?:^|[\s.])(?:[A-Z]|(?i:dr|mr|mrs|ms|st|vs|e\.g|i\.e))$")
"""Before a full stop: abbreviations, and initials of names."""
_COMMA = re.compile(r"(?<!\d),|,(?!\d)")
_LONGEST_ABBREVIATION = 5

Span = tuple[int, int]
"""Start, and one past the end."""


def has_word(text: str) -> bool:
    """Say whether a text has a letter, a digit or a pictograph."""
    return any(character.isalnum() or unicodedata.category(character) == "So" for character in text)


def split_segments(text: str) -> tuple[Span, ...]:
    """Return the spans of `text` to parse one by one, in order, without the separators.

    Spans have a word in them and at most `MAX_SEGMENT_CHARACTERS` characters; a longer one is cut
    at a space if it has one.
    """
    spans = (
        span
        for hard in _cut(text, (0, len(text)), [match.span() for match in re.finditer(";", text)])
        for sentence in _sentences(text, hard)
        for part in _parts(text, sentence)
        for span in _short(text, part)
    )
    return tuple(span for span in spans if has_word(text[slice(*span)]))


def _cut(text: str, span: Span, separators: list[Span]) -> Iterator[Span]:
    """Yield what lies between separators, trimmed."""
    start, end = span
    for left, right in [*separators, (end, end)]:
        part = text[start:left]
        if part.strip():
            yield start + len(part) - len(part.lstrip()), start + len(part.rstrip())
        start = right


def _sentences(text: str, span: Span) -> Iterator[Span]:
    """Yield sentences with their stops."""
    ends = []
    for match in _SENTENCE_END.finditer(text, *span):
        before = text[max(span[0], match.start() - _LONGEST_ABBREVIATION) : match.start()]
        if match[0] != "." or not _NO_SENTENCE_END.search(before):
            ends.append((match.end(), match.end()))
    return _cut(text, span, ends)


def _parts(text: str, span: Span) -> Iterator[Span]:
    """Yield the parts between commas, or the span itself where it is a full sentence."""
    parts = list(_cut(text, span, [match.span() for match in _COMMA.finditer(text, *span)]))
    words = sum(len(text[slice(*part)].split()) for part in parts)
    stopped = _SENTENCE_END.search(text[slice(*span)]) is not None
    if stopped and words >= SENTENCE_PART_WORDS * len(parts):
        return iter([span])
    return iter(parts)


def _short(text: str, span: Span) -> Iterator[Span]:
    """Yield the span in pieces that are not too long."""
    start, end = span
    while end - start > MAX_SEGMENT_CHARACTERS:
        space = text.rfind(" ", start, start + MAX_SEGMENT_CHARACTERS)
        stop = space if space > start else start + MAX_SEGMENT_CHARACTERS
        yield start, stop
        start = stop + (space > start)
    yield start, end

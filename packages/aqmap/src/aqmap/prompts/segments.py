"""Where a prompt is cut before it is parsed: tags on their own, sentences whole.

A semicolon always cuts, and so does the end of a sentence. Of what is left, commas cut, unless it is a
full sentence: it ends with a stop, and its parts between commas have four words or more on average.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

SENTENCE_PART_WORDS = 4
"""Tags are shorter: "highly detailed", "sharp focus"; parts of prose sentences are longer."""
MAX_SEGMENT_CHARACTERS = 600
"""No sentence of a prompt is longer; time and memory of a parser grow with the square of the length."""

_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)")
_NO_SENTENCE_END = re.compile(r"(?:^|[\s.])(?:[A-Z]|(?i:dr|mr|mrs|ms|st|vs|e\.g|i\.e))$")
"""Before a full stop: abbreviations, and initials of names."""
_COMMA = re.compile(r"(?<!\d),|,(?!\d)")
_LONGEST_ABBREVIATION = 5

_NOUN = "Xx"
"""A capital and small letters that spell nothing: taggers take it for a name or a noun, tokenizers for one word."""

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


def split_parts(text: str) -> tuple[Span, ...]:
    """Return the spans between all commas, semicolons and ends of sentences, those in full sentences too."""
    return tuple(
        part
        for hard in _cut(text, (0, len(text)), [match.span() for match in re.finditer(";", text)])
        for sentence in _sentences(text, hard)
        for part in _cut(text, sentence, [match.span() for match in _COMMA.finditer(text, *sentence)])
    )


def hide(text: str, spans: Sequence[Span]) -> str:
    """Return the text with a made-up noun, as long as what it stands for, in place of each span."""
    characters = list(text)
    for start, end in spans:
        characters[start:end] = _NOUN[0] + _NOUN[1] * (end - start - 1)
    return "".join(characters)


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

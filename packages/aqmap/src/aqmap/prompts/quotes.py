"""Words in quotation marks: those that the picture should show as writing, `a sign that says "KEEP OFF"`.

A parser takes the marks for possessives and the words for the grammar of the sentence. So the marks come off, and
a parser gets a made-up noun as long as the words; its token has their place and their wording.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aqmap.prompts.segments import Span, has_word

MAX_WRITING = 80
"""Longer quotations are prompts; nobody reads so much on a picture."""

_OPENING, _CLOSING = "“„«", "”»"
_DOUBLE = '"'
SINGLE = "'\u2018\u2019"
"""Marks that may be apostrophes."""
_MARK = re.compile(f"[{_OPENING}{_CLOSING}{_DOUBLE}{SINGLE}]")
_CUES = re.compile(
    r"(?:words?|letters?|text|says?|saying|reads?|reading|writes|written|spells?|spelling|called|named|titled|labell?ed"
    r"|labels?|title|name|logo|slogan|caption|inscription|message|sign)[\s:,]*$",
    re.IGNORECASE,
)
_CUE_WINDOW = 24
_AROUND = " \n.,;:!?()[]{}|"
_PART_END = re.compile(r"\s*(?:[.,;:!?()\[\]{}|]|$)")
_SENTENCE_END = re.compile(r"\s*$|\s+[A-Z]")
_COMPEL = re.compile(r"[+\-\d]|\.[a-z]")
"""Behind a closing mark: a weight or a method of compel."""


def find_quotations(text: str) -> list[Span]:
    """Return the places of the opening and the closing mark of each quotation, inner ones first.

    Apostrophes are no marks, nor are the signs of feet and inches.
    """
    found: list[Span] = []
    waiting: dict[bool, list[int]] = {True: [], False: []}  # double and single marks are told apart
    for match in _MARK.finditer(text):
        place, mark = match.start(), match[0]
        before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
        opened = waiting[mark not in SINGLE]
        # behind a double mark compel writes a weight
        ends = not after.isalnum() or (mark == _DOUBLE and after.isdigit())
        closes = mark in _CLOSING or bool(before.strip() and ends and mark not in _OPENING)
        if closes and opened:
            found.append((opened.pop(), place))
        elif mark in _OPENING or (mark not in _CLOSING and not before.isalnum() and after.strip(_AROUND)):
            opened.append(place)
    return found


def find_writing(text: str, quotations: Sequence[Span]) -> list[Span]:
    """Return the spans of the quotations that are to be seen as writing, rising and disjoint.

    Writing has several words, a capital or a digit, or is spoken of as a word or a name; a quotation that
    is a part of the prompt on its own is no writing but a prompt.
    """
    found: list[Span] = []
    for opened, closed in sorted(quotations):
        start, end = opened + 1, closed
        if (found and opened < found[-1][1]) or end - start > MAX_WRITING or not _is_writing(text, start, end):
            continue
        if _SENTENCE_END.match(text, closed + 1):
            end = start + len(text[start:end].rstrip(" .!?,;"))  # the stop ends the sentence around it
        found.append((start, end))
    return found


def _is_writing(text: str, start: int, end: int) -> bool:
    inner = text[start:end]
    if not has_word(inner) or "\n" in inner or _COMPEL.match(text, end + 1):
        return False
    before = text[max(0, start - 1 - _CUE_WINDOW) : start - 1]
    if not (before.strip(_AROUND) and before.rstrip()[-1] not in _AROUND) and _PART_END.match(text, end + 1):
        return False
    plain = inner.strip().isalpha() and inner.islower()
    return not plain or _CUES.search(before) is not None

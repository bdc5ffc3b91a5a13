"""A parser without a model: noun phrases of English by word lists and the order of words.

It takes over where a parser fails or takes too long, and serves where none is installed. A phrase ends
before a preposition, a verb or a comma; its last noun is its head.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from aqmap.parsing.rules.links import link
from aqmap.parsing.rules.words import tag
from aqmap.parsing.tree import Token, Tree

NAME = "chunker"

_WORD = re.compile(r"w+(?:[-']w+)*|e+|[^ ]")
"""Tokens, by the kinds of their characters."""
_ENDING = re.compile(r"(?<=.)(?:n['\u2019]t|['\u2019](?:s|ll|re|ve|m|d))$", re.IGNORECASE)
"""A word of its own in the treebanks: `do` and `n't`, `cat` and `'s`."""


class Chunker:
    """Parse by rules, in time that grows with the length of the text; nothing is loaded."""

    @property
    def name(self) -> str:
        """How `load_parser` calls it."""
        return NAME

    def parse(self, segments: Sequence[str]) -> list[Tree]:
        """Return one tree a segment; it has one root, and a blank segment none."""
        return [_parse(segment) for segment in segments]


def find_tokens(text: str) -> list[tuple[int, int]]:
    """Return the spans of words, marks and runs of pictographs."""
    kinds = "".join(map(_kind, text))
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(kinds):
        start, end = match.span()
        ending = _ENDING.search(text, start, end)
        if ending and ending.start() > start:
            found.append((start, ending.start()))
            start = ending.start()
        found.append((start, end))
    return found


def _parse(segment: str) -> Tree:
    spans = find_tokens(segment)
    words = [segment[start:end] for start, end in spans]
    tags = tag(words)
    return Tree(
        tuple(
            Token(
                index=index,
                text=words[index],
                start=spans[index][0],
                end=spans[index][1],
                upos=edge.upos,
                head=edge.head,
                relation=edge.relation,
            )
            for index, edge in enumerate(link(words, tags))
        )
    )


def _kind(character: str) -> str:
    """Return what tells tokens apart: w for letters, e for pictographs, a space, or the mark itself."""
    category = unicodedata.category(character)
    if category[0] in "LMN" or character == "_":
        return "e" if character in "\u20e3\ufe0e\ufe0f" else "w"  # marks that only change a pictograph
    if category in {"So", "Sk", "Cf"}:  # Cf holds the joiner of pictographs
        return "e"
    if category[0] in "ZC":
        return " "
    return "'" if character == "\u2019" else character

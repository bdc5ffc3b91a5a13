"""Texts that are too long for a model, cut at sentences, commas or words: nothing is cut off silently."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_BOUNDARIES = (re.compile(r"[.!?;]\s+"), re.compile(r",\s*"), re.compile(r"\s+"))
"""Where a text that is too long is cut, the best first."""


def split_texts(
    texts: Sequence[str], *, count: Callable[[list[str]], Sequence[int]], limit: int
) -> dict[str, list[str]]:
    """Cut each text in halves until no part has more than `limit` tokens.

    Args:
        texts: Any; repeated ones are counted once.
        count: Returns the tokens of each text of a list.
        limit: Most tokens that a part may have; one character counts as short enough.

    Returns:
        For each text its parts in their order; a short text is its own only part.
    """
    parts = {text: [text] for text in texts}
    unsure = list(parts)
    while unsure:
        counts = count(unsure)
        long = {text for text, number in zip(unsure, counts, strict=True) if number > limit and len(text) > 1}
        for text, pieces in parts.items():
            parts[text] = [half for piece in pieces for half in (_halve(piece) if piece in long else [piece])]
        unsure = list(dict.fromkeys(half for piece in long for half in _halve(piece)))
    return parts


def _halve(text: str) -> list[str]:
    """Cut a text in its middle half, at the best boundary there is, nearest to the middle."""
    quarter, middle = len(text) // 4, len(text) / 2
    for boundary in _BOUNDARIES:
        ends = [found.end() for found in boundary.finditer(text) if quarter <= found.end() <= len(text) - quarter]
        ends = [end for end in ends if text[:end].strip(" ,;") and text[end:].strip(" ,;")]
        if ends:
            end = min(ends, key=lambda place: abs(place - middle))
            return [text[:end].strip(" ,;"), text[end:].strip(" ,;")]
    return [text[: len(text) // 2], text[len(text) // 2 :]]

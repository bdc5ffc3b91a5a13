r"""Brackets that weigh words: `(x)`, `(x:1.3)`, `[x]`, and `[x:y:0.5]`, which changes the prompt on the way.

Weights are those of the common web interfaces; `\(` is a bracket that weighs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

BRACKET_WEIGHT = 1.1
"""What one pair of round brackets multiplies by, and one of square brackets divides by."""
MAX_WEIGHT = 10.0
"""Weights are cut to -10..10: models give noise long before, and 9,000 nested brackets would overflow."""

_WEIGHT = re.compile(r":\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*")
_WEIGHT_WINDOW = 16
"""No weight is written with more characters; without a limit nested brackets take quadratic time."""


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """One balanced pair."""

    start: int
    end: int
    """Places of the opening and of the closing bracket."""
    tail: int
    """Where the written number begins with its colon; `end` where there is none."""
    factor: float
    """What the words inside are multiplied by."""
    schedule: bool
    """Whether it changes the prompt on the way instead of weighing."""


def find_brackets(characters: Sequence[str]) -> tuple[list[Bracket], list[int]]:
    """Return the balanced pairs, inner ones first, and the places of brackets without a partner.

    Args:
        characters: One string a place; empty ones were taken off before and are passed over.
    """
    pairs: list[Bracket] = []
    open_places: list[int] = []
    stray: list[int] = []
    for place, character in enumerate(characters):
        if character not in {"(", ")", "[", "]"} or (place and characters[place - 1] == "\\"):
            continue
        if character in "([":
            open_places.append(place)
        elif open_places and characters[open_places[-1]] == {")": "(", "]": "["}[character]:
            pairs.append(_bracket(characters, open_places.pop(), place))
        else:
            stray.append(place)
    return pairs, stray + open_places


def weigh(length: int, brackets: Sequence[Bracket]) -> tuple[float, ...]:
    """Return the weight of each of `length` places; nested brackets multiply."""
    opening = {bracket.start: bracket.factor for bracket in brackets}
    closing = {bracket.end for bracket in brackets}
    weights: list[float] = []
    levels = [1.0]
    for place in range(length):
        if place in opening:
            levels.append(max(-MAX_WEIGHT, min(MAX_WEIGHT, levels[-1] * opening[place])))
        weights.append(levels[-1])
        if place in closing:
            levels.pop()
    return tuple(weights)


def _bracket(characters: Sequence[str], start: int, end: int) -> Bracket:
    window = max(start + 1, end - _WEIGHT_WINDOW)
    inside = "".join(character or " " for character in characters[window:end])
    colon = inside.rfind(":")
    number = _WEIGHT.fullmatch(inside, colon) if colon >= 0 else None
    tail = window + colon if number else end
    if characters[start] == "[":
        return Bracket(start=start, end=end, tail=tail, factor=1 if number else 1 / BRACKET_WEIGHT, schedule=tail < end)
    factor = float(number[1]) if number else BRACKET_WEIGHT
    return Bracket(start=start, end=end, tail=tail, factor=factor, schedule=False)

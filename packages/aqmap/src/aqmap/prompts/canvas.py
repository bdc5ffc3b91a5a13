"""The working copy of a prompt: syntax is taken off it place by place, and nothing moves."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from itertools import accumulate

MAX_WEIGHT = 10.0
"""Weights are cut to -10..10: models give noise long before, and 9,000 nested brackets would overflow."""
MIN_WEIGHT = 1e-3
"""A weight nearer to 0 is 0: nobody can tell them apart, and `2e-05` is no weight in any syntax."""

_PLAIN = str.maketrans(
    {"|": ";", "\uff1b": ";", "\uff0c": ",", "\u3001": ",", "\u3002": "."} | dict.fromkeys('()[]{}<>\\_"“”„«»', " ")
)
"""Chinese stops and commas count as ours; brackets, quotation marks and underscores only upset a parser."""
_JOINERS = "\u200c\u200d"
"""They join emoji and shape letters of some scripts; within Latin words they are litter."""
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters by their category, though nothing is to be seen of them."""
_BLANK = "\u2800"
"""An empty Braille cell: a pictograph by its category."""


class Canvas:
    """A prompt without invisible characters, one character a place."""

    def __init__(self, prompt: str) -> None:
        """Copy a prompt; control characters and lone surrogates, which break tokenizers, become spaces."""
        self.places = [place for place, _ in _visible(prompt)]
        """For each character its place in the prompt, rising."""
        self.characters = [_cleaned(character) for _, character in _visible(prompt)]
        self.source = "".join(self.characters)
        """The text before anything was taken off."""
        self._scales: list[tuple[int, int, float]] = []
        self.weighting: set[int] = set()
        """Places that only say a weight."""

    @property
    def text(self) -> str:
        """What is left, as the user wrote it."""
        return "".join(self.characters)

    @property
    def plain(self) -> str:
        """What is left, with a space for every character that is syntax; as long as `text`."""
        return self.text.translate(_PLAIN)

    def take(self, start: int, end: int, *, mark: str = " ", weighs: bool = False) -> None:
        """Put a mark and spaces in place of a span, which only says a weight if `weighs`."""
        if end > start:
            self.characters[start:end] = [mark, *" " * (end - start - 1)]
        if weighs:
            self.weighting.update(range(start, end))

    def scale(self, start: int, end: int, factor: float) -> None:
        """Multiply the weights of a span; spans may lie within each other, or overlap."""
        if end > start:
            self._scales.append((start, end, max(-MAX_WEIGHT, min(MAX_WEIGHT, factor))))

    def weights(self) -> list[float]:
        """Return the weight of each place; the time grows with the length, however deep spans are nested."""
        size = len(self.characters) + 1
        logarithms, signs, zeros = [0.0] * size, [0] * size, [0] * size
        for start, end, factor in self._scales:
            if abs(factor) < MIN_WEIGHT:
                zeros[start], zeros[end] = zeros[start] + 1, zeros[end] - 1
                continue
            logarithm, sign = math.log(abs(factor)), int(factor < 0)
            logarithms[start], logarithms[end] = logarithms[start] + logarithm, logarithms[end] - logarithm
            signs[start], signs[end] = signs[start] + sign, signs[end] - sign
        sums = zip(accumulate(logarithms), accumulate(signs), accumulate(zeros), strict=True)
        return [0.0 if zero else _weight(logarithm, sign) for logarithm, sign, zero in sums][:-1]


def without_invisible(text: str) -> str:
    """Return the characters of which something is to be seen."""
    return "".join(character for _, character in _visible(text))


def _visible(text: str) -> Iterator[tuple[int, str]]:
    last = ""
    for place, character in enumerate(text):
        joins = character in _JOINERS and _can_be_joined(last)
        if joins or not (character in _FILLERS or unicodedata.category(character) == "Cf"):
            yield place, character
            last = character


def _can_be_joined(character: str) -> bool:
    if not character or character.isascii() or character == _BLANK:
        return False
    return character.isalpha() or unicodedata.category(character) in {"So", "Sk", "Mn", "Mc"}


def _cleaned(character: str) -> str:
    if character == "\n":  # two of them part a prompt
        return character
    if character.isspace() or character == _BLANK or unicodedata.category(character) in {"Cc", "Cs"}:
        return " "
    return character


def _weight(logarithm: float, sign: int) -> float:
    size = math.exp(min(logarithm, math.log(MAX_WEIGHT)))
    size = round(size, 9) if size >= MIN_WEIGHT else 0.0  # sums of logarithms leave 1.0000000000000002
    return -size if sign % 2 else size

r"""From a prompt as people write it to plain text, with the way back kept.

Taken off: weights `(red hair:1.3)`, `((x))`, `[dog]`; braces, quotation marks and escapes `\(`; networks
`<lora:x:0.8>`; flags `--ar 16:9`. `BREAK`, `|` and blank lines become a semicolon, which parts segments.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from aqmap.prompts.brackets import find_brackets, weigh
from aqmap.prompts.segments import has_word, split_segments
from grefine_core import InputError, check_prompt

_NETWORK = re.compile(r"<[^<>:]+:[^<>]*>")
_FLAG = re.compile(
    r"(?<![^\s,])--(?:"
    r"no\b.*?(?=\s--[a-zA-Z]|$)"  # what is not wanted, up to the next flag
    r"|[a-zA-Z][\w-]*(?:[ \t]+(?:[\d.][\w.:/]*|raw|cute|scenic|expressive|original)(?=[\s,]|$))*"
    r")",
    re.DOTALL,
)
_BREAK = re.compile(r"(?<!\S)BREAK(?=[\s,]|$)|\n\s*\n")
_REPLACED = {"|": ";", "\uff1b": ";", "\uff0c": ",", "\u3001": ",", "\u3002": "."} | dict.fromkeys('_{}"“”„«»', " ")
"""Chinese stops and commas count as ours; braces, quotation marks and underscores only upset a parser."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A user's prompt, and the plain text that parsers and encoders get."""

    original: str
    text: str
    """No weights, brackets or flags; one space between words."""
    origins: tuple[int, ...]
    """For each character of `text` its place in `original`, rising."""
    weights: tuple[float, ...]
    """For each character of `original` the user's weight; 1 is neutral."""
    weighting: frozenset[int]
    """Places in `original` that only say a weight: brackets and `:1.3`."""
    segments: tuple[tuple[int, int], ...]
    """Spans of `text`, `end` exclusive, that are parsed one by one."""

    def pieces(self, start: int, end: int) -> tuple[tuple[int, int], ...]:
        """Cut a span of `original` into stretches of plain words with one weight each.

        No stretch holds syntax, so each can be given a weight of its own.
        """
        found: list[tuple[int, int]] = []
        for index in range(bisect_left(self.origins, start), bisect_left(self.origins, end)):
            if self.text[index] in " ;":  # may stand for syntax: a bracket, a quotation mark, BREAK
                continue
            place = self.origins[index]
            # only a space: a bracket between two words could change the weight
            if found and not self.original[found[-1][1] : place].replace("_", " ").strip():
                found[-1] = (found[-1][0], place + 1)
            else:
                found.append((place, place + 1))
        return tuple(found)


def normalise(prompt: str) -> Prompt:
    """Take the syntax off a prompt.

    Raises:
        InputError: If it is blank, too long, or nothing but syntax and punctuation.
    """
    plain = [_plain(character) for character in check_prompt(prompt)]
    for pattern, mark in ((_NETWORK, " "), (_FLAG, " "), (_BREAK, ";")):
        for match in pattern.finditer(prompt):
            plain[match.start() : match.end()] = [mark] + [""] * (len(match[0]) - 1)
    weights, weighting = _take_brackets(plain)
    text, origins = _collapse(plain)
    if not has_word(text):
        raise InputError("The prompt has no words left once weights, flags and punctuation are taken off.")
    return Prompt(
        original=prompt,
        text=text,
        origins=origins,
        weights=weights,
        weighting=weighting,
        segments=split_segments(text),
    )


def _plain(character: str) -> str:
    """Return what stands for one character; control characters and lone surrogates break tokenizers."""
    if character.isspace() or unicodedata.category(character) in {"Cc", "Cs"}:
        return " "
    return _REPLACED.get(character, character)


def _take_brackets(plain: list[str]) -> tuple[tuple[float, ...], frozenset[int]]:
    """Blank the brackets in `plain`; return each place's weight, and the places that only say one."""
    brackets, stray = find_brackets(plain)
    weighting = set(stray)
    for bracket in brackets:
        if bracket.schedule:  # both sides of `[cat:dog:0.5]` are to be seen
            inside = slice(bracket.start, bracket.tail)
            plain[inside] = [";" if character == ":" else character for character in plain[inside]]
        else:
            weighting.update({bracket.start}, range(bracket.tail, bracket.end + 1))
        plain[bracket.tail : bracket.end] = [""] * (bracket.end - bracket.tail)
    weights = weigh(len(plain), brackets)
    plain[:] = [" " if character in {"(", ")", "[", "]", "\\"} else character for character in plain]
    return weights, frozenset(weighting)


def _collapse(plain: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """Join the characters with single spaces and separators, none at either end; return their places too."""
    text: list[str] = []
    origins: list[int] = []
    for place, character in enumerate(plain):
        last = text[-1] if text else ";"
        if not character or (character == " " and (last == " " or not text)):
            continue
        if character in ",;" and last == " " and text:
            text.pop()
            origins.pop()
            last = text[-1]
        if character in ",;" and last in ",;":
            if text and character == ";":
                text[-1] = ";"  # the stronger separator stays
            continue
        text.append(character)
        origins.append(place)
    while text and text[-1] in " ,;":
        text.pop()
        origins.pop()
    return "".join(text), tuple(origins)

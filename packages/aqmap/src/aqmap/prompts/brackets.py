r"""Brackets that weigh: `(x)`, `(x:1.3)`, `[x]` of the common web interfaces, `{x}` of NovelAI, `(x)1.3` of compel.

Others do not weigh: `[x:y:0.5]` changes the prompt on the way, `[x|y]` alternates, `{x|y}` is a choice. All that can
come of them is to be seen. `\(` is no bracket.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from aqmap.prompts.canvas import Canvas
from aqmap.prompts.compel import Call, call_weight, find_calls, operator_at, part_mixture, take_calls
from aqmap.prompts.segments import Span

BRACKET_WEIGHT = 1.1
"""What one pair of round brackets multiplies by, and one of square brackets divides by."""
BRACE_WEIGHT = 1.05
"""What one pair of braces multiplies by."""

_MARK = re.compile(r"\\.|[()\[\]{}|:,]", re.DOTALL)
_PARTNER = {")": "(", "]": "[", "}": "{"}
_WEIGHT = re.compile(r":\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*")
_WEIGHT_WINDOW = 16
"""No weight is written with more characters; without a limit nested brackets take quadratic time."""
_CHOICE = re.compile(r"\s*[~@]?\d*(?:-\d*)?\$\$")
_LONE_ESCAPE = re.compile(r"\\(?:\\|(?![()\[\]{}<>|\"“”„«»]))")


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """One balanced pair."""

    start: int
    end: int
    """Places of the opening and of the closing bracket."""
    marks: Mapping[str, Sequence[int]]
    """Places of the bars, colons and commas inside that are in no other bracket."""


@dataclass(frozen=True, kw_only=True)
class _Level:
    start: int
    marks: dict[str, list[int]] = field(default_factory=lambda: {"|": [], ":": [], ",": []})


def find_brackets(text: str) -> tuple[list[Bracket], list[int]]:
    """Return the balanced pairs, inner ones first, and the places of brackets without a partner."""
    pairs: list[Bracket] = []
    levels: list[_Level] = []
    stray: list[int] = []
    for match in _MARK.finditer(text):
        mark, place = match[0], match.start()
        if mark in "([{":
            levels.append(_Level(start=place))
        elif mark in _PARTNER:
            if levels and text[levels[-1].start] == _PARTNER[mark]:
                level = levels.pop()
                pairs.append(Bracket(start=level.start, end=place, marks=level.marks))
            else:
                stray.append(place)
        elif levels and len(mark) == 1:
            levels[-1].marks[mark].append(place)
    return pairs, stray + [level.start for level in levels]


def take_brackets(canvas: Canvas, quotations: Sequence[Span]) -> None:
    """Take weights off, and put what brackets choose between apart.

    Args:
        canvas: The prompt.
        quotations: Places of the quotation marks.
    """
    text = canvas.text
    pairs, stray = find_brackets(text)
    calls = find_calls(text, [(pair.start, pair.end) for pair in pairs if text[pair.start] == "("])
    arguments = {call.start for call in calls.values()}
    quoted = _depths(len(text), quotations)
    for pair in pairs:
        if pair.start in arguments:
            continue
        call = calls.get(pair.end + 1)
        if text[pair.start] == "(" and call is not None:
            _take_target(canvas, text, pair, call, quoted)
        elif text[pair.start] == "{":
            _take_braces(canvas, pair)
        else:
            _take_pair(canvas, text, pair)
    take_calls(canvas, text, list(calls.values()), quotations)
    canvas.weighting.update(place for place in stray if text[place] not in "{}")  # `${x` without end is no weight
    canvas.weighting.update(place for match in _LONE_ESCAPE.finditer(text) for place in range(*match.span()))


def _take_pair(canvas: Canvas, text: str, pair: Bracket) -> None:
    """Take a round or a square pair off."""
    square = text[pair.start] == "["
    tail, number = _written_weight(text, pair)
    operator = None if square or number is not None else operator_at(text, pair.end + 1)
    if square and (number is not None or pair.marks["|"]):  # a schedule, an alternation: the brackets stay as they are
        if number is not None:
            for colon in pair.marks[":"]:
                canvas.take(colon, colon + 1, mark=";")
            canvas.take(tail, pair.end)
        return
    if operator is not None:
        canvas.take(pair.end + 1, operator[1], weighs=True)
    canvas.take(tail, pair.end)
    canvas.weighting.update({pair.start}, range(tail, pair.end + 1))
    plain = 1 / BRACKET_WEIGHT if square else BRACKET_WEIGHT
    written = operator[0] if operator is not None else number
    canvas.scale(pair.start, pair.end + 1, plain if written is None else written)


def _take_braces(canvas: Canvas, pair: Bracket) -> None:
    dollar = canvas.source[pair.start - 1 : pair.start] == "$"
    if dollar or pair.marks["|"] or _CHOICE.match(canvas.source, pair.start + 1):
        return
    canvas.weighting.update({pair.start, pair.end})
    canvas.scale(pair.start, pair.end + 1, BRACE_WEIGHT)


def _take_target(canvas: Canvas, text: str, pair: Bracket, call: Call, quoted: Sequence[int]) -> None:
    """Take a pair off that a method is called on; a number in it weighs all the same."""
    tail, number = _written_weight(text, pair)
    if number is not None:
        canvas.take(tail, pair.end)
        canvas.weighting.update({pair.start}, range(tail, pair.end + 1))
        canvas.scale(pair.start, pair.end + 1, number)
    if call.method == "attend":
        canvas.weighting.update({pair.start, pair.end})
        canvas.scale(pair.start, pair.end + 1, call_weight(text, call))
    elif call.method != "swap":
        commas = [comma for comma in pair.marks[","] if not quoted[comma]]
        part_mixture(canvas, text, call, [pair.start, *commas, pair.end])


def _depths(length: int, spans: Sequence[Span]) -> list[int]:
    """Return for each place in how many spans it lies."""
    changes = [0] * (length + 1)
    for start, end in spans:
        changes[start] += 1
        changes[end] -= 1
    return list(accumulate(changes))


def _written_weight(text: str, pair: Bracket) -> tuple[int, float | None]:
    """Return where the number before the closing bracket begins with its colon, and the number."""
    window = max(pair.start + 1, pair.end - _WEIGHT_WINDOW)
    inside = text[window : pair.end]
    colon = inside.rfind(":")
    number = _WEIGHT.fullmatch(inside, colon) if colon >= 0 else None
    return (window + colon, float(number[1])) if number else (pair.end, None)

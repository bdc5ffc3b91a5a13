"""The syntax of compel and InvokeAI: `word++`, `(some words)1.3`, `("a", "b").blend(0.7, 0.3)`, `cat.swap(dog)`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from aqmap.prompts.canvas import Canvas
from aqmap.prompts.segments import Span

PLUS, MINUS = 1.1, 0.9
"""What one sign multiplies by."""

_NUMBER = r"-?\d{1,6}(?:\.\d{0,8})?"
_OPERATOR = re.compile(rf"(\++|-+|{_NUMBER})(?=[\s,;.!?:)\]}}\"|]|$)")
_METHOD = re.compile(r"\.(and|add|blend|swap|attend)$")
_METHOD_WINDOW = 8
_MAX_ARGUMENTS = 200
"""No list of weights is written with more characters; brackets within brackets would take quadratic time."""
_SWAP_OPTION = re.compile(r",\s*(?:[st]_(?:start|end)|shape_freedom)\s*=\s*[\d.]+")
_STOPS = ".!?:"
_SUSPENDED = re.compile(r"\s+(?:and|or|to)\b")
"""Behind `pre-`, as in "pre- and post-war"."""
_JOINED = re.compile(r"(?:[^\W_]+_+)+$")
"""Before `hair++`, as in `red_hair++`."""
_LONGEST_WORD = 64
_MAX_SIGNS = 100
"""More would overflow; the weight is cut long before."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A method behind a bracket, a quotation or a word."""

    dot: int
    method: str
    start: int
    end: int
    """Places of its brackets."""


def find_calls(text: str, brackets: Sequence[Span]) -> dict[int, Call]:
    """Return the calls by the places of their dots; only `swap` and `attend` may stand behind a word.

    Args:
        text: The prompt.
        brackets: Places of the opening and the closing bracket of the round pairs.
    """
    closing = {end for _, end in brackets}
    calls: dict[int, Call] = {}
    for start, end in brackets:
        method = _METHOD.search(text[max(0, start - _METHOD_WINDOW) : start])
        dot = start - len(method[0]) if method else 0
        if method and dot:
            behind_word = method[1] in {"swap", "attend"} and (text[dot - 1].isalnum() or text[dot - 1] == '"')
            if behind_word or dot - 1 in closing:
                calls[dot] = Call(dot=dot, method=method[1], start=start, end=end)
    return calls


def operator_at(text: str, place: int) -> tuple[float, int] | None:
    """Return the weight written at a place, right behind a bracket or a quotation, and where it ends."""
    operator = _OPERATOR.match(text, place)
    return (_factor(operator[1]), operator.end()) if operator else None


def call_weight(text: str, call: Call) -> float:
    """Return what `attend` multiplies by; 1 if it says nothing."""
    operator = _OPERATOR.match(text, call.start + 1)
    return _factor(operator[1]) if operator else 1.0


def take_calls(canvas: Canvas, text: str, calls: Sequence[Call], quotations: Sequence[Span]) -> None:
    """Take methods off; what is swapped counts on both sides.

    Args:
        canvas: The prompt.
        text: It before brackets are taken off.
        calls: The methods.
        quotations: Places of the quotation marks.
    """
    for option in _SWAP_OPTION.finditer(text):
        canvas.take(*option.span())
    opening = {closed: opened for opened, closed in quotations}
    for call in calls:
        if call.method == "swap":
            canvas.take(call.dot, call.start + 1, mark=";")
        elif call.method == "attend":
            if text[call.dot - 1] != ")":
                canvas.scale(opening.get(call.dot - 1, _word_start(text, call.dot)), call.dot, call_weight(text, call))
            canvas.take(call.dot, call.end + 1, weighs=True)
        else:
            canvas.take(call.dot, call.end + 1)
            canvas.weighting.update(range(call.start + 1, call.end))


def part_mixture(canvas: Canvas, text: str, call: Call, edges: Sequence[int]) -> None:
    """Put what a blend or a conjunction mixes apart, and weigh the parts as it says.

    Args:
        canvas: The prompt.
        text: It before brackets are taken off.
        call: The method.
        edges: Places of the opening bracket, of the commas between the parts, and of the closing bracket.
    """
    for comma in edges[1:-1]:
        canvas.take(comma, comma + 1, mark=";")
    if call.end - call.start > _MAX_ARGUMENTS:
        return
    numbers = [float(number) for number in re.findall(_NUMBER, text[call.start + 1 : call.end])]
    if len(numbers) == len(edges) - 1:
        for number, (left, right) in zip(numbers, pairwise(edges), strict=True):
            canvas.scale(left + 1, right, number)


def take_signs(canvas: Canvas, quotations: Sequence[Span]) -> None:
    """Take `++` and `--` off the ends of words, and weights off the ends of quotations.

    Args:
        canvas: The prompt, without brackets.
        quotations: Places of the quotation marks.
    """
    text, plain = canvas.text, canvas.plain
    for opened, closed in quotations:
        operator = operator_at(text, closed + 1) if text[closed] == '"' else None
        if operator is not None:
            canvas.scale(opened, closed, operator[0])
            canvas.take(closed + 1, operator[1], weighs=True)
    for token in re.finditer(r"[^\s,;]+", plain):
        core = token[0].rstrip(_STOPS)
        word = core.rstrip("+") if core.endswith("+") else core.rstrip("-")
        signs = core[len(word) :]
        end = token.start() + len(word)
        suspended = signs == "-" and _SUSPENDED.match(plain, token.end())
        if signs and _weighs(word, signs) and not suspended:
            joined = _JOINED.search(text, max(0, token.start() - _LONGEST_WORD), token.start())
            canvas.scale(joined.start() if joined else token.start(), end, _factor(signs))
            canvas.take(end, end + len(signs), weighs=True)


def _weighs(word: str, signs: str) -> bool:
    """Say whether the signs behind a word weigh it; `18+` is an age."""
    return word[-1:].isalpha() or (len(signs) > 1 and word[-1:].isdigit())


def _factor(operator: str) -> float:
    if operator[0] == "+":
        return float(PLUS ** min(len(operator), _MAX_SIGNS))
    if operator.strip("-"):
        return float(operator)
    return float(MINUS ** min(len(operator), _MAX_SIGNS))


def _word_start(text: str, end: int) -> int:
    start = end
    while start and (text[start - 1].isalnum() or text[start - 1] in "_-'"):
        start -= 1
    return start

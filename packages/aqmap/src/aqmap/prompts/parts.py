"""What parts a prompt: `AND` and `BREAK` of the common web interfaces, `::` of Midjourney, blank lines.

`cat AND dog :0.6` and `cat::2 dog` weigh their parts; `1.5::cat::` of NovelAI only weighs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from aqmap.prompts.canvas import Canvas
from aqmap.prompts.segments import has_word

_COLONS = re.compile(r"((?<![^\s,;])-?(?:\d+(?:\.\d*)?|\.\d+))?::+(-?(?:\d+(?:\.\d*)?|\.\d+)(?=[\s,;]|$))?")
_KEYWORDS = frozenset({"AND", "BREAK"})
_TOKEN = re.compile(r"[^\s,;]+|[,;]")
_AND_WEIGHT = re.compile(r"(?<=[^\s\d+-])\s*(:\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)))$")
_AND_WINDOW = 32
_BLANK_LINE = re.compile(r"\n\s*\n")


def take_colons(canvas: Canvas) -> None:
    """Put a semicolon for `::`, and take the weights beside it off."""
    plain = canvas.plain
    start, emphasis = 0, None
    for match in _COLONS.finditer(plain):
        if emphasis is not None:  # the second pair of NovelAI's
            canvas.scale(start, match.start(), emphasis)
            canvas.take(match.start(), match.end(), weighs=True)
            emphasis = None
        elif match[1] and not match[2]:
            emphasis = float(match[1])
            canvas.take(*match.span(), weighs=True)
        else:
            if match[2]:
                canvas.scale(start, match.start(), float(match[2]))
                canvas.weighting.update(range(*match.span(2)))
            canvas.take(*match.span(), mark=";")
        start = match.end()
    if emphasis is not None:
        canvas.scale(start, len(plain), emphasis)


def take_keywords(canvas: Canvas) -> None:
    """Put a semicolon for `AND`, `BREAK` and blank lines, and take the weights of the parts of `AND` off."""
    for match in _BLANK_LINE.finditer(canvas.plain):
        canvas.take(*match.span(), mark=";")
    plain = canvas.plain
    tokens = list(_TOKEN.finditer(plain))
    words = [token[0] for token in tokens]
    keywords = [at for at, word in enumerate(words) if word in _KEYWORDS and not _is_shouted(words, at)]
    if any(words[at] == "AND" for at in keywords):
        for before, after in pairwise([-1, *keywords, len(tokens)]):
            _weigh_part(canvas, plain, tokens[before + 1 : after])
    for at in keywords:
        canvas.take(*tokens[at].span(), mark=";")


def _weigh_part(canvas: Canvas, plain: str, tokens: Sequence[re.Match[str]]) -> None:
    ends = [token.end() for token in tokens if token[0] not in ",;"]
    if not ends:
        return
    start = tokens[0].start()
    weight = _AND_WEIGHT.search(plain, max(start, ends[-1] - _AND_WINDOW), ends[-1])
    if weight is not None and plain[start : weight.start()].rsplit(maxsplit=1)[-1] not in _KEYWORDS:
        canvas.scale(start, weight.start(1), float(weight[2]))
        canvas.take(*weight.span(1), weighs=True)


def _is_shouted(words: Sequence[str], at: int) -> bool:
    """Say whether a keyword is a word between words in capitals: `KEEP CALM AND CARRY ON`."""
    beside = (*words[max(0, at - 1) : at], *words[at + 1 : at + 2])
    beside = tuple(word for word in beside if word not in _KEYWORDS and has_word(word))
    return bool(beside) and all(word.isupper() for word in beside)

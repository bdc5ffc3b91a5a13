"""More weight for the phrases that fail, eq. (7) of G-Refine (arXiv:2404.18343)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby

from aqmap.prompts.prompt import Prompt
from grefine_core import Emphasis

STEP = 0.1
"""What eq. (7) adds to a failing phrase's weight in each round."""


def emphasise(prompt: Prompt, spans: Sequence[tuple[int, int]], *, rounds: int = 1) -> tuple[Emphasis, ...]:
    """Return what gets more weight: 0.1 per round on top of the user's own weight.

    Args:
        prompt: The prompt that the spans count in.
        spans: Stretches of plain words in the user's text as `Prompt.pieces` cuts them, no two overlapping.
        rounds: How many times the phrases have failed.

    Returns:
        One emphasis a span, in the order of the text.
    """
    return tuple(
        Emphasis(
            text=prompt.original[start:end],
            start=start,
            end=end,
            weight=round(prompt.weights[start] + STEP * rounds, 6),  # 1.1, not 1.1000000000000001
        )
        for start, end in sorted(spans)
    )


def render(prompt: Prompt, emphases: Sequence[Emphasis]) -> str:
    """Return the prompt in the syntax `(phrase:1.1)`, with the user's own weights written the same way.

    Networks, flags and `BREAK` stay as they are. Without emphases the user's text is returned.
    """
    if not emphases:
        return prompt.original
    weights = list(prompt.weights)
    for emphasis in emphases:
        weights[emphasis.start : emphasis.end] = [emphasis.weight] * (emphasis.end - emphasis.start)
    places = (place for place in range(len(weights)) if place not in prompt.weighting)
    return "".join(
        _weighted("".join(prompt.original[place] for place in run), weight)
        for weight, run in groupby(places, key=weights.__getitem__)
    )


def plain_emphases(prompt: Prompt, emphases: Sequence[Emphasis]) -> tuple[Emphasis, ...]:
    """Return the weights of the words of `prompt.text`, for a model that must not see the user's syntax.

    Args:
        prompt: The prompt that the spans count in.
        emphases: What eq. (7) gives more weight; spans of the user's text. Elsewhere the user's own weights hold.

    Returns:
        Disjoint spans of `prompt.text` whose weight is not 1, in its order.
    """
    weights = [prompt.weights[place] for place in prompt.origins]
    for emphasis in emphases:
        first, last = (bisect_left(prompt.origins, place) for place in (emphasis.start, emphasis.end))
        weights[first:last] = [emphasis.weight] * (last - first)
    found: list[Emphasis] = []
    place = 0
    for weight, run in groupby(weights):
        start, place = place, place + len(list(run))
        words = prompt.text[start:place].strip(" ,;")
        if weight != 1 and words:
            start = prompt.text.index(words, start)
            found.append(Emphasis(text=words, start=start, end=start + len(words), weight=weight))
    return tuple(found)


def _weighted(text: str, weight: float) -> str:
    words = text.strip(" ,")
    if weight == 1 or not words:
        return text
    start = text.index(words)
    return f"{text[:start]}({words}:{weight:.3g}){text[start + len(words) :]}"

"""Which phrase fails, how and where, and the map of it: eq. (6) of G-Refine (arXiv:2404.18343).

Printed, eq. (6) swaps the two regions against the text of section 3.2 and multiplies them; that is
`literal`. The default follows the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from grefine_core import check_map, union

Verdict = Literal["ok", "missing", "attribute", "not judged"]
"""`missing`: the noun is not in the image; `attribute`: it is, but without what the phrase says of it;
`not judged`: image-text models cannot tell."""
VERDICT_STYLES: dict[Verdict, str] = {"ok": "green", "missing": "bold red", "attribute": "yellow", "not judged": "dim"}
"""How a terminal shows them, in the words of rich."""
FAILING: tuple[Verdict, ...] = ("missing", "attribute")
"""Verdicts that ask for a repair."""


def judge(
    noun_score: float, phrase_score: float, *, attributed: bool, a_bound: float
) -> Literal["ok", "missing", "attribute"]:
    """Judge one phrase by the scores of its noun and of all its words, both in [0, 1].

    Args:
        noun_score: a_n of eq. (5).
        phrase_score: a_h of eq. (5).
        attributed: Whether the phrase says how its noun looks; if not, no attribute can be wrong.
        a_bound: A noun below it is not in the image.
    """
    if noun_score < a_bound:
        return "missing"
    return "attribute" if attributed and phrase_score < noun_score else "ok"


def pick_region(
    index: int, verdict: Verdict, ancestors: Sequence[int], present: Sequence[bool], *, literal: bool = False
) -> int | None:
    """Return the phrase whose noun map says where a failing phrase should be drawn; None for one that does not fail.

    `missing`: the nearest ancestor whose noun is present, itself if there is none. `attribute`: itself.
    With `literal` as printed: `missing` itself, `attribute` its ancestor.

    Args:
        index: The phrase.
        verdict: On it.
        ancestors: Of all phrases.
        present: For each phrase whether its noun is known to be in the image.
        literal: Whether to swap the two.
    """
    if verdict not in FAILING:
        return None
    if literal:
        return ancestors[index] if verdict == "attribute" else index
    if verdict == "attribute":
        return index
    place = index
    while ancestors[place] != place:
        place = ancestors[place]
        if present[place]:
            return place
    return index


def alignment_map(regions: Sequence[Tensor], size: tuple[int, int], *, literal: bool = False) -> Tensor:
    """Return A of eq. (6): ``1 - max_j M_j``; with `literal` ``prod_j M_j``; 1 where nothing fails.

    Args:
        regions: M_j, each (H, W) floating in [0, 1].
        size: H and W.
        literal: Whether to compute what is printed.

    Returns:
        Shape (H, W), float32 in [0, 1], 1 is good.

    Raises:
        InputError: If a region breaks the above.
    """
    if not literal:
        return 1 - union(regions, size)
    product = torch.ones(size)
    for region in regions:
        check_map("region", region)
        product = product * region
    return product

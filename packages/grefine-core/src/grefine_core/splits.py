"""Which rows are held out from a fit to validate on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from grefine_core.errors import InputError

MIN_VALIDATION = 8
"""Fewer rows make the validation SRCC, which decides what a fit keeps, a lottery."""


def split_pictures(pictures: Sequence[str], *, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Return the places of training and of validation rows; rows of one picture stay on one side.

    Args:
        pictures: What picture each row shows, such as the digest of its file.
        share: Of the rows to hold out; at least `MIN_VALIDATION` are.
        seed: Decides which, with nothing else.

    Raises:
        InputError: If either part would be too small.
    """
    rows = Counter(pictures)
    distinct = list(rows)
    wanted = max(round(len(pictures) * share), MIN_VALIDATION)
    held: set[str] = set()
    for index in torch.randperm(len(distinct), generator=torch.Generator().manual_seed(seed)).tolist():
        held.add(distinct[index])
        wanted -= rows[distinct[index]]
        if wanted <= 0:
            break
    kept = [place for place, picture in enumerate(pictures) if picture not in held]
    if not kept:
        raise InputError(
            f"{len(pictures)} rows of {len(distinct)} pictures are too few to fit on; "
            f"{MIN_VALIDATION} rows are held out for validation."
        )
    return torch.tensor(kept), torch.tensor([place for place, picture in enumerate(pictures) if picture in held])

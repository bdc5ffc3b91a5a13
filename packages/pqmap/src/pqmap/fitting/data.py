"""Rows to fit on: features with labels, checked, split, and scored against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from grefine_core import InputError, correlate
from grefine_core.splits import MIN_VALIDATION
from pqmap.perception import FACTORS


class Rows(NamedTuple):
    """n tokens and what people or rules say of them."""

    features: Tensor
    """Shape (n, D), floating, L2-normalised."""
    labels: Tensor
    """Shape (n, K), floating, in [0, 1], 1 is good; a column for each of K names."""


def normalise_labels(labels: Tensor, names: Sequence[str] = FACTORS) -> Tensor:
    """Return labels (n, K), each column stretched to [0, 1] by its own minimum and maximum.

    Raises:
        InputError: If there is not one column for each name, a label is not finite (its row is
            named) or all labels of a name are equal.
    """
    _check_matrix("labels", labels, width=len(names))
    _check_spread("labels", labels, names)
    labels = labels.float()
    low, high = labels.amin(dim=0), labels.amax(dim=0)  # (K,) each
    return (labels - low) / (high - low)


def check_rows(rows: Rows, names: Sequence[str] = FACTORS) -> None:
    """Refuse rows that cannot be fitted on.

    Raises:
        InputError: If shapes or lengths differ from `Rows`, a value is not finite, or a label is
            outside [0, 1]; the row is named.
    """
    _check_matrix("features", rows.features, width=None)
    _check_matrix("labels", rows.labels, width=len(names))
    if len(rows.features) != len(rows.labels):
        raise InputError(f"There are {len(rows.features)} `features` but {len(rows.labels)} `labels`.")
    outside = ((rows.labels < 0) | (rows.labels > 1)).any(dim=1)
    if outside.any():
        row = int(outside.int().argmax())
        raise InputError(f"Row {row} of `labels` is outside [0, 1]; `normalise_labels` brings them there.")


def check_validation(rows: Rows, names: Sequence[str] = FACTORS) -> None:
    """Refuse validation rows on which no rank correlation is defined.

    Raises:
        InputError: If there are fewer than `MIN_VALIDATION`, or all labels of a name are equal.
    """
    check_rows(rows, names)
    if len(rows.labels) < MIN_VALIDATION:
        raise InputError(f"Validation needs at least {MIN_VALIDATION} rows, got {len(rows.labels)}.")
    _check_spread("validation labels", rows.labels, names)


def split_rows(rows: Rows, *, share: float, seed: int) -> tuple[Rows, Rows]:
    """Return training and validation rows, drawn by chance from the seed.

    Raises:
        InputError: If either part would be too small.
    """
    n = len(rows.labels)
    held = max(round(n * share), MIN_VALIDATION)
    if held >= n:
        raise InputError(f"{n} rows are too few to fit on; {MIN_VALIDATION} are held out for validation.")
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    kept, out = order[held:], order[:held]
    return Rows(rows.features[kept], rows.labels[kept]), Rows(rows.features[out], rows.labels[out])


def correlations(
    scores: Tensor, labels: Tensor, names: Sequence[str] = FACTORS
) -> tuple[dict[str, float], dict[str, float]]:
    """Return SRCC and raw PLCC by name of scores (n, K) against labels (n, K).

    A name whose scores are all equal gets 0: they rank nothing.
    """
    srcc, plcc = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    for index, name in enumerate(names):
        column = scores[:, index]
        if column.amin() < column.amax():
            found = correlate(column.tolist(), labels[:, index].tolist())
            srcc[name], plcc[name] = found.srcc, found.plcc
    return srcc, plcc


def _check_matrix(name: str, values: Tensor, *, width: int | None) -> None:
    if values.ndim != 2 or 0 in values.shape or width not in (None, values.shape[1]):
        raise InputError(f"`{name}` must have shape (n, {width or 'D'}), got {tuple(values.shape)}.")
    if not values.is_floating_point():
        raise InputError(f"`{name}` must be floating, got {values.dtype}.")
    finite = values.isfinite().all(dim=1)
    if not finite.all():
        raise InputError(f"Row {int(finite.int().argmin())} of `{name}` has a value that is not finite.")


def _check_spread(what: str, labels: Tensor, names: Sequence[str]) -> None:
    constant = labels.amin(dim=0) == labels.amax(dim=0)
    if constant.any():
        raise InputError(f"All `{what}` of {names[int(constant.int().argmax())]} are equal.")

"""Rows to fit on: features with labels, checked, split, and scored against each other."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from grefine_core import InputError, correlate
from pqmap.perception import FACTORS

MIN_VALIDATION = 8
"""Fewer rows make the validation SRCC, which decides when to stop, a lottery."""


class Rows(NamedTuple):
    """n tokens and what people or rules say of them."""

    features: Tensor
    """Shape (n, D), floating, L2-normalised."""
    labels: Tensor
    """Shape (n, 4), floating, in [0, 1], 1 is good."""


def normalise_labels(labels: Tensor) -> Tensor:
    """Return labels (n, 4), each factor stretched to [0, 1] by its own minimum and maximum.

    Raises:
        InputError: If a label is not finite (its row is named) or a factor's labels are all equal.
    """
    _check_matrix("labels", labels, width=len(FACTORS))
    _check_spread("labels", labels)
    labels = labels.float()
    low, high = labels.amin(dim=0), labels.amax(dim=0)  # (4,) each
    return (labels - low) / (high - low)


def check_rows(rows: Rows) -> None:
    """Refuse rows that cannot be fitted on.

    Raises:
        InputError: If shapes or lengths differ from `Rows`, a value is not finite, or a label is
            outside [0, 1]; the row is named.
    """
    _check_matrix("features", rows.features, width=None)
    _check_matrix("labels", rows.labels, width=len(FACTORS))
    if len(rows.features) != len(rows.labels):
        raise InputError(f"There are {len(rows.features)} `features` but {len(rows.labels)} `labels`.")
    outside = ((rows.labels < 0) | (rows.labels > 1)).any(dim=1)
    if outside.any():
        row = int(outside.int().argmax())
        raise InputError(f"Row {row} of `labels` is outside [0, 1]; `normalise_labels` brings them there.")


def check_validation(rows: Rows) -> None:
    """Refuse validation rows on which no rank correlation is defined.

    Raises:
        InputError: If there are fewer than `MIN_VALIDATION`, or a factor's labels are all equal.
    """
    check_rows(rows)
    if len(rows.labels) < MIN_VALIDATION:
        raise InputError(f"Validation needs at least {MIN_VALIDATION} rows, got {len(rows.labels)}.")
    _check_spread("validation labels", rows.labels)


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


def correlations(scores: Tensor, labels: Tensor) -> tuple[dict[str, float], dict[str, float]]:
    """Return SRCC and raw PLCC by factor of scores (n, 4) against labels (n, 4).

    A factor whose scores are all equal gets 0: they rank nothing.
    """
    srcc, plcc = dict.fromkeys(FACTORS, 0.0), dict.fromkeys(FACTORS, 0.0)
    for index, name in enumerate(FACTORS):
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


def _check_spread(name: str, labels: Tensor) -> None:
    constant = labels.amin(dim=0) == labels.amax(dim=0)
    if constant.any():
        raise InputError(f"All `{name}` of the factor {FACTORS[int(constant.int().argmax())]} are equal.")

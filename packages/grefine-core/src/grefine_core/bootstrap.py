"""How far a figure of n rows may be off by the chance of which rows they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grefine_core.errors import InputError

RESAMPLES = 1000
"""Enough for the ends of a 95% interval: 25 resamples lie beyond each."""
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Where a figure lies with 95% certainty."""

    low: float
    high: float


def bootstrap_interval(
    figure: Callable[[NDArray[np.intp]], float], n: int, *, seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """Return the percentile interval of a figure over rows drawn again and again, with replacement.

    Args:
        figure: Computes it of the rows at these places, shape (n,), in which some come twice; nan where
            it is not defined, and such resamples are left out.
        n: How many rows there are.
        seed: Decides the draws, with nothing else.
        resamples: How many.

    Raises:
        InputError: If there is no row, or the figure is defined for no resample.
    """
    rows = draw_rows(n, seed=seed, resamples=resamples)
    return interval_of(np.array([figure(row) for row in rows], np.float64), n)


def draw_rows(n: int, *, seed: int = 0, resamples: int = RESAMPLES) -> Iterator[NDArray[np.intp]]:
    """Yield the rows of each resample, shape (n,), drawn with replacement.

    Raises:
        InputError: If there is no row.
    """
    if n < 1:
        raise InputError(f"An interval needs at least one row, got {n}.")
    generator = np.random.default_rng(seed)
    return (generator.integers(n, size=n) for _ in range(resamples))


def draw_counts(n: int, *, seed: int = 0, resamples: int = RESAMPLES) -> NDArray[np.float64]:
    """Return how often each resample of `draw_rows` has each row, shape (resamples, n).

    Raises:
        InputError: If there is no row.
    """
    rows = draw_rows(n, seed=seed, resamples=resamples)
    return np.array([np.bincount(row, minlength=n) for row in rows], np.float64).reshape(resamples, n)


def interval_of(values: NDArray[np.float64], n: int) -> Interval:
    """Return the percentile interval of a figure's values over resamples of n rows; nan is left out.

    Raises:
        InputError: If all are nan.
    """
    defined = values[~np.isnan(values)]
    if not len(defined):
        raise InputError(f"The figure is defined for none of {len(values)} resamples of {n} rows.")
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(low=float(low), high=float(high))

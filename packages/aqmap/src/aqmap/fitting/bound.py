"""Which a_bound parts nouns that are missing from those that are there."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aqmap.fitting.evidence import Evidence, Floats
from aqmap.fitting.scale import DOUBT
from grefine_core.bootstrap import bootstrap_interval

MIN_SIDE = 4
"""Fewer good or bad rows, or nouns, say nothing of a bound between them."""


class Separation(NamedTuple):
    """Scores that a bound should part."""

    scores: Floats
    """Shape (k,), in [0, 1]."""
    bad: NDArray[np.bool_]
    """Shape (k,): those that should lie below the bound."""


class BoundTrial(NamedTuple):
    """What came of the search for a bound."""

    fitted: float
    """The best on the training rows."""
    kept: float
    youden: tuple[float, float] | None
    """J on the validation rows of the start and of `fitted`; None where there is too little to part."""
    why: str
    """One sentence."""


def separate(evidence: Evidence, *, temperature: float, middle: float) -> Separation:
    """Return what a_bound should part: nouns that are known to be missing, and others, where anybody looked.

    Where nobody did, the lowest noun of each row stands for it, bad if its label is below `middle`;
    rows that have this very label, or no phrase that can be judged, are left out.
    """
    if any(row.missing is not None for row in evidence.rows):
        known = np.array([row.missing is not None for row in evidence.rows for _ in row.phrases], bool)
        bad = np.array([flag for row in evidence.rows for flag in row.missing or ()], bool)
        return Separation(evidence.noun_scores(temperature)[known], bad)
    lowest = evidence.lowest_nouns(temperature)
    used = ~np.isnan(lowest) & (evidence.labels != middle)
    return Separation(lowest[used], evidence.labels[used] < middle)


def youden(separation: Separation, bound: float) -> float:
    """Return Youden's J of a bound, in [-1, 1]: 1 parts all, 0 is chance; nan where a side is empty."""
    below, bad = separation.scores < bound, separation.bad
    if bad.all() or not bad.any():
        return math.nan
    return float(below[bad].mean() - below[~bad].mean())


def choose_bound(separation: Separation, start: float) -> float:
    """Return the bound with the highest J; of those that are as good but for `DOUBT`, the one nearest to `start`.

    Bounds half way between neighbouring scores are tried, and the start. Neither side may be empty.
    """
    order = np.unique(separation.scores)
    bounds = np.append((order[1:] + order[:-1]) / 2, start)
    sides = [np.sort(separation.scores[separation.bad == side]) for side in (True, False)]
    shares = [np.searchsorted(side, bounds, side="left") / len(side) for side in sides]  # of each that lies below
    found, alarms = shares
    best = int((found - alarms).argmax())
    variances = [share[best] * (1 - share[best]) / len(side) for share, side in zip(shares, sides, strict=True)]
    good = bounds[found - alarms >= found[best] - alarms[best] - DOUBT * math.sqrt(sum(variances))]
    return float(good[np.lexsort((good, np.abs(good - start)))[0]])


def try_bound(training: Separation, validation: Separation, start: float, *, seed: int) -> BoundTrial:
    """Choose a bound on the training rows, and keep it if the validation rows bear it out.

    There it must be better than the start, and better than chance with 95% certainty.
    """
    for part, name in ((training, "training"), (validation, "validation")):
        few = min(int(part.bad.sum()), int((~part.bad).sum()))
        if few < MIN_SIDE:
            why = f"{few} of the {name} rows or nouns would belong on one side of it, and {MIN_SIDE} must"
            return BoundTrial(start, start, None, f"a_bound stays at {start:g}: {why}.")
    fitted = choose_bound(training, start)
    before, after = youden(validation, start), youden(validation, fitted)
    chance = bootstrap_interval(
        lambda rows: youden(Separation(validation.scores[rows], validation.bad[rows]), fitted),
        len(validation.bad),
        seed=seed,
    )
    found = f"Youden's J on the validation rows is {after:.3f} ({chance.low:.3f} to {chance.high:.3f})"
    kept = start
    if fitted == start:
        why = f"a_bound stays at {start:g}: no other parts the training rows better; {found}."
    elif chance.low <= 0:
        why = f"a_bound stays at {start:g}: at {fitted:.3f} {found}, not clearly above chance."
    elif after <= before:
        why = f"a_bound stays at {start:g}: at {fitted:.3f} {found}, no better than {before:.3f}."
    else:
        kept, why = fitted, f"a_bound becomes {fitted:.3f}: {found}, before {before:.3f}."
    return BoundTrial(fitted, kept, (before, after), why)

"""Where a score stands among those of a fixed set of pictures: percentile and band.

A score p lies in [0, 1], but what is usual differs by preset: 0.6 may be a good picture for one
encoder and a poor one for another. A `ReferenceScale` is the table that tells: the quantiles of p
over one fixed set of pictures, kept with the text pairs. Imports nothing heavy.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

from grefine_core.errors import InputError, WeightsError

Band = Literal["bad", "poor", "fair", "good", "excellent"]
BANDS: tuple[Band, ...] = get_args(Band)
"""The bands, worst first."""
BAND_LIMITS = (10, 30, 70, 90)
"""Percentile at which each band after the first begins: bad < 10 <= poor < 30 <= fair < 70 <= good < 90 <= excellent.

Symmetric about the middle, so that neither praise nor blame is the rule: two pictures in five of
the reference set are `fair`, one in five is `poor`, one in five `good`, and the words at the ends
are kept for one in ten each. Percentiles, not values of p, because only they mean the same for all
presets; tenths, not hundredths, because a set of 1,000 pictures leaves the tenth percentile
uncertain by about one point (binomial: sqrt(0.1 * 0.9 / 1000) = 0.0095).
"""
QUANTILES = 101
"""Length of the table: p at the percentiles 0, 1, ..., 100."""
MIN_COUNT = 100
"""Fewer scores than this leave percentiles without a score between them."""
_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class ReferenceScale:
    """Quantiles of p over a fixed set of pictures, for one preset."""

    data: str
    """What the set is made of, in words; percentiles mean nothing without it."""
    count: int
    """Number of pictures in it."""
    quantiles: tuple[float, ...]
    """p at the percentiles 0, 1, ..., 100: `QUANTILES` numbers in [0, 1] that never fall."""

    def __post_init__(self) -> None:
        """Refuse a table that no set of scores could have given.

        Raises:
            InputError: If the number of quantiles, a quantile, their order or the count breaks its rule.
        """
        if len(self.quantiles) != QUANTILES:
            raise InputError(f"`quantiles` must be {QUANTILES} numbers, got {len(self.quantiles)}.")
        if not all(0 <= value <= 1 for value in self.quantiles):  # nan fails here too
            raise InputError("`quantiles` must lie in [0, 1] and hold no nan.")
        if any(right < left for left, right in pairwise(self.quantiles)):
            raise InputError("`quantiles` must never fall.")
        if self.count < 1:
            raise InputError(f"`count` must be at least 1, got {self.count}.")

    @classmethod
    def from_scores(cls, scores: Iterable[float], *, data: str) -> ReferenceScale:
        """Return the scale of a set of scores; their order makes no difference.

        Args:
            scores: p of each picture, in [0, 1], at least `MIN_COUNT`.
            data: What the pictures are, in words.

        Raises:
            InputError: If there are too few scores, or one lies outside [0, 1].
        """
        ordered = sorted(scores)
        if len(ordered) < MIN_COUNT:
            raise InputError(f"`scores` must be at least {MIN_COUNT} numbers, got {len(ordered)}.")
        wrong = next((score for score in ordered if not 0 <= score <= 1), None)  # nan is found here too
        if wrong is not None:
            raise InputError(f"`scores` must lie in [0, 1] and hold no nan, got {wrong}.")
        quantiles = tuple(_quantile(ordered, percent / (QUANTILES - 1)) for percent in range(QUANTILES))
        return cls(data=data, count=len(ordered), quantiles=quantiles)

    def percentile(self, p: float) -> float:
        """Return how many of 100 pictures of the set score p or less, in [0, 100].

        Between two quantiles by straight line. Scores beyond the set's worst and best give 0 and 100.

        Raises:
            InputError: If p is not in [0, 1].
        """
        if not 0 <= p <= 1:  # nan fails here too
            raise InputError(f"`p` must lie in [0, 1], got {p}.")
        above = bisect_right(self.quantiles, p)  # index of the first quantile above p
        if above == 0:
            return 0.0
        if above == QUANTILES:
            return 100.0
        low, high = self.quantiles[above - 1 : above + 1]
        return above - 1 + (p - low) / (high - low)

    def band(self, p: float) -> Band:
        """Return the band of p; a p on a limit belongs to the better band.

        Raises:
            InputError: If p is not in [0, 1].
        """
        return BANDS[bisect_right(BAND_LIMITS, self.percentile(p))]

    def limits(self) -> dict[Band, tuple[float, float]]:
        """Return for each band the p at which it begins and the p at which the next one does."""
        edges = (0.0, *(self.quantiles[percent] for percent in BAND_LIMITS), 1.0)
        return dict(zip(BANDS, pairwise(edges), strict=True))

    def to_json(self) -> dict[str, Any]:
        """Return the scale, ready for `json.dumps`."""
        return {"data": self.data, "count": self.count, "quantiles": list(self.quantiles)}

    @classmethod
    def from_json(cls, value: Any) -> ReferenceScale:
        """Read what `to_json` gave.

        Raises:
            WeightsError: If it is anything else, or breaks a rule of the record.
        """
        if not isinstance(value, dict) or not {"data", "count", "quantiles"} <= value.keys():
            raise WeightsError(f"A reference scale is an object with data, count and quantiles, not {value!r:.80}.")
        data, count, quantiles = value["data"], value["count"], value["quantiles"]
        if not isinstance(data, str) or type(count) is not int or not isinstance(quantiles, list):
            raise WeightsError(f"A reference scale needs text, an integer and a list, got {value!r:.80}.")
        if not all(type(quantile) in (int, float) for quantile in quantiles):  # a bool is no quantile
            raise WeightsError("The quantiles of a reference scale must be numbers.")
        try:
            return cls(data=data, count=count, quantiles=tuple(float(quantile) for quantile in quantiles))
        except InputError as error:
            raise WeightsError(f"The reference scale is not valid: {error}") from error


def _quantile(ordered: list[float], share: float) -> float:
    """Return the quantile by straight line between neighbours of the sorted scores, rounded for reading."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (place - low), _DIGITS)


def band_of(p: float, *, reference: ReferenceScale | None, flags: tuple[str, ...] = ()) -> Band | None:
    """Return the band of a picture: None without a reference, and `bad` for one with flags.

    A flagged picture is `bad` whatever its p: the ceiling of its p is one plain number for all
    presets, and in a preset whose scores are low it may reach into a better band.

    Raises:
        InputError: If p is not in [0, 1].
    """
    if reference is None:
        return None
    return BANDS[0] if flags else reference.band(p)

"""What the images of n labelled rows say to their prompts, before temperature and bounds.

A margin is how much more like the image a text is than ""; eq. (5)'s score is ``sigmoid(scale * margin)``,
averaged over the parts of a text. So the scores of any temperature come from margins alone, and no
image is encoded again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from aqmap.matching import Matches
    from aqmap.reading import Reading

Floats = NDArray[np.float64]
Margins = tuple[float, ...]
"""Of one text, a part each."""


@dataclass(frozen=True, kw_only=True)
class RowEvidence:
    """One image and its prompt; only phrases that can be judged."""

    label: float
    """What people say of it; more is better."""
    picture: str
    """Equal where two rows show one picture."""
    prompt: Margins
    nouns: tuple[Margins, ...]
    """For each phrase that of its noun."""
    phrases: tuple[Margins, ...]
    """For each phrase that of all its words."""
    missing: tuple[bool, ...] | None = None
    """For each phrase whether its noun is really missing; None where nobody looked."""

    @classmethod
    def collect(
        cls,
        reading: Reading,
        matches: Matches,
        *,
        label: float,
        picture: str,
        missing: tuple[bool, ...] | None = None,
    ) -> RowEvidence:
        """Return what counts of one image's matches with the texts of a reading.

        Args:
            reading: The prompt taken apart.
            matches: Of its `texts`.
            label: Of the row.
            picture: Of the row.
            missing: For each phrase of the reading; None where nobody looked.
        """
        judged = [index for index, reason in enumerate(reading.reasons) if reason is None]
        return cls(
            label=label,
            picture=picture,
            prompt=matches.margins[0],
            nouns=tuple(matches.margins[1 + 2 * index] for index in judged),
            phrases=tuple(matches.margins[2 + 2 * index] for index in judged),
            missing=None if missing is None else tuple(missing[index] for index in judged),
        )


class Texts(NamedTuple):
    """T texts in P parts, in one array."""

    parts: Floats
    """Margins, shape (P,)."""
    counts: NDArray[np.intp]
    """Parts of each text, shape (T,)."""

    @classmethod
    def join(cls, texts: Sequence[Margins]) -> Texts:
        """Lay texts end to end."""
        return cls(np.array(list(chain.from_iterable(texts)), np.float64), np.array(list(map(len, texts)), np.intp))

    def scores(self, scale: float) -> Floats:
        """Return the scores of eq. (5) at one temperature, shape (T,), in [0, 1]."""
        if not len(self.counts):
            return np.zeros(0)
        starts = np.cumsum(self.counts) - self.counts
        sigmoids = np.exp(-np.logaddexp(0, -scale * self.parts))  # neither overflows nor rounds to 0
        scores: Floats = np.add.reduceat(sigmoids, starts) / self.counts
        return scores


class Evidence:
    """All rows in arrays, so that a search over temperatures and bounds takes seconds."""

    def __init__(self, rows: Sequence[RowEvidence]) -> None:
        """Lay the rows' margins end to end; J phrases in all."""
        self.rows = tuple(rows)
        self.labels: Floats = np.array([row.label for row in rows], np.float64)
        """Shape (n,)."""
        self.owners: NDArray[np.intp] = np.repeat(np.arange(len(rows)), [len(row.phrases) for row in rows])
        """Shape (J,): the row of each phrase."""
        self._prompts = Texts.join([row.prompt for row in rows])
        self._nouns = Texts.join([noun for row in rows for noun in row.nouns])
        self._phrases = Texts.join([phrase for row in rows for phrase in row.phrases])

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, places: Sequence[int]) -> Evidence:
        """Return the rows at these places."""
        return Evidence([self.rows[place] for place in places])

    def phrase_scores(self, scale: float) -> Floats:
        """Return a_h of every phrase, shape (J,)."""
        return self._phrases.scores(scale)

    def noun_scores(self, scale: float) -> Floats:
        """Return a_n of every phrase's noun, shape (J,)."""
        return self._nouns.scores(scale)

    def prompt_scores(self, scale: float) -> Floats:
        """Return g of eq. (8), shape (n,)."""
        return self._prompts.scores(scale)

    def alignments(self, prompts: Floats, phrases: Floats, beta: float) -> Floats:
        """Return a of eq. (8), shape (n,), from g (n,) and a_h (J,)."""
        scores = prompts.copy()
        np.multiply.at(scores, self.owners, np.minimum(phrases / beta, 1))
        return scores

    def lowest_nouns(self, scale: float) -> Floats:
        """Return the lowest a_n of each row, shape (n,); nan where no phrase of it can be judged."""
        lowest = np.full(len(self), np.inf)
        np.minimum.at(lowest, self.owners, self.noun_scores(scale))
        return np.where(np.isinf(lowest), np.nan, lowest)

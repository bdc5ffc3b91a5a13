"""Rows whose labels follow known numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from aqmap.fitting.evidence import RowEvidence

MakeRows = Callable[..., list[RowEvidence]]


def make_rows(
    count: int, *, temperature: float, beta: float, noise: float = 0.0, phrases: int = 4, seed: int = 0
) -> list[RowEvidence]:
    """Return rows of 1 to `phrases` phrases, labelled by eq. (8) at these numbers."""
    chance = np.random.default_rng(seed)
    rows = []
    for index in range(count):
        prompt, *margins = chance.normal(0.0, 0.08, 1 + int(chance.integers(min(phrases, 1), phrases + 1))).tolist()
        scores = 1 / (1 + np.exp(-temperature * np.array([prompt, *margins])))
        label = np.log(scores[0]) + np.log(np.minimum(scores[1:] / beta, 1)).sum() + noise * chance.normal()
        texts = tuple((margin,) for margin in margins)
        rows.append(
            RowEvidence(label=float(label), picture=f"{seed}.{index}", prompt=(prompt,), nouns=texts, phrases=texts)
        )
    return rows


@pytest.fixture
def planted_rows() -> MakeRows:
    return make_rows

"""Which temperature and beta suit labelled rows best.

SRCC asks for the order of the scores alone, and a temperature keeps the order of every single text. It
matters because eq. (8) multiplies the prompt's score with those of phrases: the higher the temperature,
the more one bad phrase outweighs a good whole. Where no phrase can be judged, every temperature is as
good as any other.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from aqmap.fitting.agreement import rank_correlation
from aqmap.fitting.evidence import Evidence, Floats

DOUBT = 0.5
"""How much better a choice must be than one nearer to the start, in standard errors of SRCC or of Youden's J.

Measured on made-up rows, 80 to choose by, labels with as much noise as signal: where the start was right, the
choice lost 0.0005 of SRCC on fresh rows without noise, and 0.017 if it was simply the best; where the start was
wrong, it gained 0.044, and 0.059 if it was simply the best.
"""
STEPS = 4
"""Temperatures that are tried in each doubling."""
DOUBLINGS = 3
"""How far they reach from the start, up and down: from an eighth to eight times."""
LEVELS = 40
"""Quantiles of the phrases' scores that are tried as beta: beyond the scores themselves it changes nothing."""
LOWEST_BETA = 1e-4


class Numbers(NamedTuple):
    """What a fit chooses."""

    temperature: float
    beta: float
    a_bound: float


def choose_scale(evidence: Evidence, start: Numbers) -> Numbers:
    """Return `start` with the temperature and beta whose scores have the best SRCC with the labels.

    Of those that are as good but for `DOUBT`, the ones nearest to the start are taken, by ratio.
    """
    tried: list[tuple[float, Numbers]] = []
    for step in range(-STEPS * DOUBLINGS, STEPS * DOUBLINGS + 1):
        temperature = float(f"{start.temperature * 2 ** (step / STEPS):.4g}") if step else start.temperature
        prompts, phrases = evidence.prompt_scores(temperature), evidence.phrase_scores(temperature)
        for beta in _betas(phrases, start.beta):
            srcc = rank_correlation(evidence.alignments(prompts, phrases, beta), evidence.labels)
            tried.append((srcc, start._replace(temperature=temperature, beta=beta)))
    best = max(srcc for srcc, _ in tried)
    enough = best - DOUBT * (1 - best**2) / math.sqrt(len(evidence) - 1)
    return min((numbers for srcc, numbers in tried if srcc >= enough), key=lambda one: _distance(one, start))


def _betas(phrases: Floats, start: float) -> list[float]:
    quantiles = np.quantile(phrases, np.linspace(0, 1, LEVELS + 1)).round(4).tolist() if len(phrases) else []
    return sorted({start, 1.0, *(max(LOWEST_BETA, value) for value in quantiles)})


def _distance(one: Numbers, start: Numbers) -> tuple[float, float]:
    """Return how far numbers are from the start; the second decides where two are as far."""
    return (
        abs(math.log(one.temperature / start.temperature)) + abs(math.log(one.beta / start.beta)),
        one.temperature,
    )

"""Strengths of both stages, the factors of eq. (9), and the steps that fit a strength, eq. (10).

A strength is a level of noise in [0, 1]: 0 leaves the picture as it is, 1 starts from pure noise.
"""

from __future__ import annotations

from grefine_core import InputError

STRENGTH_RANGE = (0.1, 0.95)
"""Limits of stage 1: below `DELTA` the strong stage would be the milder one, and at 1 the picture
itself would no longer be looked at."""
MISSING_STRENGTH = 0.95
"""For an object that is not there: what is in its place must not survive, however good it looks."""
WORDS_STRENGTH = 0.5
"""Least strength that lets words change what is seen: below it the coarse shapes and colours of what is
there survive. A backend that may not be asked for as much is not asked to put a failing phrase right."""
DELTA = 0.1
"""Strength of stage 2; the paper only says "extremely small"."""
NOISE_LEVELS = 1000
"""Levels that the diffusion models in use were trained with; a strength below one level is none."""


def stage1_strength(p: float, a: float, *, literal: bool = False) -> float:
    """Return ``1 - (p + a) / 2``, within `STRENGTH_RANGE`: the worse the image, the stronger.

    Args:
        p: Perceptual score in [0, 1], 1 is good.
        a: Alignment score in [0, 1], 1 is good.
        literal: Use ``(p + a) / 2`` as eq. (9) prints it, within the same limits: it changes good
            images the most, against the words around it.

    Raises:
        InputError: If a score lies outside [0, 1] or is nan.
    """
    for name, score in (("p", p), ("a", a)):
        if not 0 <= score <= 1:  # nan fails here too
            raise InputError(f"The score `{name}` must lie in [0, 1], got {score}.")
    goodness = (p + a) / 2
    low, high = STRENGTH_RANGE
    return min(high, max(low, goodness if literal else 1 - goodness))


def denoising_steps(steps: int, strength: float) -> int:
    """Return how many denoising operations really run: `steps`, or fewer where levels run out.

    A strength of s leaves ``1000 * s`` levels of noise to come down from, and each step needs one
    of its own: 10 steps at strength 0.004 are 4, and a strength below 0.001 is none at all.

    Raises:
        InputError: If `strength` lies outside [0, 1] or `steps` is negative.
    """
    if not 0 <= strength <= 1:
        raise InputError(f"`strength` must lie in [0, 1], got {strength}.")
    if steps < 0:
        raise InputError(f"`steps` must not be negative, got {steps}.")
    return min(steps, int(strength * NOISE_LEVELS + 1e-6))  # 1 - 0.9 is 0.1 less a rounding error

"""Perceptual quality of tokens: pair scores and the cask effect, eq. (2) and (3) of G-Refine.

Tokens are the rows of the paper's F: the whole image first, then its patches. Four factors, in
the order of `FACTORS`. Scores have no unit, lie in [0, 1], and 1 is good.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from grefine_core import InputError, cask

FACTORS = ("overall", "technical", "rationality", "naturalness")
"""Index 0 is what eq. (3) multiplies; 1-3 can only lower it."""
ALPHA = (0.935 * 1.0, 0.892 * 0.6, 0.826 * 0.8)
"""Bounds of factors 1-3: average preference x bound of the reference code; eq. (3) prints none."""


def raw_scores(tokens: Tensor, text: Tensor, *, temperature: float | Tensor) -> Tensor:
    """Return L_raw: how far each token leans to the positive text of each pair.

    The softmax over a pair is the sigmoid of the scaled difference, so one product with the
    differences does both texts at once.

    Args:
        tokens: Shape (..., D), floating, L2-normalised over D.
        text: Shape (K, 2, D), [positive, negative] of each of K pairs; 4 for the factors.
        temperature: s_p of the preset, above 0; a 0-d tensor where it is being learned.

    Returns:
        Shape (..., K), float32, in [0, 1].

    Raises:
        InputError: If `text` is not (K, 2, D) with the D of `tokens`.
    """
    if text.ndim != 3 or text.shape[1:] != (2, tokens.shape[-1]):
        raise InputError(f"`text` must have shape (K, 2, {tokens.shape[-1]}), got {tuple(text.shape)}.")
    difference = (text[:, 0] - text[:, 1]).float()  # (K, D)
    return torch.sigmoid(temperature * (tokens.float() @ difference.T))  # float16 would tie images near 1


def combine_factors(raw: Tensor, *, alpha: Sequence[float] = ALPHA) -> Tensor:
    """Return L_per: ``raw[..., 0] * prod_i min(raw[..., i] / alpha[i - 1], 1)`` for i = 1, 2, 3.

    A factor at or above its bound changes nothing; one below it can only lower the result.

    Args:
        raw: Shape (..., 4), floating, in [0, 1].
        alpha: Three bounds in (0, 1].

    Returns:
        Shape (...), float32, in [0, 1].

    Raises:
        InputError: If the shape, a value (nan included) or a bound breaks the above.
    """
    if raw.ndim == 0 or raw.shape[-1] != len(FACTORS):
        raise InputError(f"`raw` must have shape (..., {len(FACTORS)}), got {tuple(raw.shape)}.")
    if not ((raw >= 0) & (raw <= 1)).all():  # nan fails here too
        raise InputError("`raw` must lie in [0, 1] and hold no nan; were logits passed?")
    raw = raw.float()
    return raw[..., 0] * cask(raw[..., 1:], bounds=alpha)

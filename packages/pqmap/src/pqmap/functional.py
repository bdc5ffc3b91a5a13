"""Perceptual quality of tensors, eq. (3), with gradients: for losses, metrics and the assessor alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from grefine_core import ImageFeatures, InputError, check_images
from pqmap.perception import ALPHA, combine_factors, raw_scores
from pqmap.results import TokenQuality, split_tokens

if TYPE_CHECKING:
    from pqmap.assessor import PerceptionAssessor


def perceptual_quality(images: Tensor, assessor: PerceptionAssessor) -> TokenQuality:
    """Return the quality of images, differentiable with respect to them.

    The encoder's and the texts' weights are frozen; ``(1 - perceptual_quality(x, assessor).score).mean()``
    is a loss. Pictures without content are not flagged here: a flag has no gradient.

    Args:
        images: Shape (B, 3, H, W), floating, sRGB in [0, 1], any device; clamp what an optimiser made.
        assessor: Of `pqmap.load`.

    Raises:
        InputError: If shape, dtype or range are wrong, or the assessor reads no tensors (`official`).
    """
    check_images(images)
    if not assessor.differentiable:
        raise InputError("This preset takes its pictures through 8-bit files, which have no gradient.")
    features = assessor.encoder.encode_image(images.to(assessor.encoder.device))
    pairs = assessor.pairs
    return quality_of_features(features, assessor.text, temperature=pairs.temperature, alpha=pairs.alpha)


def quality_of_features(
    features: ImageFeatures, text: Tensor, *, temperature: float, alpha: Sequence[float] = ALPHA
) -> TokenQuality:
    """Return eq. (3) of what an encoder said of B images.

    Args:
        features: L2-normalised.
        text: Shape (4, 2, D), L2-normalised, [positive, negative] of each factor.
        temperature: s_p of eq. (2).
        alpha: Three bounds in (0, 1].

    Raises:
        InputError: If a shape does not fit, or a feature is not finite.
    """
    tokens = features.tokens()  # (B, 1 + N, D)
    if not tokens.isfinite().all():
        raise InputError("The encoder gave no finite features for this picture.")
    raw = raw_scores(tokens, text, temperature=temperature)  # (B, 1 + N, 4)
    combined = combine_factors(raw, alpha=alpha)[..., None]  # (B, 1 + N, 1)
    gh, gw = features.patches.shape[1:3]
    score, grid = split_tokens(combined, (gh, gw))
    raw_whole, raw_grid = split_tokens(raw, (gh, gw))
    return TokenQuality(score=score[:, 0], grid=grid[:, 0], raw=raw_whole, raw_grid=raw_grid)

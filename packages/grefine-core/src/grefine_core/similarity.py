"""Which text is where: similarities of tokens and texts, with what all texts share taken out.

B images, N = gh * gw patches, T texts, D joint dimensions; row 0 of the tokens is the whole image. See
Li et al., CLIP Surgery (arXiv:2304.05653), section 3.3, on features that light up for every text.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from grefine_core.errors import InputError

_SHARPNESS = 2.0
"""Scale of the softmax over texts that weighs them, as in the reference code."""


def cosine_similarity(tokens: Tensor, text: Tensor) -> Tensor:
    """Return similarities (B, 1 + N, T) of tokens (B, 1 + N, D) and texts (T, D), both L2-normalised.

    Raises:
        InputError: If the shapes do not fit each other.
    """
    if tokens.ndim != 3 or text.ndim != 2 or tokens.shape[-1] != text.shape[-1]:
        raise InputError(
            f"`tokens` must be (B, 1 + N, D) and `text` (T, D), got {tuple(tokens.shape)} and {tuple(text.shape)}."
        )
    return tokens @ text.T


def remove_redundancy(tokens: Tensor, text: Tensor, *, redundant: Tensor | None = None) -> Tensor:
    """Return similarities (B, 1 + N, T) without what tokens say to any text.

    Given `redundant`, the feature of a text without meaning such as "", it is subtracted from each text.
    Otherwise the mean over the texts is subtracted, each weighed by how much the whole image agrees with
    it. With fewer than two texts that mean is all there is.

    Args:
        tokens: Shape (B, 1 + N, D), L2-normalised.
        text: Shape (T, D), L2-normalised.
        redundant: Shape (D,) or (1, D), L2-normalised, or None.

    Raises:
        InputError: If shapes do not fit, or there is one text and no `redundant`.
    """
    if redundant is not None:
        return cosine_similarity(tokens, text - redundant.reshape(1, -1))
    if len(text) < 2:
        raise InputError("One text shares nothing with others: give two or more, or `redundant`.")
    similarity = cosine_similarity(tokens, text)
    weight = torch.softmax(_SHARPNESS * similarity[:, :1], dim=-1)  # (B, 1, T)
    weighed = similarity * (weight / weight.mean(dim=-1, keepdim=True))
    return weighed - weighed.mean(dim=-1, keepdim=True)


def stretch(grids: Tensor) -> Tensor:
    """Return grids (..., gh, gw), each stretched to [0, 1]; one without contrast gives zeros."""
    low, high = grids.amin(dim=(-2, -1), keepdim=True), grids.amax(dim=(-2, -1), keepdim=True)
    return (grids - low) / torch.where(high > low, high - low, torch.ones_like(high))


def stretched_maps(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring grids (B, gh, gw) to pictures (B, H, W), each stretched to [0, 1]: for looking at, not for deciding.

    Bilinear, as the reference code. A grid without contrast gives zeros, where that code gives nan.
    """
    stretched = stretch(values)[:, None].float()
    return functional.interpolate(stretched, size=size, mode="bilinear", align_corners=False)[:, 0]

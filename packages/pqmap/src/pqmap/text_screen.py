"""Tell a screen full of text: an error message, a terminal, a page of a document.

Broken generators and refused requests return such pictures, and encoders find them sharp and clean.
Text has a shape that is told without reading it: on a plain ground, ink lies in low bands of one
height, and within a band it comes and goes about once for each letter. A picture is cut into a few
upright strips, so that ragged lines and columns do no harm, and each strip into its bands; whatever
ink is in no such band (a line drawing, a frame of a comic, an object) speaks against text.

Set on 350 screens drawn by program in five fonts, ten pairs of colours, seven sizes and four layouts
(343 found at 448 px, 255 at 224 px, where small letters run together), against 1,098 clean pictures,
2,874 cut-outs on white, comics with speech bubbles, posters, charts, sheets of small pictures, patterns
and scribbles (60 of each): one poster was taken for text, whose picture had the colour of its ground.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

MIN_SIDE = 96
"""Lines of text on a smaller picture run together."""
MIN_CONTRAST = 0.1
"""Between ground and ink, in the channel where it is largest."""
MIN_GROUND = 0.55
"""Share of the picture that has the colour of the ground."""
INK = 0.4
"""A pixel is ink from this share of the contrast on, and ground below half of it."""
STRIPS = 5
BAND = 0.25
"""Rows belong to a band where they hold at least this share of the strip's fullest row."""
TALLEST = 0.06
"""Height of the tallest line of text, as a share of the picture's longer side."""
WIDEST = 2.6
"""A line of text is at least this many times as wide as high in a strip."""
STROKES = 0.5
"""Least number of strokes along a row, in a stretch as long as the band is high."""
MEAN_STROKES = 0.75
"""The same, on average over the ink of all lines: letters are narrower than high, patterns mostly not."""
MIN_FILLED = 0.25
"""Share of a line that is ink, on average; below it are scribbles of a thin pen."""
MIN_LINES = 3
"""Below this a wordmark or a poster with a title would be taken for a screen of text."""
MIN_SHARE = 0.75
"""Share of all ink that must lie in lines of text."""


class _Bands(NamedTuple):
    """Bands of ink, one entry each, strip by strip."""

    strip: Tensor
    height: Tensor
    strokes: Tensor
    """Mean number of strokes along a row."""
    width: Tensor
    """From the first ink to the last."""
    ink: Tensor
    """Number of pixels."""


def is_text_screen(pixels: Tensor) -> bool:
    """Tell whether a picture (3, h, w) in [0, 1] shows lines of text on a plain ground and nothing else.

    It needs at least `MIN_LINES` lines, on a picture with sides of at least `MIN_SIDE`.
    """
    height, width = pixels.shape[1:]
    if min(height, width) < MIN_SIDE:
        return False
    ground = pixels[:, ::2, ::2].flatten(1).median(1).values
    distance = (pixels - ground[:, None, None]).abs().amax(0)  # (h, w)
    contrast = float(distance[::2, ::2].flatten().kthvalue(round(0.995 * distance[::2, ::2].numel())).values)
    if contrast < MIN_CONTRAST or float((distance < INK / 2 * contrast).float().mean()) < MIN_GROUND:
        return False
    bands = _find_bands((distance / contrast).clamp(max=1))
    text = (
        (bands.height >= 2)
        & (bands.height <= TALLEST * max(height, width))
        & (bands.width >= WIDEST * bands.height)
        & (bands.strokes * bands.height >= STROKES * bands.width)
    )
    lines = torch.bincount(bands.strip[text], minlength=STRIPS).max()
    if lines < MIN_LINES or bands.ink[text].sum() < MIN_SHARE * bands.ink.sum():
        return False
    weight = bands.ink[text] / bands.ink[text].sum()
    density = (weight * (bands.strokes * bands.height / bands.width)[text]).sum()
    filled = (weight * (bands.ink / (bands.height * bands.width))[text]).sum()
    return bool(density >= MEAN_STROKES and filled >= MIN_FILLED)


def _find_bands(strength: Tensor) -> _Bands:
    """Cut ink of strength (h, w) in [0, 1] into strips, and these into bands."""
    height, width = strength.shape
    step = width // STRIPS
    strips = strength[:, : STRIPS * step].reshape(height, STRIPS, step).transpose(0, 1)  # (S, h, step)
    ink = strips > INK
    rows = torch.where(strips < 0.15, 0, strips).mean(2)  # (S, h); JPEG ringing is no ink
    inside = rows > (BAND * rows.amax(1, keepdim=True)).clamp(min=0.5 / step)
    starts = inside.clone()
    starts[:, 1:] &= ~inside[:, :-1]
    strip = torch.arange(STRIPS)[:, None].expand(STRIPS, height)[starts]
    band = (starts.flatten().cumsum(0) - 1)[inside.flatten()]

    def total(values: Tensor) -> Tensor:
        return torch.zeros(len(strip)).index_add(0, band, values[inside].float())

    place = torch.arange(step)
    first, last = torch.where(ink, place, step).amin(2), torch.where(ink, place, -1).amax(2)
    extent = (last - first + 1).clamp(min=0)[inside].float()
    strokes = (ink[:, :, 1:] & ~ink[:, :, :-1]).sum(2) + ink[:, :, 0]
    tall = total(torch.ones_like(rows))
    return _Bands(
        strip=strip,
        height=tall,
        strokes=total(strokes) / tall,
        width=torch.zeros(len(strip)).scatter_reduce(0, band, extent, "amax"),
        ink=total(ink.sum(2)),
    )

"""Pictures that no quality score applies to: one colour, noise, a screen of text, a few pixels.

Plain statistics of the pixels, the same for every encoder. An encoder that never saw such a
picture can score it anyhow, so each one found gets a flag, and its score is limited to `CEILING`.

The thresholds below were set on 1,098 clean pictures (photographs, generated pictures, wallpapers,
drawings, cut-outs) and 640 degenerate ones drawn by program, all at 448 and at 224 px; each states how
far the nearest picture on either side was. No clean picture got a flag, and no photograph under noise
(187). Found were all flat, black, white and noise pictures but noise in blocks of 4 pixels and
more, which is a mosaic (30 of 33 missed at 448 px); of screens of text, 343 of 350 at 448 px, 255 at 224 px.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from grefine_core.images import resize
from pqmap.text_screen import is_text_screen

FLAGS = ("tiny", "flat", "black", "white", "noise", "text-screen")
"""All that `find_flags` can find, in the order in which it names them."""
CEILING = 0.1
"""Highest score, and highest value of the map, of a picture with a flag.

Not 0, which would say that the worst damage was measured, and would tie all flagged pictures: below
the ceiling they keep the order of their own scores. A plain number, so that it means the same for
pairs without a reference set.
"""
WORK_SIDE = 448
"""Pictures are looked at with at most this longer side, whatever the encoder takes."""
TINY_SIDE = 32
"""A picture with a shorter side below this is tiny.

Photographs brought down to N pixels, clean and with four kinds of damage, scored by `mini`: at
32 x 21 the clean one is above its damaged version in 50% of pairs, which is chance, at 48 x 32 in
75%, at 128 x 85 in all.
"""
POOL = 4
"""Colours are judged on means of 4 x 4 pixels: an eighth of the noise of JPEG blocks and sensors remains."""
FEW = 0.005
"""Share of a picture that may differ, such as a speck or a line at the rim."""
FLAT_STEP = 12 / 255
"""Flat: all but `FEW` within this of the median colour, in each channel.

Flat pictures with JPEG artefacts and noise reach 8 / 255; the plainest clean picture, a 3d
wallpaper, is at 27 / 255, and a gradient over 49 / 255 from end to end, which is not flat, at 24 / 255.
"""
DARK = 24 / 255
"""Black: all but `FEW` below this in each channel; white: all but `FEW` above 1 - this.

Black and white pictures with noise and JPEG artefacts reach 5 / 255; the darkest clean picture is at
104 / 255, the brightest (a small cut-out on white) at 67 / 255.
"""
NOISE_SPREAD = 3 / 255
"""A standard deviation below this is the rounding of a flat picture, not noise."""
NOISE_FINE = 0.65
NOISE_COARSE = 0.33
"""Noise: neighbours correlate below `NOISE_FINE`, and below `NOISE_COARSE` at each of `NOISE_SCALES`.

A photograph correlates at every scale. Noise of single pixels, brought to size and pressed by JPEG,
reaches 0.39 between pixels and 0.18, 0.15 and 0.24 between means of 2, 4 and 8 pixels; in blocks of
2 pixels, 0.61 and the same. Clean pictures stay at 0.70, 0.62, 0.49 and 0.52 or above; gravel and
grass, the hardest textures tried, at 0.77, 0.58, 0.43 and 0.23, so that one scale would not do. A
photograph under noise of a standard deviation of 20 to 100 of 255 keeps 0.43 at 8 pixels: what is
left of the picture shows through.
"""
NOISE_SCALES = (2, 4, 8)
CHECKER = -0.25
"""Neighbours below this are pixel by pixel opposites; the least clean picture is at 0.70."""
MIN_SAMPLES = 8
"""Means along a side from which a correlation is worth taking."""


def find_flags(pixels: Tensor, size: tuple[int, int]) -> tuple[str, ...]:
    """Return what makes a picture one that no quality score applies to; () for any real picture.

    Deterministic, safe in threads, and a matter of milliseconds.

    Args:
        pixels: Shape (1, 3, h, w), floating, in [0, 1]: the picture as the encoder is given it.
        size: Height and width of the picture itself; enlarging must not hide noise.
    """
    work = _at_work_size(pixels.detach().float().cpu(), size)
    colours = _pooled(work, POOL).flatten(2)[0]  # (3, n)
    flags = {
        "tiny": min(size) < TINY_SIDE,
        "flat": _nearly_all(colours - colours.median(1, keepdim=True).values) < FLAT_STEP,
        "black": _nearly_all(colours) < DARK,
        "white": _nearly_all(1 - colours) < DARK,
        "noise": _is_noise(work[0]),
    }
    flags["text-screen"] = not any(flags.values()) and is_text_screen(work[0])
    return tuple(name for name in FLAGS if flags[name])


def _at_work_size(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring the picture back to its own size where it was enlarged, and to `WORK_SIDE` where it is larger."""
    shrink = min(1.0, WORK_SIDE / max(pixels.shape[2:]))
    height, width = (max(1, min(round(now * shrink), own)) for now, own in zip(pixels.shape[2:], size, strict=True))
    return resize(pixels, (height, width))


def _pooled(pixels: Tensor, scale: int) -> Tensor:
    """Return means of squares of `scale` pixels; a side that is shorter than that becomes 1."""
    return functional.avg_pool2d(pixels, [min(scale, side) for side in pixels.shape[2:]])


def _nearly_all(values: Tensor) -> float:
    """Return the bound that all but `FEW` columns of |values| (3, n) keep in every channel."""
    largest = values.abs().amax(0)
    rank = max(1, round((1 - FEW) * len(largest)))
    return float(largest.kthvalue(rank).values)


def _is_noise(pixels: Tensor) -> bool:
    """Tell whether (3, h, w) is noise and nothing else, in gray or in colour."""
    if pixels.flatten(1).std(1, correction=0).square().mean().sqrt() < NOISE_SPREAD:
        return False
    fine = _neighbours(pixels)
    if fine is None or fine >= NOISE_FINE:
        return False
    if fine < CHECKER:
        return True
    coarse = [_neighbours(_pooled(pixels[None], scale)[0]) for scale in NOISE_SCALES]
    return all(value < NOISE_COARSE for value in coarse if value is not None)


def _neighbours(pixels: Tensor) -> float | None:
    """Return the correlation of neighbours along rows or columns, whichever is higher; None if there are too few."""
    centred = pixels - pixels.mean((1, 2), keepdim=True)  # channel by channel: a tint is no structure
    variance = float(centred.square().mean())
    sides = [axis for axis in (1, 2) if pixels.shape[axis] >= MIN_SAMPLES]
    if not sides or variance == 0:
        return None
    return max(_covariance(centred.transpose(axis, 2)) for axis in sides) / variance


def _covariance(centred: Tensor) -> float:
    """Return the mean product of each value and the next along the last axis."""
    return float((centred[..., 1:] * centred[..., :-1]).mean())

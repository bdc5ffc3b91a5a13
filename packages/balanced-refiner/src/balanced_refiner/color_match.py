"""Undo a colour cast of a repainted window: its surroundings should look as they did.

A backend shows the whole window again, also what it was not asked to repaint. Where that differs
from the picture by one gain and one offset a channel, the repair inside has the same cast, and
pasting it would leave a patch of another shade.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

RING = 1 / 16
"""Width of the ring around the repainted pixels, as a share of the window's side."""
MIN_PIXELS = 64
"""Smaller rings say little of a colour: a fit would follow their noise."""
MAX_CAST = 0.1
"""Largest shift of a mean colour, of 1, that counts as a cast. A backend that is off by more has
painted other surroundings, and what is inside need not be wrong in the same way."""
GAINS = (0.8, 1.25)
"""Contrast that is put right at most."""
LEAST_GAIN = 0.25 / 255
"""By how much the mean difference on the ring must fall to be worth it: a quarter of a level."""
LEAST_SHARE = 0.1
"""Share of the ring's difference that a cast must explain. Of 16 repairs by the mini model, whose
surroundings come back blurred rather than tinted, matching whatever fits made the mean colour of
the repair better in 9 and worse in 7, and with this share better in 6 and worse in 4."""
FLAT = 0.02
"""Standard deviation of a ring, of 1, below which its contrast cannot be told."""

_Line = tuple[float, float]
"""Gain and offset."""
_NEUTRAL = (1.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class ColorMatch:
    """What puts the colours of a repainted window right."""

    lines: tuple[_Line, _Line, _Line] = (_NEUTRAL, _NEUTRAL, _NEUTRAL)
    """Gain and offset of red, green and blue."""
    before: float = 0.0
    """Mean absolute difference on the ring, in [0, 1], as it came."""
    after: float = 0.0
    """The same with the gains and offsets; never more."""

    @property
    def neutral(self) -> bool:
        """Whether there is nothing to put right."""
        return self.lines == (_NEUTRAL, _NEUTRAL, _NEUTRAL)

    def apply(self, generated: Tensor) -> Tensor:
        """Return a window (3, S, S) in [0, 1] with the colours put right, within [0, 1]."""
        if self.neutral:
            return generated
        gains, offsets = torch.tensor(self.lines).to(generated).unbind(1)  # (3,) each
        return (gains[:, None, None] * generated + offsets[:, None, None]).clamp(0, 1)


def match_colors(generated: Tensor, source: Tensor, repainted: Tensor) -> ColorMatch:
    """Fit one gain and offset a channel on the ring around the repainted pixels.

    The fit resists outliers, such as the rim of the repair in the ring. A channel keeps its colours
    where the fit would not bring it nearer to the source, or has to shift it by more than
    `MAX_CAST`; all keep theirs where that would explain less than `LEAST_SHARE` of the difference.

    Args:
        generated: The window as repainted, shape (3, S, S), in [0, 1].
        source: The window as it was, the same shape.
        repainted: Shape (S, S), bool: where the backend was asked to repaint.
    """
    ring = _ring(repainted)
    if ring.sum() < MIN_PIXELS:
        return ColorMatch()
    shown = generated.double().cpu().numpy()[:, ring]  # (3, pixels)
    wanted = source.double().cpu().numpy()[:, ring]
    lines = [_fit(*channel) for channel in zip(shown, wanted, strict=True)]
    moved = [gain * x + offset for (gain, offset), x in zip(lines, shown, strict=True)]
    before, after = float(np.abs(wanted - shown).mean()), float(np.abs(wanted - np.stack(moved)).mean())
    if after > (1 - LEAST_SHARE) * before:
        return ColorMatch(before=before, after=before)
    return ColorMatch(lines=(lines[0], lines[1], lines[2]), before=before, after=after)


def _ring(repainted: Tensor) -> NDArray[np.bool_]:
    """Return the pixels (S, S) outside the repainted ones, but not far from them."""
    inside = repainted.cpu().numpy()
    if not inside.any():
        return np.zeros_like(inside)
    distance = ndimage.distance_transform_edt(~inside)
    ring: NDArray[np.bool_] = (distance > 0) & (distance <= max(1, RING * inside.shape[0]))
    return ring


def _fit(shown: NDArray[np.float64], wanted: NDArray[np.float64]) -> _Line:
    """Return the gain and offset of one channel; a gain only where it does better than an offset alone."""
    best, error = _NEUTRAL, float(np.abs(wanted - shown).mean())
    offset = float(np.median(wanted - shown))
    for line in ((1.0, offset), _sloped(shown, wanted, offset)):
        moved = line[0] * shown + line[1]
        left = float(np.abs(wanted - moved).mean())
        if left <= error - LEAST_GAIN and abs(float((moved - shown).mean())) <= MAX_CAST:
            best, error = line, left
    return best


def _sloped(shown: NDArray[np.float64], wanted: NDArray[np.float64], offset: float) -> _Line:
    """Return the least-squares line through what is no outlier, neutral if its gain is out of bounds."""
    rest = np.abs(wanted - shown - offset)
    inner = rest <= 3 * 1.4826 * np.median(rest) + LEAST_GAIN  # three standard deviations of a normal spread
    x, y = shown[inner], wanted[inner]
    if x.std() < FLAT:
        return _NEUTRAL
    gain = float(((x - x.mean()) * (y - y.mean())).mean() / x.var())
    if not GAINS[0] <= gain <= GAINS[1]:
        return _NEUTRAL
    return gain, float(np.median(wanted - gain * shown))

"""Our own indicators: p, a, and the map of CLIP Surgery as a number, all from one encoder.

p and a of one picture come from one assessment, whoever asks first.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from aqmap import AlignmentAssessor, normalise
from grefine.indicators.indicator import IndicatorInfo, Loading
from grefine.packs import check_packs, packs_digest
from grefine.pipeline import GRefiner
from grefine.results import Score
from grefine.settings import Settings
from grefine_core import InputError, QualityMap, tokens_to_map

APACHE = "Apache-2.0; the weights are those of the preset"
PRESET = "the installed preset (--preset)"
P = IndicatorInfo(
    key="p", title="PQ-Map", group="perceptual", licence=APACHE, weights=PRESET, low=0, high=1, gives_map=True
)
A = IndicatorInfo(
    key="a",
    title="AQ-Map",
    group="alignment",
    licence=APACHE,
    weights=PRESET,
    low=0,
    high=1,
    needs_prompt=True,
    gives_map=True,
)
SURGERY = IndicatorInfo(
    key="clip-surgery",
    title="CLIP Surgery",
    group="alignment",
    licence=APACHE,
    weights=PRESET,
    low=0,
    high=1,
    needs_prompt=True,
    gives_map=True,
)


class OwnModels:
    """A `GRefiner` that remembers the last picture and prompt that it assessed.

    Args:
        models: Assesses.
        weights: Digest of the weights behind it.
    """

    def __init__(self, models: GRefiner, *, weights: str = "") -> None:
        self.models, self.weights = models, weights
        self._last: tuple[Tensor, str, Score] | None = None

    @classmethod
    def load(cls, settings: Settings) -> OwnModels:
        """Load the models that the settings name; see `GRefiner.load`."""
        weights = packs_digest(check_packs(settings, diffusion=False))
        return cls(GRefiner.load(settings), weights=weights)

    def score(self, pixels: Tensor, prompt: str) -> Score:
        """Assess pixels (1, 3, H, W) in [0, 1], or return what was said of the very same before."""
        if self._last is None or self._last[1] != prompt or not _same(self._last[0], pixels):
            self._last = (pixels.clone(), prompt, self.models.score(pixels, prompt))
        return self._last[2]


def _same(left: Tensor, right: Tensor) -> bool:
    return left.shape == right.shape and torch.equal(left, right)


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnScore:
    """p or a; see `Indicator`."""

    info: IndicatorInfo
    models: OwnModels

    @property
    def name(self) -> str:
        """Indicator, preset, parser and weights."""
        settings = self.models.models.settings
        literal = ":literal" if settings.literal else ""
        return f"{self.info.key}:{settings.preset}:{settings.parser}{literal}:{self.models.weights}"

    def measure(self, pixels: Tensor, prompt: str) -> float:
        """Return the score in [0, 1]; 1 is good. p needs no prompt."""
        if self.info.key == P.key and not prompt.strip():
            return self.models.models.perceive(pixels).score
        score = self.models.score(pixels, prompt)
        return score.p if self.info.key == P.key else score.a


@dataclass(frozen=True, kw_only=True, eq=False)
class SurgeryScore:
    """The map of CLIP Surgery (arXiv:2304.05653) for the whole prompt, and its mean as a number.

    The map is eq. (5) for the prompt as one text: how much more like it than like "" each patch is. The
    authors give no number for a picture; its mean is the plainest one.
    """

    info: IndicatorInfo
    models: OwnModels

    @property
    def name(self) -> str:
        """Indicator, preset and weights."""
        return f"{self.info.key}:{self.models.models.settings.preset}:{self.models.weights}"

    def measure(self, pixels: Tensor, prompt: str) -> float:
        """Return the mean of the map over the patches, in [0, 1]; 0.5 is as like the prompt as like ""."""
        return float(self._grid(pixels, prompt).mean())

    def map(self, pixels: Tensor, prompt: str) -> QualityMap:
        """Return the map at the size of the picture, and its mean over the patches."""
        grid = self._grid(pixels, prompt)
        whole = tokens_to_map(grid[None], (pixels.shape[2], pixels.shape[3]))[0]
        return QualityMap(score=float(grid.mean()), map=whole, cells=grid.numel())

    def _grid(self, pixels: Tensor, prompt: str) -> Tensor:
        """Return (gh, gw)."""
        align = self.models.models.align
        if not isinstance(align, AlignmentAssessor):
            raise InputError(f"`{self.info.key}` needs an encoder, which these models do not show.")
        return align.matcher(pixels, [normalise(prompt).text]).grids[0]


def load_own(info: IndicatorInfo, loading: Loading) -> OwnScore | SurgeryScore:
    """Return one of the three; the models are loaded if nobody has done so."""
    kind = SurgeryScore if info.key == SURGERY.key else OwnScore
    return kind(info=info, models=loading.own())

"""Published scorers of a picture and a prompt, as `aqmap` loads them: CLIPScore, HPS, ImageReward, PickScore."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from aqmap.scorers.pairs import PairScorer
from grefine.indicators.indicator import IndicatorInfo, Loading
from grefine_core import InputError

IN_UNIT = ("pickscore",)
"""Whose value is the probability of being preferred to an average picture: the paper's PickScore lies in
[0, 1], where the model's own is near 20, and it does not say how. The others are on their authors' scales."""
_EXTRA = "aqmap[scorers]"
_HUB = "https://huggingface.co/"
CLIPSCORE = IndicatorInfo(
    key="clipscore",
    title="CLIPScore",
    group="alignment",
    licence="Apache-2.0; OpenAI's CLIP MIT",
    weights=f"{_HUB}timm/vit_base_patch32_clip_224.openai, downloaded once",
    low=-2.5,
    high=2.5,
    needs_prompt=True,
    package=_EXTRA,
)
IMAGE_REWARD = IndicatorInfo(
    key="imagereward",
    title="ImageReward",
    group="alignment",
    licence="Apache-2.0; BLIP BSD-3-Clause",
    weights=f"{_HUB}zai-org/ImageReward, downloaded once",
    needs_prompt=True,
    package=_EXTRA,
)
HPS = IndicatorInfo(
    key="hps",
    title="HPS",
    group="alignment",
    licence="code Apache-2.0; OpenAI's CLIP MIT",
    weights="hpc.pt as https://github.com/tgxs002/align_sd says: --weights hps=FILE",
    low=-1,
    high=1,
    needs_prompt=True,
    package=_EXTRA,
)
HPS_V2 = IndicatorInfo(
    key="hpsv2",
    title="HPSv2",
    group="alignment",
    licence="Apache-2.0; LAION's CLIP MIT",
    weights=f"{_HUB}xswu/HPSv2, downloaded once",
    low=-1,
    high=1,
    needs_prompt=True,
    package=_EXTRA,
)
PICK_SCORE = IndicatorInfo(
    key="pickscore",
    title="PickScore",
    group="alignment",
    licence="none named; LAION's CLIP MIT",
    weights=f"{_HUB}yuvalkirstain/PickScore_v1, downloaded once",
    low=0,
    high=1,
    needs_prompt=True,
    package=_EXTRA,
)
SCORERS = (CLIPSCORE, IMAGE_REWARD, HPS, HPS_V2, PICK_SCORE)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScorerIndicator:
    """A scorer of `aqmap`; see `Indicator`."""

    info: IndicatorInfo
    scorer: PairScorer

    @property
    def name(self) -> str:
        """Model and the beginning of its weights' sha256."""
        return self.scorer.name

    def measure(self, pixels: Tensor, prompt: str) -> float:
        """Return the value that the paper's tables have: on the authors' scale, or see `IN_UNIT`."""
        score = self.scorer.score if self.info.key in IN_UNIT else self.scorer.raw
        return float(score([pixels[0]], [prompt])[0])


def load_published(info: IndicatorInfo, loading: Loading) -> ScorerIndicator:
    """Load a scorer by the key of its info.

    Raises:
        InputError: If the extra is not installed or the device is absent.
        WeightsError: If the weights are absent and cannot be downloaded, altered, or of another model.
    """
    from aqmap.scorers.scorer import load_scorer

    scorer = load_scorer(f"{info.key}:{loading.weights}" if loading.weights else info.key, device=loading.device)
    if not isinstance(scorer, PairScorer):
        raise InputError(f"The scorer `{info.key}` has no scale of its own.")
    return ScorerIndicator(info=info, scorer=scorer)

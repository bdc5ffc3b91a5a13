"""G-Refine itself as an optimizer, with parts switched off for table 8, and the original pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from balanced_refiner import BalancedRefiner, RefineSettings
from grefine.indicators.own import OwnModels
from grefine.optimizers.optimizer import Building, OptimizerInfo
from grefine.packs import check_packs, packs_digest
from grefine.pipeline import refine_settings
from grefine.plain_prompts import PlainPrompts
from grefine.settings import Settings
from grefine_core import Assessment, QualityMap

APACHE = "Apache-2.0; the weights are those of the preset"
ORIGINAL = OptimizerInfo(key="original", title="Original Images", family="original", licence="that of the pictures")
OURS = OptimizerInfo(key="ours", title="G-Refine (Ours)", family="proposed", licence=APACHE)
NO_PQ = OptimizerInfo(key="no-pq", title="G-Refine, AQ alone", family="proposed", licence=APACHE)
NO_AQ = OptimizerInfo(key="no-aq", title="G-Refine, PQ alone", family="proposed", licence=APACHE)
NO_STAGE2 = OptimizerInfo(key="no-stage2", title="G-Refine, stage 1 alone", family="proposed", licence=APACHE)


@dataclass(frozen=True, kw_only=True, eq=False)
class Original:
    """Leaves pictures as they are; see `Optimizer`."""

    info: OptimizerInfo = ORIGINAL
    name: str = "original"

    def optimize(self, pixels: Tensor, prompt: str, *, seed: int) -> Tensor:  # noqa: ARG002 - all are asked alike
        """Return the picture."""
        return pixels


@dataclass(frozen=True, kw_only=True, eq=False)
class Ours:
    """The balanced refiner around our assessors; see `Optimizer`."""

    info: OptimizerInfo
    models: OwnModels
    settings: RefineSettings
    see: Callable[[Assessment], Assessment]
    """What the refiner is shown of an assessment; mask, strength and guard follow from it."""
    weights: str = ""

    @property
    def name(self) -> str:
        """Optimizer, and digests of the settings and of all weights."""
        return f"{self.info.key}:{settings_digest(self.models.models.settings)}:{self.weights}"

    def optimize(self, pixels: Tensor, prompt: str, *, seed: int) -> Tensor:
        """Refine a picture; without anything to repair it comes back as it is."""
        first, second = self.models.models.backends()
        refiner = BalancedRefiner(
            PlainPrompts(first, prompt),
            lambda seen, text: self.see(self.models.score(seen, text).assessment),
            self.settings,
            second=PlainPrompts(second, prompt) if second else None,
        )
        return refiner(pixels, prompt, seed=seed).pixels


def without_pq(assessment: Assessment) -> Assessment:
    """Return what is left without PQ-Map: no pixel looks bad, and a stands for p in eq. (9) and in the guard."""
    aq = assessment.aq
    return replace(assessment, pq=QualityMap(score=aq.score, map=torch.ones_like(aq.map)))


def without_aq(assessment: Assessment) -> Assessment:
    """Return what is left without AQ-Map: no phrase fails, and p stands for a."""
    pq = assessment.pq
    blind = QualityMap(score=pq.score, map=torch.ones_like(pq.map))
    return replace(assessment, aq=blind, defects=(), emphases=())


def load_ours(info: OptimizerInfo, building: Building) -> Ours:
    """Return G-Refine with the settings of the run, or one of its ablations."""
    settings = refine_settings(building.settings)
    if info.key == NO_STAGE2.key:
        settings = replace(settings, stage2="never")
    see = {NO_PQ.key: without_pq, NO_AQ.key: without_aq}.get(info.key, lambda assessment: assessment)
    weights = packs_digest(check_packs(building.settings))
    return Ours(info=info, models=building.own(), settings=settings, see=see, weights=weights)


def load_original(info: OptimizerInfo, building: Building) -> Original:  # noqa: ARG001 - all are loaded alike
    """Return the one that changes nothing."""
    return Original(info=info)


def settings_digest(settings: Settings) -> str:
    """Return the beginning of the sha256 of all settings but the device, which must not matter."""
    values = {key: value for key, value in settings.to_json().items() if key != "device"}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]

"""Restoration networks: files that spandrel reads, and Swin2SR as the hub publishes it. No prompt, no iterations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from balanced_refiner import Inpainter, StagePlan, stage2
from grefine.optimizers.optimizer import Building, OptimizerInfo
from grefine_core import InputError, pick_device

SWIN2SR = OptimizerInfo(
    key="swin2sr",
    title="Swin2SR",
    family="restoration",
    licence="Apache-2.0",
    source="caidas/swin2SR-classical-sr-x2-64",
)
REAL_ESRGAN = OptimizerInfo(key="real-esrgan", title="Real-ESRGAN", family="restoration", licence="BSD-3-Clause")
"""Not in the paper; any network of spandrel's, of the Real-ESRGAN family or another, by `--weights`."""
NO_PACKAGE = "no maintained package runs its weights"
RFDN = OptimizerInfo(
    key="rfdn",
    title="RFDN",
    family="restoration",
    licence="none named",
    absent=f"{NO_PACKAGE} (spandrel 0.4 does not know the architecture)",
)
DASR = OptimizerInfo(
    key="dasr",
    title="DASR",
    family="restoration",
    licence="none named",
    absent=f"{NO_PACKAGE}: the domain-distance aware training of CVPR 2021 lives in its repository alone",
)
STABLE_SR = OptimizerInfo(
    key="stablesr",
    title="StableSR",
    family="restoration",
    licence="S-Lab License 1.0, non-commercial",
    absent=f"{NO_PACKAGE}, and its licence is non-commercial",
)
FILES = (".pth", ".pt", ".safetensors")


@dataclass(frozen=True, kw_only=True, eq=False)
class Restoration:
    """A restoration network over whole pictures; see `Optimizer`."""

    info: OptimizerInfo
    network: Inpainter

    @property
    def name(self) -> str:
        """Optimizer, architecture and the beginning of the weights' sha256."""
        return f"{self.info.key}:{self.network.name}"

    def optimize(self, pixels: Tensor, prompt: str, *, seed: int) -> Tensor:
        """Restore a picture in tiles; one that is enlarged is averaged back to its size."""
        return stage2(self.network, pixels, prompt, (), strength=1.0, plan=StagePlan(steps=1, seed=seed))


def load_restoration(info: OptimizerInfo, building: Building) -> Restoration:
    """Load a file by spandrel, or a folder or repository of Swin2SR by transformers.

    Raises:
        InputError: If no file is named where one must be, a package is not installed, or the model is another.
        WeightsError: If a file is absent, damaged, or cannot be downloaded.
    """
    source, device = building.source or info.source, pick_device(building.settings.device)
    if not source:
        raise InputError(f"`{info.key}` needs a file that spandrel reads; name it by `--weights {info.key}=FILE`.")
    if Path(source).suffix in FILES:
        from balanced_refiner import SpandrelRestorer

        return Restoration(info=info, network=SpandrelRestorer(source, device=device))
    from balanced_refiner.diffusion.swin2sr import load_swin2sr

    return Restoration(info=info, network=load_swin2sr(source, device=device))

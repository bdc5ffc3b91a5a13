"""Reconstructions: the x4 upscaler of SD and InstructPix2Pix, stock pipelines over whole pictures."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from aqmap import normalise
from balanced_refiner.diffusion.editors import PictureEditor, load_editor
from grefine.optimizers.optimizer import Building, OptimizerInfo
from grefine.optimizers.restoration import NO_PACKAGE
from grefine.packs import diffusion_options
from grefine_core import pick_device

SD_UPSCALE = OptimizerInfo(
    key="sd-upscale",
    title="SD-Upscale",
    family="reconstruction",
    licence="CreativeML Open RAIL++-M",
    source="stabilityai/stable-diffusion-x4-upscaler",
)
INSTRUCT_PIX2PIX = OptimizerInfo(
    key="instruct-pix2pix",
    title="Instructpix",
    family="reconstruction",
    licence="MIT; made from SD, CreativeML Open RAIL-M",
    source="timbrooks/instruct-pix2pix",
)
DIFF_BIR = OptimizerInfo(
    key="diffbir",
    title="DiffBIR",
    family="reconstruction",
    licence="Apache-2.0",
    absent=f"{NO_PACKAGE}: its model is code of its repository",
)
PASD = OptimizerInfo(
    key="pasd",
    title="PASD",
    family="reconstruction",
    licence="none named; a README of 2023 says non-commercial",
    absent=f"{NO_PACKAGE}: its UNet and ControlNet are classes of its repository, under no named licence",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reconstruction:
    """A stock pipeline over whole pictures; see `Optimizer`."""

    info: OptimizerInfo
    editor: PictureEditor
    steps: int

    @property
    def name(self) -> str:
        """Optimizer, model and steps."""
        return f"{self.info.key}:{self.editor.name}:{self.steps}"

    def optimize(self, pixels: Tensor, prompt: str, *, seed: int) -> Tensor:
        """Make the picture anew; the prompt in plain words is the text, for InstructPix2Pix the instruction."""
        return self.editor.edit(pixels, normalise(prompt).text, steps=self.steps, seed=seed)


def load_reconstruction(info: OptimizerInfo, building: Building) -> Reconstruction:
    """Load the pipeline; see `balanced_refiner.diffusion.editors.load_editor`.

    Raises:
        InputError: If the model is of another kind or the device is absent.
        WeightsError: If it is absent and cannot be downloaded.
    """
    settings, source = building.settings, building.source or info.source
    editor = load_editor(source, device=pick_device(settings.device), options=diffusion_options(settings))
    return Reconstruction(info=info, editor=editor, steps=settings.steps)

"""A whole picture through a backend that repaints squares: the refinements of tables 2 to 5.

The picture is the starting point, noised to a level and denoised with its prompt (img2img).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from balanced_refiner import Inpainter, StagePlan, load_inpainter, repaint
from grefine.optimizers.optimizer import Building, OptimizerInfo
from grefine.optimizers.restoration import NO_PACKAGE
from grefine.packs import diffusion_digest, diffusion_options
from grefine.plain_prompts import PlainPrompts
from grefine_core import check_images, resize

OPENRAIL = "CreativeML Open RAIL-M"
SDXL_REFINER = OptimizerInfo(
    key="sdxl-refiner",
    title="SDXL-Refiner",
    family="refinement",
    licence=f"{OPENRAIL}++",
    source="stabilityai/stable-diffusion-xl-refiner-1.0",
    strength=0.3,  # the stock pipeline's default: the conservative kind of section 2
)
SD = OptimizerInfo(
    key="sd",
    title="SD",
    family="refinement",
    licence=OPENRAIL,
    source="stable-diffusion-v1-5/stable-diffusion-v1-5",
    strength=0.8,  # the stock pipeline's default; "the whole diffusion process" from the picture, which 1 would forget
)
SDXL = OptimizerInfo(
    key="sdxl",
    title="SDXL",
    family="refinement",
    licence=f"{OPENRAIL}++",
    source="stabilityai/stable-diffusion-xl-base-1.0",
    strength=0.8,
)
INSTRUCT_IR = OptimizerInfo(
    key="instructir",
    title="InstructIR",
    family="refinement",
    licence="MIT",
    absent=f"{NO_PACKAGE} (spandrel 0.4 does not know the architecture)",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class WholePicture:
    """Repaints whole pictures from one level of noise; see `Optimizer`."""

    info: OptimizerInfo
    inpainter: Inpainter
    steps: int
    weights: str = ""
    """Digest of the model's weights."""

    @property
    def name(self) -> str:
        """Optimizer, model, strength, steps and weights."""
        return ":".join([self.info.key, self.inpainter.name, f"{self.strength:g}", str(self.steps), self.weights])

    @property
    def strength(self) -> float:
        """That of the optimizer, or the highest that suits the model."""
        return min(self.info.strength, self.inpainter.max_strength)

    def optimize(self, pixels: Tensor, prompt: str, *, seed: int) -> Tensor:
        """Repaint a picture; all its iterations are run, whatever the strength."""
        strengths = torch.full_like(pixels[:, :1], self.strength)
        plan = StagePlan(steps=self.steps, seed=seed)
        return paint_whole(PlainPrompts(self.inpainter, prompt), pixels, prompt, strengths=strengths, plan=plan)


def paint_whole(inpainter: Inpainter, pixels: Tensor, prompt: str, *, strengths: Tensor, plan: StagePlan) -> Tensor:
    """Repaint each pixel of a picture as strongly as asked; where the strength is 0 it stays bit for bit.

    A picture smaller than the backend's squares is enlarged for it: models paint at the size that they
    were trained at. A larger one is repainted in tiles.

    Args:
        inpainter: The backend.
        pixels: Shape (1, 3, H, W), float32 in [0, 1], on the CPU; the result has the same.
        prompt: What it should show.
        strengths: Shape (1, 1, H, W), float32 in [0, 1].
        plan: Steps and seed.
    """
    check_images(pixels)
    height, width = pixels.shape[2:]
    scale = max(1.0, inpainter.working_size / max(height, width))
    size = (round(height * scale), round(width * scale))
    large = resize(pixels, size)
    wanted = torch.nn.functional.interpolate(strengths, size=size, mode="nearest")
    made = repaint(inpainter, large, prompt, (), strengths=wanted, plan=plan)
    return torch.where(strengths > 0, resize(made, (height, width)), pixels)


def load_whole(info: OptimizerInfo, building: Building) -> WholePicture:
    """Load the diffusion model; see `balanced_refiner.load_inpainter`.

    Raises:
        InputError: If the model is of another kind or the device is absent.
        WeightsError: If it is absent and cannot be downloaded.
    """
    settings = building.settings
    source = building.source or info.source
    inpainter = load_inpainter(source, device=settings.device, options=diffusion_options(settings))
    return WholePicture(info=info, inpainter=inpainter, steps=settings.steps, weights=diffusion_digest(source))

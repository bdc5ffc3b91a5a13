"""Pipelines that make a new picture of a whole one and a text: the x4 upscaler of SD and InstructPix2Pix.

They are stock and run as they are. The paper compares with them (reconstruction, tables 2 to 5).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from balanced_refiner.backend import check_painted
from balanced_refiner.diffusion.clip_text import ClipConditioner
from balanced_refiner.diffusion.conditioning import Conditioner
from balanced_refiner.diffusion.loading import open_editor
from balanced_refiner.diffusion.options import DiffusionOptions
from grefine_core import InputError, check_images, check_prompt

MULTIPLE = 8
"""Sides that both pipelines take are multiples of this."""
UPSCALER = "StableDiffusionUpscalePipeline"
_GUIDANCE = {UPSCALER: {"guidance_scale": 9.0, "noise_level": 20}}
"""What the pipelines' own documentation uses; the other's are below."""
_DEFAULT = {"guidance_scale": 7.5, "image_guidance_scale": 1.5}


class PictureEditor:
    """One of these pipelines as a function of a picture, a text and a seed.

    Args:
        pipe: A loaded pipeline of one of `sources.EDITORS`.
        conditioner: Its text side.
        name: Identify the model in reports.
    """

    def __init__(self, pipe: Any, conditioner: Conditioner, *, name: str) -> None:
        self._pipe, self._conditioner, self.name = pipe, conditioner, name

    @torch.no_grad()
    def edit(self, pixels: Tensor, prompt: str, *, steps: int, seed: int) -> Tensor:
        """Return a picture of the same size; what comes out larger is averaged.

        Args:
            pixels: Shape (1, 3, H, W), float32 in [0, 1], any H and W.
            prompt: What it should show.
            steps: Denoising operations.
            seed: The same seed gives the same picture.

        Raises:
            InputError: If an argument breaks the above.
            RefineError: If the model returns nan or a black picture.
        """
        check_images(pixels)
        check_prompt(prompt)
        if len(pixels) != 1 or steps < 1:
            raise InputError(f"One picture is edited in at least one step, got {len(pixels)} and {steps}.")
        height, width = pixels.shape[2:]
        padded = functional.pad(pixels, (0, -width % MULTIPLE, 0, -height % MULTIPLE), mode="replicate")
        states = self._conditioner(prompt, ()).hidden  # (2, L, W): unwanted, wanted
        states = states.to(self._pipe._execution_device, self._pipe.unet.dtype)
        options = _GUIDANCE.get(type(self._pipe).__name__, _DEFAULT)
        made: Tensor = self._pipe(
            image=padded,
            prompt_embeds=states[1:],
            negative_prompt_embeds=states[:1],
            num_inference_steps=steps,
            generator=torch.Generator().manual_seed(seed),
            output_type="pt",
            **options,
        ).images
        factor = made.shape[2] // padded.shape[2]
        cut = made.float().cpu()[:, :, : factor * height, : factor * width]
        small = functional.avg_pool2d(cut, factor) if factor > 1 else cut
        return check_painted(small, pixels)


def load_editor(
    source: str, *, device: torch.device | None = None, options: DiffusionOptions | None = None
) -> PictureEditor:
    """Load a model that edits whole pictures.

    Args:
        source: A diffusers folder or a repository of the hub.
        device: Where to run; the CPU by default.
        options: Number type, memory and speed.

    Raises:
        InputError: If the model is of another kind.
        WeightsError: If files are absent, damaged, or cannot be downloaded.
    """
    pipe = open_editor(source, options=options, device=device)
    return PictureEditor(pipe, ClipConditioner(pipe), name=source)

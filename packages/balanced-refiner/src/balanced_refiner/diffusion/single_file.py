"""Diffusion models in one file: which kind it is, told by the names of its tensors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from balanced_refiner.diffusion.sources import FORMS
from grefine_core import InputError, WeightsError
from grefine_core.downloads import first_line

INPAINT_CHANNELS = 9
"""Input channels of a UNet made to inpaint: latents, mask, masked latents."""
UNET_KEY = "model.diffusion_model.input_blocks.0.0.weight"
"""Tensor that every UNet of these files has."""

_XL, _SD = "StableDiffusionXLInpaintPipeline", "StableDiffusionInpaintPipeline"
_TEXT_KEYS = {
    "conditioner.embedders.1.model.token_embedding.weight": _XL,
    "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": _SD,
}
"""A tensor of the text side that only one kind of model has."""
_DESCRIBED_BY = {
    (_XL, True): "diffusers/stable-diffusion-xl-1.0-inpainting-0.1",
    (_XL, False): "stabilityai/stable-diffusion-xl-base-1.0",
    (_SD, True): "stable-diffusion-v1-5/stable-diffusion-inpainting",
    (_SD, False): "stable-diffusion-v1-5/stable-diffusion-v1-5",
}
"""Repositories with the same parts, by class and whether the UNet was made to inpaint."""


@dataclass(frozen=True, kw_only=True)
class SingleFile:
    """What a file holds; its tensors say nothing of settings."""

    pipeline: str
    """Name of the class that it is opened as."""
    described_by: str
    """Repository of the hub whose small files describe its parts."""


def has_unet(path: Path) -> bool:
    """Say whether a .safetensors file has the UNet of a diffusion model.

    Raises:
        WeightsError: If the file cannot be read.
    """
    return UNET_KEY in _tensors(path)


def read_single_file(path: Path) -> SingleFile:
    """Tell what a file holds.

    Raises:
        InputError: If it is no safetensors file of a whole Stable Diffusion model.
        WeightsError: If it cannot be read.
    """
    if path.suffix != ".safetensors":
        raise InputError(f"The model {path} is a `{path.suffix}` file; a model is {FORMS}.")
    shapes = _tensors(path)
    for key, name in _TEXT_KEYS.items():
        if UNET_KEY in shapes and key in shapes:
            inpaints = shapes[UNET_KEY][1] == INPAINT_CHANNELS
            return SingleFile(pipeline=name, described_by=_DESCRIBED_BY[name, inpaints])
    raise InputError(
        f"The file {path} has not the tensors of a whole Stable Diffusion 1.x or XL model; "
        "its UNet alone, a LoRA or another kind of model is not enough."
    )


def _tensors(path: Path) -> dict[str, list[int]]:
    """Return the shapes of the tensors that tell, by name; reads the file's head alone."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            names = {UNET_KEY, *_TEXT_KEYS} & set(file.keys())
            return {name: file.get_slice(name).get_shape() for name in names}
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"The model {path} cannot be read: {first_line(error)}.") from error

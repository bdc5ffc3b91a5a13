"""How a diffusion model is loaded and run: number type, memory, speed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch

from grefine_core import InputError

DType = Literal["auto", "float32", "float16", "bfloat16"]
Offload = Literal["none", "model", "sequential", "group"]
"""Where weights wait: all on the device; or on the CPU, brought one model, one layer after the other, or one
layer ahead (`group`)."""

_ACCELERATORS = ("cuda", "mps", "xpu")


@dataclass(frozen=True, kw_only=True)
class DiffusionOptions:
    """What a user may choose of a diffusion model beside the model."""

    dtype: DType = "auto"
    """`auto`: on CUDA bfloat16 where it is there and float16 elsewhere; float32 on the CPU and MPS."""
    offload: Offload = "none"
    vae_tiling: bool = False
    """Decode in tiles: less memory; seams are blended."""
    vae_slicing: bool = False
    """Decode the images of a batch one by one."""
    channels_last: bool = False
    """Lay the UNet and the VAE out by pixels, which convolutions on recent GPUs prefer."""
    compile: bool = False
    """Compile the repeated blocks of the UNet: a slow first step, faster ones after it."""
    controlnet: str | None = None
    """Folder or hub id of a ControlNet that sees the picture as it is, such as a tile ControlNet."""
    config: str | None = None
    """For a model in one file: the diffusers folder whose small files describe it. By default those of the
    repository that its architecture was published in, from the hub's cache."""
    negative_prompt: str = ""
    """What no picture should show; empty for the model's own notion of nothing."""

    def __post_init__(self) -> None:
        for name, known in (("dtype", get_args(DType)), ("offload", get_args(Offload))):
            if getattr(self, name) not in known:
                raise InputError(f"`{name}` must be one of {', '.join(known)}, got `{getattr(self, name)}`.")
        if self.compile and self.offload == "sequential":
            raise InputError("`compile` cannot go with `offload` sequential, which moves the compiled layers.")


def resolve_dtype(dtype: DType, device: torch.device) -> torch.dtype:
    """Return the number type of a model's weights on a device."""
    if dtype != "auto":
        named: torch.dtype = getattr(torch, dtype)
        return named
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def check_options(options: DiffusionOptions, device: torch.device) -> None:
    """Refuse options that the device cannot keep, before anything is loaded.

    Raises:
        InputError: If weights are to wait on the CPU for the CPU.
    """
    if options.offload != "none" and device.type not in _ACCELERATORS:
        raise InputError(
            f"`offload` {options.offload} needs an accelerator ({', '.join(_ACCELERATORS)}), the device is {device}; "
            "on the CPU the weights are already where they would wait."
        )

"""Which pipelines the refiner can use, told by their parts and not by their class."""

from __future__ import annotations

from typing import Any, get_args

from balanced_refiner.diffusion.solver import Prediction
from balanced_refiner.strength import NOISE_LEVELS
from grefine_core import InputError

SUPPORTED = "the refiner takes inpainting and image-to-image pipelines of Stable Diffusion 1, 2 and SDXL"


def check_pipeline(pipe: Any) -> None:
    """Refuse a pipeline whose parts the denoising loop does not know.

    Raises:
        InputError: If a part is missing, the UNet takes other inputs than latents, or latents with
            a mask and masked latents, the scheduler is none of 1000 levels, or the model needs more
            than a prompt and a picture.
    """
    name = type(pipe).__name__
    for part in ("vae", "unet", "scheduler"):
        if getattr(pipe, part, None) is None:
            raise InputError(f"`{name}` has no {part}; {SUPPORTED}.")
    _check_scheduler(name, pipe.scheduler)
    _check_unet(name, pipe.unet.config, pipe.vae.config.latent_channels)
    controlnet = getattr(pipe, "controlnet", None)
    if controlnet is None:
        return
    if not hasattr(controlnet, "config") or "num_control_type" in controlnet.config:
        raise InputError(f"`{name}` has several ControlNets or one of several kinds; the refiner takes one for tiles.")


def _check_scheduler(name: str, scheduler: Any) -> None:
    if getattr(scheduler, "alphas_cumprod", None) is None:
        raise InputError(f"`{name}` has a `{type(scheduler).__name__}`, which is for flow matching; {SUPPORTED}.")
    if len(scheduler.alphas_cumprod) != NOISE_LEVELS:
        raise InputError(f"`{name}` has {len(scheduler.alphas_cumprod)} levels of noise instead of {NOISE_LEVELS}.")
    predicted = scheduler.config.prediction_type
    if predicted not in get_args(Prediction):
        raise InputError(f"`{name}` predicts `{predicted}`, not one of {get_args(Prediction)}; {SUPPORTED}.")


def _check_unet(name: str, config: Any, latent_channels: int) -> None:
    allowed = (latent_channels, 2 * latent_channels + 1)
    if config.in_channels not in allowed:
        raise InputError(f"The UNet of `{name}` takes {config.in_channels} channels, not {allowed[0]} or {allowed[1]}.")
    if getattr(config, "addition_embed_type", None) not in {None, "text_time"}:
        raise InputError(f"The UNet of `{name}` takes `{config.addition_embed_type}` beside the text; {SUPPORTED}.")
    if getattr(config, "encoder_hid_dim_type", None) is not None:
        raise InputError(f"`{name}` waits for a picture of an IP-Adapter; unload it first.")
    if getattr(config, "time_cond_proj_dim", None) is not None:
        raise InputError(f"The UNet of `{name}` is distilled to take the guidance as an input, which is not supported.")

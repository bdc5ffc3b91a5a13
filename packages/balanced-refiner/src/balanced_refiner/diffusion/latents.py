"""A loaded stock pipeline as three functions: pictures to latents, latents to pictures, and the model's output.

The pipeline is used, never changed: its modules are called as they are, so that its LoRA weights,
offload hooks, dtypes and compiled modules work as they do in its own call. Its scheduler is only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from balanced_refiner.diffusion.conditioning import TextStates
from balanced_refiner.diffusion.solver import NoiseSchedule
from balanced_refiner.diffusion.support import check_pipeline
from grefine_core import InputError

CONTROL_SCALE = 0.8
"""How much a tile ControlNet is listened to; the stock image-to-image pipelines' default."""
AESTHETIC_SCORES = (2.5, 6.0)
"""What the SDXL refiner is told of its pictures, without the prompt and with it; the stock pipelines' defaults."""


class StockPipeline(Protocol):
    """What is used of a diffusers pipeline; some have a `controlnet` too."""

    vae: Any
    unet: Any
    scheduler: Any
    vae_scale_factor: int

    @property
    def _execution_device(self) -> torch.device: ...

    def maybe_free_model_hooks(self) -> None:
        """Take the models off the device again, where offloading is on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """What the model is given at every step beside the noisy latents; N rows are B pictures, twice under guidance."""

    hidden: Tensor
    """Token states, shape (N, L, W); under guidance first B rows of what is not wanted, then B of prompts."""
    added: dict[str, Tensor] | None
    """SDXL's pooled texts (N, P) and sizes (N, 6), by the names that the UNet takes."""
    beside: Tensor | None
    """Mask and masked latents, shape (N, C + 1, h, w), for an inpainting UNet."""
    control: Tensor | None
    """The pictures, shape (N, 3, H, W) in [0, 1], for a ControlNet."""


class LatentModel:
    """VAE, UNet and ControlNet of a stock Stable Diffusion or SDXL pipeline.

    Args:
        pipe: A loaded pipeline; see `check_pipeline` for which.

    Raises:
        InputError: If the pipeline is of another kind.
    """

    def __init__(self, pipe: StockPipeline) -> None:
        check_pipeline(pipe)
        self._pipe = pipe
        self.stride: int = pipe.vae_scale_factor
        """Pixels to a latent cell, on each axis."""
        self.schedule = NoiseSchedule(
            signal=pipe.scheduler.alphas_cumprod.detach().float().cpu().clone(),
            prediction=pipe.scheduler.config.prediction_type,
        )

    @property
    def device(self) -> torch.device:
        """Where the pipeline computes, wherever its weights rest."""
        return self._pipe._execution_device

    @property
    def inpaints(self) -> bool:
        """Whether the UNet is told of the mask."""
        return bool(self._pipe.unet.config.in_channels != self._pipe.vae.config.latent_channels)

    @property
    def _controlnet(self) -> Any:
        return getattr(self._pipe, "controlnet", None)

    def release(self) -> None:
        """Let an offloading pipeline take its models off the device again."""
        self._pipe.maybe_free_model_hooks()

    def encode(self, images: Tensor) -> Tensor:
        """Return the latents of pictures: shape (B, C, h, w), float32, on the model's device.

        They are the mode of the VAE's posterior, so that the same picture always has the same
        latents. A VAE that overflows in half precision is run in float32.

        Args:
            images: Shape (B, 3, H, W), float32 in [0, 1].
        """
        vae = self._pipe.vae
        pixels = images.to(self.device) * 2 - 1
        latents = self._run_vae(self._encode, pixels, upcast=bool(getattr(vae.config, "force_upcast", False)))
        if not torch.isfinite(latents).all():
            latents = self._run_vae(self._encode, pixels, upcast=True)
        mean, scale = self._normalisation()
        return (latents - mean) * scale

    def decode(self, latents: Tensor, *, upcast: bool = False) -> Tensor:
        """Return the pictures of latents (B, C, h, w): shape (B, 3, H, W), float32, on the CPU, not clamped.

        Args:
            latents: As `encode` gives them.
            upcast: Run the VAE in float32, whatever its precision.
        """
        vae = self._pipe.vae
        mean, scale = self._normalisation()
        # bfloat16 has the range of float32, so only float16 needs it; the stock pipelines decide likewise
        overflows = vae.dtype == torch.float16 and bool(getattr(vae.config, "force_upcast", False))
        pixels = self._run_vae(self._decode, latents / scale + mean, upcast=upcast or overflows)
        return ((pixels + 1) / 2).cpu()

    @property
    def can_upcast(self) -> bool:
        """Whether the VAE is held in less than float32."""
        return bool(self._pipe.vae.dtype in {torch.float16, torch.bfloat16})

    def give(self, texts: Sequence[TextStates], images: Tensor, cells: Tensor, *, guided: bool) -> Given:
        """Return what the model is given at every step.

        Args:
            texts: B texts of one length.
            images: Shape (B, 3, H, W), float32 in [0, 1].
            cells: 1.0 where to repaint and 0.0 elsewhere, shape (B, 1, h, w).
            guided: Whether to ask for the unwanted text as well.

        Raises:
            InputError: If the texts do not fit the model.
        """
        unet, sides = self._pipe.unet, (0, 1) if guided else (1,)
        hidden = torch.cat([torch.stack([text.hidden[side] for text in texts]) for side in sides])
        width = unet.config.cross_attention_dim
        if isinstance(width, int) and hidden.shape[-1] != width:
            raise InputError(f"The model takes token states of width {width}, the text side gave {hidden.shape[-1]}.")
        beside = control = None
        if self.inpaints:
            whole = functional.interpolate(cells, scale_factor=self.stride, mode="nearest")
            masked = self.encode(images * (1 - whole) + 0.5 * whole)  # 0.5 is 0 to the VAE
            beside = torch.cat([torch.cat([cells.to(masked), masked], dim=1)] * len(sides)).to(unet.dtype)
        if self._controlnet is not None:
            control = torch.cat([images] * len(sides)).to(self.device, unet.dtype)
        return Given(
            hidden=hidden.to(self.device, unet.dtype),
            added=self._added(texts, sides, (images.shape[2], images.shape[3])),
            beside=beside,
            control=control,
        )

    def predict(self, noisy: Tensor, levels: Tensor, given: Given) -> Tensor:
        """Return the model's outputs, shape (N, C, h, w), float32.

        Args:
            noisy: Shape (N, C, h, w), float32.
            levels: Shape (N,), int64.
            given: What `give` returned.
        """
        unet = self._pipe.unet
        latents = noisy.to(unet.dtype)
        options: dict[str, Any] = {"encoder_hidden_states": given.hidden, "return_dict": False}
        if given.added is not None:
            options["added_cond_kwargs"] = given.added
        residuals: dict[str, Any] = {}
        if given.control is not None:
            down, middle = self._controlnet(
                latents, levels, controlnet_cond=given.control, conditioning_scale=CONTROL_SCALE, **options
            )
            residuals = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
        if given.beside is not None:
            latents = torch.cat([latents, given.beside], dim=1)
        output: Tensor = unet(latents, levels, **options, **residuals)[0]
        return output.float()

    def _added(
        self, texts: Sequence[TextStates], sides: tuple[int, ...], size: tuple[int, int]
    ) -> dict[str, Tensor] | None:
        """Return what SDXL takes beside token states; None for other models."""
        config = self._pipe.unet.config
        if config.addition_embed_type is None:
            return None
        pooled = [text.pooled for text in texts if text.pooled is not None]
        if len(pooled) != len(texts):
            raise InputError("The model takes pooled texts beside token states; the text side gave none.")
        texts_in = torch.cat([torch.stack([text[side] for text in pooled]) for side in sides])
        # The UNet itself says whether it takes a size of the whole or, as the refiner, a score at the end.
        count, rest = divmod(
            config.projection_class_embeddings_input_dim - texts_in.shape[1], config.addition_time_embed_dim
        )
        if rest or count not in {5, 6}:
            raise InputError(f"The model does not take pooled texts of width {texts_in.shape[1]}.")
        tail = [list(size)] * 2 if count == 6 else [[score] for score in AESTHETIC_SCORES]
        sizes = torch.tensor([[*size, 0, 0, *tail[side]] for side in sides for _ in texts], dtype=torch.float32)
        texts_in, sizes = (values.to(self.device, self._pipe.unet.dtype) for values in (texts_in, sizes))
        return {"text_embeds": texts_in, "time_ids": sizes}

    def _normalisation(self) -> tuple[Tensor | float, Tensor | float]:
        """Return what latents are shifted and scaled by, numbers or tensors (1, C, 1, 1)."""
        config = self._pipe.vae.config
        mean, std = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
        if mean is None or std is None:
            return 0.0, float(config.scaling_factor)
        shift, spread = (torch.tensor(values, device=self.device).view(1, -1, 1, 1) for values in (mean, std))
        return shift, config.scaling_factor / spread

    def _encode(self, pixels: Tensor) -> Tensor:
        encoded = self._pipe.vae.encode(pixels)
        latents: Tensor = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
        return latents

    def _decode(self, latents: Tensor) -> Tensor:
        pixels: Tensor = self._pipe.vae.decode(latents, return_dict=False)[0]
        return pixels

    def _run_vae(self, work: Callable[[Tensor], Tensor], values: Tensor, *, upcast: bool) -> Tensor:
        """Run one side of the VAE; the result is float32.

        Pictures go one by one: at large sizes the VAE takes more memory than all else.
        """
        vae = self._pipe.vae
        with _in_float32(vae) if upcast else nullcontext():
            return torch.cat([work(value.to(vae.dtype)).float() for value in values.split(1)])


@contextmanager
def _in_float32(module: torch.nn.Module) -> Iterator[None]:
    """Hold a module in float32 for a while; each tensor gets its own dtype back."""
    dtypes = {name: tensor.dtype for name, tensor in _weights(module)}
    try:
        for _, tensor in _weights(module):  # not `module.to`, which logs a line a call in diffusers
            tensor.data = tensor.data.float()
        yield
    finally:
        for name, tensor in _weights(module):  # by name: offloading hooks put new tensors in the place of old ones
            tensor.data = tensor.data.to(dtypes[name])


def _weights(module: torch.nn.Module) -> list[tuple[str, Tensor]]:
    """Return the floating parameters and buffers by name."""
    named = [*module.named_parameters(), *module.named_buffers()]
    return [(name, tensor) for name, tensor in named if tensor.is_floating_point()]

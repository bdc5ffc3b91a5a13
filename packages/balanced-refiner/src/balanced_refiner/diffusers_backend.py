"""Inpainting with diffusers: the one file that imports it, and only when a model is built.

The stock `StableDiffusionInpaintPipeline` runs unchanged, with a VAE, a 9-channel UNet and prompt
embeddings from the pack. Three of its habits are worked around here: it brings the mask to the
latent grid by nearest sampling, which loses small blobs; it rounds the strength to its own grid of
steps; and it leaves out the last step at its default strength.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from balanced_refiner.backend import InpaintRequest, OnStep, check_generated, check_request
from balanced_refiner.errors import RefineError
from balanced_refiner.strength import NOISE_LEVELS, denoising_steps
from grefine_core import DiffusionPack, Emphasis, WeightsError

_PARTS = ("vae", "unet", "scheduler")


class _Pipeline(Protocol):
    """What is used of the stock pipeline."""

    vae_scale_factor: int

    def __call__(self, **options: object) -> Any: ...


class DiffusersInpainter:
    """A diffusion pack behind the `Inpainter` protocol, in float32.

    Args:
        pack: Folder of the weights, and the text side.
        device: Where to run; noise is always drawn on the CPU, so that devices agree.

    Raises:
        WeightsError: If a part of the pack is absent or cannot be loaded.
    """

    def __init__(self, pack: DiffusionPack, *, device: torch.device | None = None) -> None:
        self._pack, self._device = pack, device or torch.device("cpu")
        self._pipe = _build(pack, self._device)
        self._stride = self._pipe.vae_scale_factor

    @property
    def name(self) -> str:
        """Name of the pack."""
        return self._pack.name

    @property
    def working_size(self) -> int:
        """Side of the squares that it takes."""
        return self._pack.working_size

    @property
    def max_strength(self) -> float:
        """Highest strength of a repair that suits the model."""
        return self._pack.max_strength

    @torch.no_grad()
    def inpaint(self, request: InpaintRequest, *, on_step: OnStep | None = None) -> Tensor:
        """Repaint inside the masks; see `Inpainter`.

        Raises:
            InputError: If the request breaks its contract.
            RefineError: If the model returns nan or a black picture, or ran another number of steps.
        """
        check_request(request, self.working_size)
        states = [self._states(*pair) for pair in zip(request.prompts, request.emphases, strict=True)]
        groups: dict[tuple[int, float], list[int]] = {}
        for row, (pair, top) in enumerate(zip(states, request.tops, strict=True)):
            # a longer text beside it would pad a shorter one, and padding changes its attention
            groups.setdefault((len(pair[0]), top), []).append(row)
        planned = [denoising_steps(request.steps, top) for _, top in groups]
        out = request.images.detach().float().cpu().clone()
        done = 0
        for rows, steps in zip(groups.values(), planned, strict=True):
            if steps == 0:
                continue
            embeds = tuple(torch.stack([states[row][side] for row in rows]) for side in (0, 1))
            count = _Counter(on_step, done=done, total=sum(planned))
            out[rows] = self._run(request, rows, embeds, count)
            done += steps
            if count.steps != steps:
                raise RefineError(f"The pipeline ran {count.steps} denoising steps instead of {steps}.")
        return check_generated(out, request)

    def _states(self, prompt: str, emphases: Sequence[Emphasis]) -> tuple[Tensor, Tensor]:
        """Return token states (L, W) of the prompt and of the empty text, zero-padded to one length."""
        sides = [self._pack.condition(prompt, emphases)[0], self._pack.condition("", ())[0]]
        length = max(map(len, sides))
        padded = [functional.pad(side.float(), (0, 0, 0, length - len(side))) for side in sides]
        return padded[0], padded[1]

    def _run(self, request: InpaintRequest, rows: list[int], embeds: tuple[Tensor, ...], count: _Counter) -> Tensor:
        """Run the pipeline on some rows of a request whose texts have one length."""
        top = request.tops[rows[0]]
        timesteps, share = _schedule(denoising_steps(request.steps, top), top)
        size, guided = self.working_size, self._pack.guidance_scale > 1
        cells = functional.max_pool2d(request.masks[rows].cpu(), self._stride)
        with warnings.catch_warnings():
            # its scheduler reads torch tensors through numpy in a way that numpy announces to end
            warnings.simplefilter("ignore", DeprecationWarning)
            images = self._pipe(
                prompt_embeds=embeds[0].to(self._device),
                negative_prompt_embeds=embeds[1].to(self._device) if guided else None,
                image=request.images[rows].float().cpu(),
                mask_image=functional.interpolate(cells, scale_factor=self._stride, mode="nearest"),
                height=size,
                width=size,
                strength=share,
                timesteps=timesteps,
                guidance_scale=self._pack.guidance_scale,
                generator=[torch.Generator().manual_seed(request.seeds[row]) for row in rows],
                output_type="pt",
                callback_on_step_end=count,
            ).images
        return torch.as_tensor(images).float().cpu()


class _Counter:
    """Count the steps of one pipeline call and tell the listener."""

    def __init__(self, on_step: OnStep | None, *, done: int, total: int) -> None:
        self._on_step, self._done, self._total = on_step, done, total
        self.steps = 0

    def __call__(self, _pipe: object, _index: int, _timestep: object, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Be called by the pipeline after a step; it wants its state back."""
        self.steps += 1
        if self._on_step is not None:
            self._on_step(self._done + self.steps, self._total)
        return state


def _schedule(steps: int, strength: float) -> tuple[list[int], float]:
    """Return the time steps to hand to the pipeline, and its `strength`, so that exactly `steps` run.

    They come down evenly from the noise level `strength`, "trailing", so that the last one reaches
    the clean picture. The pipeline drops the first ``1 - strength`` of what it is given, so one
    step more is put in front for it to drop; at strength 1 it drops nothing.
    """
    top = round(strength * NOISE_LEVELS)
    levels = [round(top * left / steps) - 1 for left in range(steps, 0, -1)]
    if top == NOISE_LEVELS:
        return levels, 1.0
    return [NOISE_LEVELS - 1, *levels], (steps + 0.5) / (steps + 1)


def _build(pack: DiffusionPack, device: torch.device) -> _Pipeline:
    """Return the stock pipeline around the parts of a pack, silent and in float32."""
    for part in _PARTS:
        if not (pack.folder / part).is_dir():
            raise WeightsError(f"The diffusion pack `{pack.name}` has no folder {pack.folder / part}.")
    import diffusers

    stock: Any = diffusers  # its loaders are not typed
    # without low_cpu_mem_usage=False an environment without accelerate logs a warning
    options: dict[str, Any] = {"local_files_only": True, "torch_dtype": torch.float32, "low_cpu_mem_usage": False}
    try:
        vae = stock.AutoencoderKL.from_pretrained(pack.folder / "vae", **options)
        unet = stock.UNet2DConditionModel.from_pretrained(pack.folder / "unet", **options)
        schedule = stock.DPMSolverMultistepScheduler.load_config(pack.folder / "scheduler", local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise WeightsError(f"The diffusion pack `{pack.name}` in {pack.folder} cannot be loaded: {error}.") from error
    # Order 1 is DDIM, but on the very time steps that it is given: DDIMScheduler takes none, and
    # steps back by a whole division of 1000, which ends short of the clean picture for most counts.
    scheduler = stock.DPMSolverMultistepScheduler.from_config(
        schedule, solver_order=1, algorithm_type="dpmsolver++", final_sigmas_type="zero", steps_offset=1
    )
    pipe = stock.StableDiffusionInpaintPipeline(
        vae=vae.eval().requires_grad_(False),
        text_encoder=None,
        tokenizer=None,
        unet=unet.eval().requires_grad_(False),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    placed: _Pipeline = pipe.to(device)
    return placed

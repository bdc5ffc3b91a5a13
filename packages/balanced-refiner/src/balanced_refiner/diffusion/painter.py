"""`DiffusersInpainter`: any loaded stock pipeline behind the `Inpainter` protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from balanced_refiner.backend import InpaintRequest, OnStep, check_generated, check_request
from balanced_refiner.diffusion.codec_loss import low_pass
from balanced_refiner.diffusion.conditioning import Conditioner, TextStates
from balanced_refiner.diffusion.latents import Given, LatentModel, StockPipeline
from balanced_refiner.diffusion.solver import Canvas, Predict, denoise, own_levels, plan_levels
from balanced_refiner.errors import RefineError
from balanced_refiner.strength import denoising_steps
from grefine_core import InputError


@dataclass(frozen=True, kw_only=True)
class PainterSettings:
    """What suits a model."""

    working_size: int
    """Side in pixels of the squares that it takes; a multiple of the VAE's stride."""
    max_strength: float = 1.0
    """Highest strength of a repair, in (0, 1]."""
    mild_pass: bool = True
    """Whether a mild pass over the whole picture does good pixels no harm."""
    guidance_scale: float = 7.5
    """Classifier-free guidance; 1 is none and takes half the time."""
    codec_sigma: float = 0.0
    """Standard deviation in pixels of the low pass through which a picture gets back what the VAE
    loses of it, at 0 nothing. For small VAEs, which shift colours; finer losses stay lost, noise among them."""

    def __post_init__(self) -> None:
        if self.working_size < 1:
            raise InputError(f"`working_size` must be positive, got {self.working_size}.")
        if not 0 < self.max_strength <= 1:
            raise InputError(f"`max_strength` must lie in (0, 1], got {self.max_strength}.")
        for name, value in (("guidance_scale", self.guidance_scale), ("codec_sigma", self.codec_sigma)):
            if not 0 <= value < float("inf"):  # nan fails here too
                raise InputError(f"`{name}` must not be negative, got {value}.")


class DiffusersInpainter:
    """A stock pipeline, loaded by us or by the user, that repaints squares.

    It runs where the pipeline is and in its precision; the arithmetic between its calls is float32.
    Noise is always drawn on the CPU, so that devices agree. The pipeline is as before after a call.

    Args:
        pipe: Inpainting, image-to-image or tile ControlNet pipeline of Stable Diffusion or SDXL.
        conditioner: The text side.
        settings: What suits the model.
        name: Identify the model in reports.

    Raises:
        InputError: If the pipeline is of another kind, or its VAE's stride does not divide the working size.
    """

    def __init__(
        self,
        pipe: StockPipeline,
        conditioner: Conditioner,
        settings: PainterSettings,
        *,
        name: str,
    ) -> None:
        self._model, self._conditioner = LatentModel(pipe), conditioner
        stride = self._model.stride
        if settings.working_size % stride:
            raise InputError(
                f"`working_size` must be a multiple of {stride}, the VAE's stride, got {settings.working_size}."
            )
        self._name, self._settings = name, settings

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._name

    @property
    def working_size(self) -> int:
        """Side of the squares that it takes."""
        return self._settings.working_size

    @property
    def max_strength(self) -> float:
        """Highest strength of a repair that suits the model."""
        return self._settings.max_strength

    @property
    def mild_pass(self) -> bool:
        """Whether a mild pass over the whole picture does good pixels no harm."""
        return self._settings.mild_pass

    @torch.no_grad()
    def inpaint(self, request: InpaintRequest, *, on_step: OnStep | None = None) -> Tensor:
        """Repaint each pixel as strongly as asked; see `Inpainter`.

        Pictures with texts of one length share a run, whatever their strengths. `on_step` may raise
        `Cancelled`; the pipeline is left in order.

        Raises:
            InputError: If the request breaks its contract, or the text side does not fit the model.
            RefineError: If the model returns nan or a black picture, in float32 too.
            Cancelled: If `on_step` raises it.
        """
        check_request(request, self.working_size)
        out = request.images.detach().float().cpu().clone()
        try:
            groups = self._group(request)
            counts = [max(denoising_steps(request.steps, request.tops[row]) for row in rows) for rows, _ in groups]
            for number, (rows, texts) in enumerate(groups):
                count = _Counter(on_step, done=sum(counts[:number]), total=sum(counts))
                clean, latents = self._repaint(request, rows, texts, count)
                part = _only(request, rows)
                out[rows] = self._with_lost(self._decode(latents, part), clean, part.images)
        finally:
            self._model.release()
        return out

    def _group(self, request: InpaintRequest) -> list[tuple[list[int], list[TextStates]]]:
        """Return the rows that have something to repaint and their texts, those of one length together."""
        groups: dict[int, tuple[list[int], list[TextStates]]] = {}
        for row, top in enumerate(request.tops):
            if denoising_steps(request.steps, top) == 0:
                continue
            text = self._conditioner(request.prompts[row], request.emphases[row])
            # a longer text beside it would pad a shorter one, and padding changes its attention
            rows, texts = groups.setdefault(text.hidden.shape[1], ([], []))
            rows.append(row)
            texts.append(text)
        return list(groups.values())

    def _repaint(
        self, request: InpaintRequest, rows: list[int], texts: Sequence[TextStates], on_step: Callable[[], None]
    ) -> tuple[Tensor, Tensor]:
        """Return the latents of some rows as they came and repainted: shape (len(rows), C, h, w) each."""
        model, guided = self._model, self._settings.guidance_scale > 1
        images = request.images[rows].detach().float().cpu()
        # not by nearest sampling as the stock pipelines do, which loses small blobs
        cells = functional.max_pool2d(request.strengths[rows].detach().float().cpu(), model.stride)
        own = own_levels(cells)
        clean = model.encode(images)
        generators = [torch.Generator().manual_seed(request.seeds[row]) for row in rows]
        noise = torch.stack([torch.randn(clean.shape[1:], generator=generator) for generator in generators])
        given = model.give(texts, images, (own >= 0).float(), guided=guided)
        canvas = Canvas(
            clean=clean,
            noise=noise.to(clean),
            own_levels=own.to(clean.device),
            levels=plan_levels([request.tops[row] for row in rows], request.steps),
        )
        return clean, denoise(model.schedule, canvas, self._guide(given) if guided else self._ask(given), on_step)

    def _ask(self, given: Given) -> Predict:
        return lambda noisy, levels: self._model.predict(noisy, levels, given)

    def _guide(self, given: Given) -> Predict:
        """Return a model that goes further from what is not wanted than the prompt alone would."""

        def predict(noisy: Tensor, levels: Tensor) -> Tensor:
            both = self._model.predict(torch.cat([noisy] * 2), torch.cat([levels] * 2), given)
            unwanted, wanted = both.chunk(2)
            return unwanted + self._settings.guidance_scale * (wanted - unwanted)

        return predict

    def _decode(self, latents: Tensor, request: InpaintRequest) -> Tensor:
        """Return the pictures of a request's latents, tried again in float32 if half precision fails."""
        if not torch.isfinite(latents).all():
            raise RefineError("The diffusion model returned values that are not numbers (nan or infinite).")
        try:
            return check_generated(self._model.decode(latents), request)
        except RefineError:
            if not self._model.can_upcast:
                raise
        return check_generated(self._model.decode(latents, upcast=True), request)

    def _with_lost(self, painted: Tensor, clean: Tensor, images: Tensor) -> Tensor:
        """Return what was painted, with the coarse part of what the VAE lost of the picture given back."""
        sigma = self._settings.codec_sigma
        if sigma == 0:
            return painted
        lost = images.detach().float().cpu() - self._model.decode(clean)
        return (painted + low_pass(lost, sigma)).clamp(0, 1)


def _only(request: InpaintRequest, rows: list[int]) -> InpaintRequest:
    """Return the request of some rows alone."""
    return InpaintRequest(
        images=request.images[rows],
        strengths=request.strengths[rows],
        prompts=[request.prompts[row] for row in rows],
        emphases=[request.emphases[row] for row in rows],
        seeds=[request.seeds[row] for row in rows],
        steps=request.steps,
    )


class _Counter:
    """Count the steps of one group and tell the listener."""

    def __init__(self, on_step: OnStep | None, *, done: int, total: int) -> None:
        self._on_step, self._done, self._total = on_step, done, total

    def __call__(self) -> None:
        """Hear of one step more."""
        self._done += 1
        if self._on_step is not None:
            self._on_step(self._done, self._total)

"""Assess, refine, assess: the loop of G-Refine (arXiv:2404.18343) around one set of models.

Scores and maps have no unit, lie in [0, 1], and 1 is good.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from aqmap import Alignment
from balanced_refiner import (
    BalancedRefiner,
    Inpainter,
    MaskSettings,
    Refinement,
    RefineSettings,
    load_inpainter,
    load_stage2,
    wrap_pipeline,
)
from grefine.assessors import load_assessors
from grefine.locked import read_locked
from grefine.packs import diffusion_options
from grefine.plain_prompts import PlainPrompts
from grefine.results import Outcome, Score
from grefine.settings import Settings
from grefine_core import Assessment, ImageInput, as_pixels, check_prompt
from grefine_core.presets import DEFAULT_PRESET
from pqmap import Perception

Perceive = Callable[[Tensor], Perception]
"""Perceptual quality of pixels (1, 3, H, W) in [0, 1]."""
Align = Callable[[Tensor, str], Alignment]
"""Alignment of pixels (1, 3, H, W) in [0, 1] with a prompt."""
OnProgress = Callable[[str, int, int], None]
"""Called with the stage, the denoising steps done in it, and how many it has."""


class GRefiner:
    """Both assessors and the refiner around one encoder.

    Args:
        perceive: The PQ assessor.
        align: The AQ assessor.
        inpainter: Gives the diffusion backend; called at the first refinement, so that scoring
            never waits for it.
        settings: What decides a result.
        second: Gives the backend of stage 2, likewise; that of stage 1 by default.
        one_image: Opens a block in which both assessors see the same picture.
    """

    def __init__(
        self,
        perceive: Perceive,
        align: Align,
        inpainter: Callable[[], Inpainter],
        settings: Settings | None = None,
        *,
        second: Callable[[], Inpainter] | None = None,
        one_image: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._perceive, self._align = perceive, align
        self._inpainter = cache(inpainter)
        self._second = cache(second) if second else None
        self._settings = settings or Settings()
        self._one_image = one_image

    @classmethod
    def from_preset(
        cls,
        preset: str = DEFAULT_PRESET,
        *,
        settings: Settings | None = None,
        pipeline: object | None = None,
        second: object | None = None,
    ) -> GRefiner:
        """Load the models of a preset; pipelines of diffusers that you have loaded are used as they are.

        Args:
            preset: Encoder and text pairs, for both assessors.
            settings: All the rest; the defaults if None.
            pipeline: For the repairs, in place of `settings.diffusion`: text-to-image, img2img or
                inpainting, of Stable Diffusion 1, 2 or XL.
            second: For stage 2, in place of `settings.stage2`, likewise.

        Raises:
            InputError: If a preset is not installed, the device is absent, or a pipeline is of another kind.
            WeightsError: If a weights file is absent or altered.
        """
        given = [wrap_pipeline(pipe, name=type(pipe).__name__) if pipe else None for pipe in (pipeline, second)]
        return cls.load(replace(settings or Settings(), preset=preset), *given)

    @classmethod
    def load(
        cls, settings: Settings | None = None, inpainter: Inpainter | None = None, second: Inpainter | None = None
    ) -> GRefiner:
        """Load the encoder, its text pairs and the parser; the diffusion models follow when needed.

        Args:
            settings: Names the models.
            inpainter: For the repairs, in place of `settings.diffusion`.
            second: For stage 2, in place of `settings.stage2`.

        Raises:
            InputError: If a preset is not installed or the device is absent.
            WeightsError: If a weights file is absent or altered.
        """
        settings = settings or Settings()
        assessors = load_assessors(settings)
        device, options = settings.device, diffusion_options(settings)
        first = partial(load_inpainter, settings.diffusion, device=device, options=options)
        other = partial(load_stage2, settings.stage2, device=device, options=options)
        return cls(
            assessors.perception.assess,
            assessors.alignment,
            (lambda: inpainter) if inpainter else first,
            settings,
            second=(lambda: second) if second else other if settings.stage2 else None,
            one_image=assessors.one_image,
        )

    @property
    def settings(self) -> Settings:
        """What decides a result beside the picture and its prompt."""
        return self._settings

    @property
    def perceive(self) -> Perceive:
        """The PQ assessor."""
        return self._perceive

    @property
    def align(self) -> Align:
        """The AQ assessor: an `AlignmentAssessor`, unless another was given."""
        return self._align

    def backends(self) -> tuple[Inpainter, Inpainter | None]:
        """Return the diffusion model of the repairs and that of stage 2, loaded; None where it is the same one."""
        return self._inpainter(), self._second() if self._second else None

    def score(self, image: ImageInput, prompt: str) -> Score:
        """Assess one picture of any size.

        Raises:
            InputError: If the picture cannot be read or the prompt says nothing.
        """
        check_prompt(prompt)
        pixels = as_pixels(image)
        with self._one_image():
            perception, alignment = self._perceive(pixels), self._align(pixels, prompt)
        assessment = Assessment(
            pq=perception.quality, aq=alignment.quality, defects=alignment.defects, emphases=alignment.emphases
        )
        return Score(perception=perception, alignment=alignment, assessment=assessment)

    def __call__(
        self,
        image: ImageInput,
        prompt: str,
        *,
        seed: int | None = None,
        locked: Tensor | None = None,
        on_progress: OnProgress | None = None,
    ) -> Refinement:
        """Return what `refine` does, without the details of both assessors."""
        return self.refine(image, prompt, seed=seed, locked=locked, on_progress=on_progress).refinement

    def refine(
        self,
        image: ImageInput,
        prompt: str,
        *,
        seed: int | None = None,
        locked: Tensor | None = None,
        on_progress: OnProgress | None = None,
    ) -> Outcome:
        """Assess a picture, repair where it fails, and assess it again.

        Args:
            image: A file, a read picture, a PIL image, or pixels (1, 3, H, W) in [0, 1].
            prompt: What it should show.
            seed: The same seed gives the same picture; that of the settings by default.
            locked: Pixels that must not change, shape (H, W), bool; those of the settings' mask file by default.
            on_progress: Hears of every denoising step; raises `balanced_refiner.Cancelled` to stop.

        Raises:
            InputError: If an argument breaks the above.
            WeightsError: If a file of the diffusion model is absent or altered.
        """
        check_prompt(prompt)
        pixels = as_pixels(image).cpu()
        measured = _Measured(self, prompt)
        settings = self._settings
        if locked is None and settings.locked:
            locked = read_locked(Path(settings.locked), (pixels.shape[2], pixels.shape[3]))
        second = PlainPrompts(self._second(), prompt) if self._second else None
        refiner = BalancedRefiner(
            PlainPrompts(self._inpainter(), prompt), measured.assess, refine_settings(settings), second=second
        )
        chosen = settings.seed if seed is None else seed
        refinement = refiner(pixels, prompt, seed=chosen, locked=locked, on_progress=on_progress)
        return Outcome(
            prompt=prompt,
            source=pixels,
            before=measured.find(refinement.before, pixels),
            after=measured.find(refinement.after, refinement.pixels),
            refinement=refinement,
            settings=settings,
        )


def refine_settings(settings: Settings) -> RefineSettings:
    """Return what the refiner is told of the settings of a run."""
    return RefineSettings(
        steps=settings.steps,
        mask=MaskSettings(
            mode=cast(Any, settings.mask),  # `Settings` has checked it, and the two below
            tau=settings.threshold,
            min_area=settings.min_area,
        ),
        guard=settings.guard,
        literal=settings.literal,
        strength=settings.strength or None,
        rounds=settings.rounds,
        max_regions=settings.max_regions,
        order=cast(Any, settings.order),
        stage2=cast(Any, settings.mild_pass),
    )


class _Measured:
    """The refiner's measurements with all their details; only the first and the last are kept."""

    def __init__(self, grefine: GRefiner, prompt: str) -> None:
        self._grefine, self._prompt = grefine, prompt
        self._first: Score | None = None
        self._last: Score | None = None

    def assess(self, pixels: Tensor, prompt: str) -> Assessment:
        """Measure for the refiner."""
        self._last = self._grefine.score(pixels, prompt)
        self._first = self._first or self._last
        return self._last.assessment

    def find(self, assessment: Assessment, pixels: Tensor) -> Score:
        """Return the details of an assessment of `pixels`, measured again if they were not kept."""
        for score in (self._first, self._last):
            if score is not None and score.assessment is assessment:
                return score
        return self._grefine.score(pixels, self._prompt)


def load(preset: str = "mini", *, device: str = "auto") -> GRefiner:
    """Load the models of an installed preset.

    Args:
        preset: Encoder and text pairs; `mini` comes with the package, works offline and on a CPU.
        device: `auto`, or a name that torch knows, such as `cpu` or `cuda:1`.

    Raises:
        InputError: If the preset is not installed or the device is absent.
        WeightsError: If a weights file is absent or altered.
    """
    return GRefiner.from_preset(preset, settings=Settings(device=device))

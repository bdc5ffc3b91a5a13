"""A run from a file to a folder, as the command line and the demonstration do it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from aqmap import normalise
from grefine.certificate import Certificate
from grefine.locked import read_locked
from grefine.outputs import check_input_survives, output_folder
from grefine.packs import Pack, check_diffusion, check_packs
from grefine.pipeline import GRefiner, OnProgress
from grefine.report import Source
from grefine.results import Outcome, Score
from grefine.save import WRITTEN, save_outcome
from grefine.settings import Settings
from grefine_core import pick_device, read_image

Load = Callable[[Settings], GRefiner]
"""How models are loaded, `GRefiner.load` by default; a program that holds loaded ones passes its own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """A run that has passed every check which needs no model."""

    source: Source
    prompt: str
    settings: Settings
    packs: tuple[Pack, ...]
    locked: Tensor | None
    """Shape (H, W), bool: the pixels that must not change."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Finished:
    """A finished run."""

    outcome: Outcome
    files: tuple[Path, ...]
    """The refined picture is the first."""
    certificate: Certificate
    seconds: float
    """From the first check to the last file, models loaded on the way."""


def check_job(path: Path, prompt: str, settings: Settings, *, diffusion: bool = True) -> Job:
    """Check everything that can be checked without loading a model, the cheapest first.

    Raises:
        InputError: If the prompt says nothing, the file is no readable picture, the mask of locked
            pixels does not fit it, the device is absent or a preset is not installed.
        WeightsError: If a weights file is absent or altered.
    """
    normalise(prompt)
    picture = read_image(path)
    locked = read_locked(Path(settings.locked), picture.size) if settings.locked else None
    device = pick_device(settings.device)
    if diffusion:
        check_diffusion(settings, device)
    packs = check_packs(settings, diffusion=diffusion)
    source = Source(path=path, content=path.read_bytes(), picture=picture)
    return Job(source=source, prompt=prompt, settings=settings, packs=packs, locked=locked)


def score_file(path: Path, prompt: str, settings: Settings, *, load: Load | None = None) -> Score:
    """Score a picture file.

    Raises:
        InputError: If `check_job` refuses it.
        WeightsError: If a weights file is absent or altered.
    """
    job = check_job(path, prompt, settings, diffusion=False)
    return (load or GRefiner.load)(settings).score(job.source.picture, prompt)


def refine_file(
    path: Path,
    prompt: str,
    folder: Path,
    settings: Settings,
    *,
    load: Load | None = None,
    on_progress: OnProgress | None = None,
) -> Finished:
    """Refine a picture file and write the result to a folder, whole or not at all.

    Raises:
        InputError: If `check_job` refuses it, the folder cannot be written, or the result would
            replace the input.
        WeightsError: If a weights file is absent or altered.
    """
    began = time.perf_counter()
    job = check_job(path, prompt, settings)
    planned = f"refined{job.source.plan(keep=settings.format == 'keep').suffix}"
    check_input_survives(path, folder, (*WRITTEN, planned, job.source.kept_name))
    with output_folder(folder):
        models = (load or GRefiner.load)(settings)
        outcome = models.refine(job.source.picture, prompt, locked=job.locked, on_progress=on_progress)
        saved = save_outcome(folder, outcome, job.source, job.packs)
    return Finished(
        outcome=outcome,
        files=tuple(folder / name for name in saved.names),
        certificate=saved.certificate,
        seconds=time.perf_counter() - began,
    )

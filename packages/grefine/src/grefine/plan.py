"""Plan repairs for other programs: masks, regions and words, with no diffusion model at hand.

The masks carry the picture's name, as programs that work through folders expect of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from torch import Tensor

from balanced_refiner import RepairPlan, plan_repairs, regions_document
from grefine.outputs import all_or_nothing, check_input_survives, output_folder, write_json, write_png
from grefine.pictures import draw_map, draw_mask, side_by_side
from grefine.pipeline import GRefiner, refine_settings
from grefine.report import Source
from grefine.results import Score
from grefine.run import Load, check_job
from grefine.settings import Settings
from grefine_core import write_atomically

PROMPT, REGIONS, DRAWN = "prompt.txt", "regions.json", "plan.png"


@dataclass(frozen=True, kw_only=True, eq=False)
class Planned:
    """A plan, and where it was written."""

    score: Score
    plan: RepairPlan
    prompt: str
    """The user's prompt with more weight on the phrases that fail, `(phrase:1.1)`."""
    files: tuple[Path, ...]


def plan_file(path: Path, prompt: str, folder: Path, settings: Settings, *, load: Load | None = None) -> Planned:
    """Assess a picture file and write what should be repaired, whole or not at all.

    Strengths are those of eq. (9), whatever some model could do.

    Raises:
        InputError: If `check_job` refuses the picture, the folder cannot be written, or a mask
            would replace the input.
        WeightsError: If a weights file is absent or altered.
    """
    job = check_job(path, prompt, settings, diffusion=False)
    names = plan_names(path)
    check_input_survives(path, folder, names)
    with output_folder(folder):
        score = (load or GRefiner.load)(settings).score(job.source.picture, prompt)
        plan = plan_repairs(score.assessment, prompt, refine_settings(settings), locked=job.locked)
        files = _save(folder, names, job.source, score, plan)
    return Planned(score=score, plan=plan, prompt=score.alignment.emphasised, files=tuple(files))


def plan_names(path: Path) -> tuple[str, ...]:
    """Return the files of a plan for a picture: mask, strengths, regions, prompt, and a view for people."""
    return (f"{path.stem}.png", f"{path.stem}-strength.png", REGIONS, PROMPT, DRAWN)


def _save(folder: Path, names: Sequence[str], source: Source, score: Score, plan: RepairPlan) -> list[Path]:
    mask, strength, *_ = names
    with all_or_nothing(folder) as scratch:
        write_png(scratch / mask, draw_mask(plan.mask.hard.float()))
        write_png(scratch / strength, draw_mask(plan.found.strengths))
        write_json(scratch / REGIONS, regions_document(source.picture.size, [plan.found]))
        text = score.alignment.emphasised + "\n"
        write_atomically(scratch / PROMPT, lambda file: file.write(text.encode()))
        write_png(scratch / DRAWN, _draw(source.picture.pixels, score, plan))
    return [folder / name for name in names]


def _draw(pixels: Tensor, score: Score, plan: RepairPlan) -> Image.Image:
    """Return both maps and what is to be repaired side by side; in the last, red is repainted from scratch."""
    repair = f"repair of {float(plan.mask.hard.float().mean()):.1%}"
    return side_by_side(
        [
            draw_map(pixels, score.perception.map, f"quality: p = {score.p:.3f}"),
            draw_map(pixels, score.alignment.map, f"alignment: a = {score.a:.3f}"),
            draw_map(pixels, 1 - plan.found.strengths, repair),
        ]
    )

"""Write a refinement to a folder: pictures for people, JSON for programs, all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from grefine.certificate import certify
from grefine.outputs import all_or_nothing, write_json, write_png
from grefine.packs import Pack
from grefine.pictures import draw_image, draw_map, draw_mask, side_by_side
from grefine.report import (
    Saved,
    Source,
    build_receipt,
    build_regions,
    build_report,
    passed_over_all,
    stage1_damage,
)
from grefine.results import Outcome, Score
from grefine_core import write_atomically, write_image

REFINED, REPORT = "refined.png", "report.json"
DRAWN = ("before-after.png", "pq.png", "aq.png", "mask.png")
WRITTEN = (REFINED, *DRAWN, "regions.json", REPORT)
"""Names that a result takes in its folder."""


def save_outcome(folder: Path, outcome: Outcome, source: Source, packs: Sequence[Pack]) -> Saved:
    """Write all files of a result.

    Where nothing was changed, the refined picture is the input, byte for byte, under its own
    ending. A refined picture that an earlier run left under another ending is removed.

    Raises:
        InputError: If the folder cannot be written, or the input was changed since it was read;
            nothing is left behind then.
        RuntimeError: If pixels were changed that the mask protects, which is a bug.
    """
    damage = stage1_damage(outcome)
    if damage > 0 or outcome.refinement.pixels.shape != outcome.source.shape:
        raise RuntimeError("The refiner changed pixels outside its mask; nothing was written.")
    plan = source.plan(keep=outcome.settings.format == "keep")
    refined = f"refined{plan.suffix}" if outcome.refinement.changed else source.kept_name
    names = (refined, *DRAWN, "regions.json", REPORT)
    stale = _refined_before(folder) - {refined}
    with all_or_nothing(folder) as scratch:
        if outcome.refinement.changed:
            receipt = build_receipt(outcome)
            write_image(scratch / refined, outcome.refinement.pixels, like=source.picture, receipt=receipt)
        else:
            write_atomically(scratch / refined, lambda file: file.write(source.content))
        _draw(scratch, outcome)
        certificate = certify(
            source.path,
            scratch / refined,
            (outcome.refinement.mask.feathered > 0).numpy(),
            whole=passed_over_all(outcome),
            stage1_outside=damage,
            notes=plan.notes if outcome.refinement.changed else (),
        )
        if plan.exact and not certificate.whole and certificate.changed_outside:
            raise RuntimeError("The written picture differs from the input outside the mask; nothing was kept.")
        saved = Saved(names=names, certificate=certificate)
        write_json(scratch / "regions.json", build_regions(outcome))
        write_json(scratch / REPORT, build_report(outcome, source, packs, saved))
    for name in stale:
        (folder / name).unlink(missing_ok=True)
    return saved


def _draw(folder: Path, outcome: Outcome) -> None:
    refinement = outcome.refinement
    before, after = outcome.before, outcome.after
    images = [
        draw_image(outcome.source, _caption("before", before)),
        draw_image(refinement.pixels, _caption("after", after)),
    ]
    quality = [
        draw_map(outcome.source, before.perception.map, f"quality before: p = {before.p:.3f}"),
        draw_map(refinement.pixels, after.perception.map, f"quality after: p = {after.p:.3f}"),
    ]
    alignment = [
        draw_map(outcome.source, before.alignment.map, f"alignment before: a = {before.a:.3f}"),
        draw_map(refinement.pixels, after.alignment.map, f"alignment after: a = {after.a:.3f}"),
    ]
    sheets = [
        side_by_side(images),
        side_by_side(quality),
        side_by_side(alignment),
        draw_mask(refinement.mask.feathered),
    ]
    for name, sheet in zip(DRAWN, sheets, strict=True):
        write_png(folder / name, sheet)


def _caption(word: str, score: Score) -> str:
    return f"{word}: p = {score.p:.3f}, a = {score.a:.3f}"


def _refined_before(folder: Path) -> set[str]:
    """Return the names under which earlier runs left a refined picture, as their report lists them."""
    try:
        listed = json.loads((folder / REPORT).read_text("utf-8"))["files"]
        return {name for name in listed if Path(name).name == name and name.startswith("refined.")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()  # no report, or none of ours

"""The harness of the tables proves itself: tables 2, 6, 7, 8 and the radar figure of the mini database.

Run as ``python -m tools.mini_tables -o DIR`` with the data folder in GREFINE_DATA; a run that was stopped
goes on. `--small` takes 8 pictures and 2 iterations, for a look at whether all still works.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PIL import Image

from grefine import Settings
from grefine.databases.records import Item
from grefine.indicators.own import OwnModels
from grefine.paper_tables.paper import ORIGINAL, OURS
from grefine.tables.assessment import LABELS
from grefine.tables.make import make_radar, make_table
from grefine.tables.options import TableOptions
from grefine.tables.results import TableResult
from grefine.tables.sources import find_source
from grefine.tables.store import Store, item_key
from grefine_core import read_image, to_pil, write_atomically
from grefine_core.cli_support import quiet_libraries, say
from tools.mini.assets import data_folder
from tools.mini_database import COUNT, SIZE, write_database

NUMBERS = (2, 6, 7, 8)
SD = {"sd": "mini"}
"""The mini diffusion model takes the row of SD, so that one whole-picture refinement has numbers."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """How large a run is."""

    count: int = COUNT
    size: int = SIZE
    steps: int = 20
    refined: int | None = None
    """Most pictures that are optimized, by each name of the paper; all if None. All are scored."""
    max_regions: int = 8
    radar: bool = True


FULL, SMALL = Form(), Form(count=8, size=96, steps=2, max_regions=1, radar=False)
SHEET = (ORIGINAL, "sd", "q-refine", OURS)
"""Optimizers of the contact sheet, beside each other."""
SHOWN, SIDE = 8, 192
"""Pictures of the contact sheet, and their side there."""


def run_tables(data: Path, out: Path, form: Form = FULL) -> list[Path]:
    """Write the database, and everything that is computed of it.

    Args:
        data: The data folder.
        out: Folder for `database` and the tables.
        form: How much.

    Returns:
        All files of tables and figure.
    """
    database = write_database(data, out / "database", count=form.count, size=form.size)
    settings = Settings(device="cpu", steps=form.steps, max_regions=form.max_regions)
    scored = TableOptions(data=database, out=out, settings=settings, weights=SD)
    optimized = replace(scored, limit=form.refined)
    models: list[OwnModels] = []

    def load_own(chosen: Settings) -> OwnModels:  # once for all tables
        if not models:
            models.append(OwnModels.load(chosen))
        return models[0]

    made = [
        make_table(number, scored if number in LABELS else optimized, say=say, load_own=load_own) for number in NUMBERS
    ]
    files = [file for _, written in made for file in written]
    files.append(_contact_sheet(made[0][0], out, find_source("GenImage", database, limit=form.refined).items))
    return files + (make_radar(optimized, say=say, load_own=load_own) if form.radar else [])


def _contact_sheet(table: TableResult, out: Path, items: Sequence[Item]) -> Path:
    """Write the first pictures, one a line, after each optimizer of `SHEET`."""
    store, names = Store(out / "cache"), {row.key: row.note for row in table.rows}
    items = items[:SHOWN]
    sheet = Image.new("RGB", (SIDE * len(SHEET), SIDE * len(items)))
    for line, item in enumerate(items):
        for place, key in enumerate(SHEET):
            whole = key == ORIGINAL
            pixels = read_image(item.image).pixels if whole else store.picture(names[key], item_key(item))
            sheet.paste(to_pil(pixels).resize((SIDE, SIDE)), (SIDE * place, SIDE * line))
    return write_atomically(out / "contact-sheet.png", partial(sheet.save, format="PNG"))


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description="Compute the tables of the mini database.")
    parser.add_argument("data", nargs="?", help="the data folder; GREFINE_DATA by default")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--small", action="store_true", help="8 small pictures, 2 iterations")
    parser.add_argument("--refined", type=int, help="optimize at most so many pictures of each name; all by default")
    chosen = parser.parse_args()
    quiet_libraries()
    form = replace(SMALL if chosen.small else FULL, refined=chosen.refined)
    began = time.monotonic()
    files = run_tables(data_folder(chosen.data), chosen.output, form)
    say(f"{len(files)} files in {chosen.output} after {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()

"""One table from a data folder to its files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from grefine.indicators.own import OwnModels
from grefine.settings import Settings
from grefine.tables.assessment import LABELS, assessment_table
from grefine.tables.bench import Bench
from grefine.tables.optimization import optimization_table
from grefine.tables.options import TableOptions
from grefine.tables.radar import draw_radar, measure_radar, radar_text
from grefine.tables.results import TableResult
from grefine.tables.write import write_results
from grefine_core import check_output_folder
from grefine_core.files import write_atomically

Say = Callable[[str], None]
LoadOwn = Callable[[Settings], OwnModels]


def make_table(
    number: int, options: TableOptions, *, say: Say = lambda _: None, load_own: LoadOwn | None = None
) -> tuple[TableResult, list[Path]]:
    """Compute a table and write it; what an earlier run has done into the same folder is not done again.

    Args:
        number: 2 to 8.
        options: Data, folder, and what is run.
        say: Hears one line for each step.
        load_own: Loads our own models, `OwnModels.load` by default.

    Returns:
        The table, and the files.

    Raises:
        InputError: If the number is wrong, the data folder does not exist, or the output cannot be written.
    """
    check_output_folder(options.out)
    bench = Bench(options, say=say, load_own=load_own)
    table = (assessment_table if number in LABELS else optimization_table)(number, options, bench)
    return table, write_results(table, options.out)


def make_radar(options: TableOptions, *, say: Say = lambda _: None, load_own: LoadOwn | None = None) -> list[Path]:
    """Draw the radar figure and write its numbers; see `make_table`.

    Raises:
        InputError: As `make_table`, or if there are pictures of no generator.
    """
    check_output_folder(options.out)
    radar = measure_radar(options, Bench(options, say=say, load_own=load_own))
    numbers = json.dumps(asdict(radar), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return [
        draw_radar(radar, options.out / "radar.png"),
        write_atomically(options.out / "radar.md", lambda file: file.write(radar_text(radar).encode())),
        write_atomically(options.out / "radar.json", lambda file: file.write(numbers.encode())),
    ]

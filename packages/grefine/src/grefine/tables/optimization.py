"""Tables 2 to 5 and 8: what optimizers make of pictures, as means of indicators."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from grefine.databases.records import Item
from grefine.indicators.own import A, P
from grefine.indicators.registry import indicator_info
from grefine.optimizers.registry import optimizer_info
from grefine.paper_tables.marks import mark_column, paper_marks
from grefine.paper_tables.paper import ORIGINAL, PaperTable, paper_table
from grefine.tables.bench import Bench, Measured
from grefine.tables.options import TableOptions
from grefine.tables.results import Cell, Column, ItemRow, Row, TableResult
from grefine.tables.sources import Source, find_source
from grefine.tables.store import item_key
from grefine_core.bootstrap import draw_counts, interval_of

OWN = (P.key, A.key)
"""Columns that the paper does not have: our own indicators, which need no weights but the preset's."""
LEGEND = "**Best**, *second best*, ▼ worse than the original pictures, each within this run."
TABLE_8 = (
    "The PicScore of the paper's table 8 falls below 0, which no PickScore of its other tables does: "
    "it is on another scale, and the paper does not say which"
)


def optimization_table(number: int, options: TableOptions, bench: Bench) -> TableResult:
    """Compute table 2, 3, 4, 5 or 8.

    Args:
        number: Of the table.
        options: Data, limits, and what is run beside the paper's rows and columns.
        bench: Runs and keeps.

    Raises:
        InputError: If the data folder does not exist or the output cannot be written.
    """
    paper = paper_table(number)
    seed = options.settings.seed
    sources = {n: find_source(n, options.data, limit=options.limit, seed=seed) for n in paper.databases}
    rows = [row.key for row in paper.rows] + [key for key in options.also_optimizers() if key != ORIGINAL]
    printed = dict.fromkeys(column.key for column in paper.columns)
    indicators = list(dict.fromkeys([*printed, *OWN, *options.also_indicators()]))
    items = {(item.image, item.prompt): item for source in sources.values() for item in source.items}
    measured = bench.run(list(dict.fromkeys(rows)), indicators, list(items.values()))
    columns = [_column(key, name, measured, printed=key in printed) for name in paper.databases for key in indicators]
    cells = [[_cell(row, column, sources, measured) for column in columns] for row in dict.fromkeys(rows)]
    return TableResult(
        number=number,
        caption=paper.caption,
        columns=tuple(columns),
        rows=tuple(_row(key, paper, measured) for key in dict.fromkeys(rows)),
        cells=tuple(tuple(row) for row in _marked(cells, columns, list(dict.fromkeys(rows)), paper)),
        legend=LEGEND,
        notes=tuple(notes(sources.values(), options)) + ((TABLE_8,) if number == 8 else ()),
        items=tuple(item_rows(measured, sources.values())),
    )


def notes(sources: Iterable[Source], options: TableOptions) -> list[str]:
    """Return what stands for the paper's pictures, and what the run chose."""
    said = [f"{one.name}: {len(one.items)} pictures of {one.origin}" for one in sources if one.items]
    settings = options.settings
    guard = "on" if settings.guard else "off, as in the paper"
    said.append(f"{settings.steps} iterations, seed {settings.seed}, preset {settings.preset}, guard {guard}")
    said += [f"{key} ran with {source}" for key, source in options.weights.items()]
    said += [f"{key} ran the command {command}" for key, command in options.commands.items()]
    return said


def _column(key: str, database: str, measured: Measured, *, printed: bool) -> Column:
    info = measured.indicators.get(key) or indicator_info(key)
    return Column(key=key, title=info.title, database=database, group=info.group, higher=info.higher, printed=printed)


def _row(key: str, paper: PaperTable, measured: Measured) -> Row:
    printed = {row.key: row for row in paper.rows}
    title = printed[key].name if key in printed else optimizer_info(key).title
    venue = printed[key].venue if key in printed else ""
    return Row(
        key=key,
        title=f"{title} ({venue})" if venue else title,
        family=optimizer_info(key).family,
        note=measured.runs[key].name,
        printed=key in printed,
    )


def _cell(row: str, column: Column, sources: dict[str, Source], measured: Measured) -> Cell:
    """Return a cell without marks and without the paper's number."""
    source, run = sources[column.database], measured.runs[row]
    for missing, subject in (
        (source.missing, column.database),
        (run.missing, run.info.title),
        (measured.missing.get(column.key, ""), column.title),
    ):
        if missing:
            return Cell(missing=f"{subject}: {missing}")
    keys = [item_key(item) for item in source.items]
    values = [measured.value(row, column.key, key) for key in keys]
    known = [value for value in values if value is not None]
    if not known:
        return Cell(missing=f"{run.info.title}: no picture of {column.database} was measured", failed=len(values))
    base = [measured.value(ORIGINAL, column.key, key) for key in keys]
    mean, low, high = _mean(known)
    cell = Cell(value=mean, low=low, high=high, n=len(known), failed=len(values) - len(known))
    both = [new - old for new, old in zip(values, base, strict=True) if new is not None and old is not None]
    if row == ORIGINAL or not both:
        return cell
    sign = 1 if column.higher else -1
    gain, low, high = _mean([sign * value for value in both])
    return replace(cell, gain=gain, gain_low=low, gain_high=high)


def _mean(values: list[float]) -> tuple[float, float, float]:
    """Return the mean and both ends of its bootstrap interval."""
    array = np.asarray(values, np.float64)
    counts = draw_counts(len(array))
    interval = interval_of(counts @ array / len(array), len(array))
    return float(array.mean()), interval.low, interval.high


def _marked(cells: list[list[Cell]], columns: list[Column], rows: list[str], paper: PaperTable) -> list[list[Cell]]:
    """Return the cells with marks and with the paper's numbers."""
    original, theirs = rows.index(ORIGINAL), paper_marks(paper)
    places = {(column.key, column.database): place for place, column in enumerate(paper.columns)}
    numbers = {row.key: number for number, row in enumerate(paper.rows)}
    for place, column in enumerate(columns):
        ours = mark_column([row[place].value for row in cells], higher=column.higher, original=original)
        printed = places.get((column.key, column.database))
        for number, row in enumerate(cells):
            cell = replace(row[place], mark=ours[number])
            if cell.gain is not None:  # on the pictures that both have
                cell = replace(cell, mark=replace(cell.mark, negative=cell.gain < 0))
            if printed is not None and rows[number] in numbers:
                told = numbers[rows[number]]
                cell = replace(cell, paper=paper.rows[told].values[printed], paper_mark=theirs[told][printed])
            row[place] = cell
    return cells


def item_rows(measured: Measured, sources: Iterable[Source]) -> list[ItemRow]:
    """Return what was measured of each picture, by optimizer."""
    found: list[ItemRow] = []
    named = {name: key for key, name in measured.names.items()}
    for source in sources:
        for key, run in measured.runs.items():
            if not run.missing:
                found += [_item_row(measured, source, key, item, named) for item in source.items]
    return found


def _item_row(measured: Measured, source: Source, row: str, item: Item, named: dict[str, str]) -> ItemRow:
    entry = measured.entries[row, item_key(item)]
    values = {named[name]: value for name, value in entry.values.items() if name in named}
    errors = [entry.error, *(error for name, error in entry.errors.items() if name in named)]
    return ItemRow(row=row, id=item.id, database=source.name, values=values, error="; ".join(filter(None, errors)))

"""Tables 6 and 7: how well indicators agree with what people said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grefine.databases.records import ALIGNMENT, QUALITY
from grefine.indicators.own import A, P
from grefine.indicators.registry import indicator_info
from grefine.paper_tables.marks import Mark, mark_column
from grefine.paper_tables.paper import ORIGINAL, PaperTable, paper_table
from grefine.tables.bench import Bench, Measured
from grefine.tables.optimization import item_rows, notes
from grefine.tables.options import TableOptions
from grefine.tables.results import Cell, Column, Row, TableResult
from grefine.tables.sources import Source, find_source
from grefine.tables.store import item_key
from grefine_core.agreement import measure_agreement
from grefine_core.errors import InputError
from grefine_core.significance import compare_methods

LABELS = {6: QUALITY, 7: ALIGNMENT}
"""What people rated, by table."""
OURS = {6: P.key, 7: A.key}
FIGURES = {"srcc": "SRCC", "plcc": "PLCC", "plcc_raw": "PLCC, raw", "krcc": "KRCC", "rmse": "RMSE"}
"""The first two are the paper's; PLCC and RMSE are behind the logistic curve."""
WEAK = 0.6
"""What the paper marks as unacceptable is below this."""
LEGEND = f"**Best**, ▼ SRCC or PLCC below {WEAK}, as the paper marks them."
TUNED = "The paper fine-tunes all indicators on AIGIQA-20K; here each is as its authors publish it"


def assessment_table(number: int, options: TableOptions, bench: Bench) -> TableResult:
    """Compute table 6 or 7.

    Args:
        number: Of the table.
        options: Data, limits, and which indicators are measured beside the paper's.
        bench: Measures and keeps.

    Raises:
        InputError: If the data folder does not exist or the output cannot be written.
    """
    paper, seed = paper_table(number), options.settings.seed
    sources = {n: find_source(n, options.data, limit=options.limit, seed=seed) for n in paper.databases}
    keys = list(dict.fromkeys([*(row.key for row in paper.rows), *options.also_indicators()]))
    items = {(item.image, item.prompt): item for source in sources.values() for item in source.items}
    measured = bench.run([ORIGINAL], keys, list(items.values()))
    cells = {
        (key, name): _cells(key, source, LABELS[number], measured) for key in keys for name, source in sources.items()
    }
    columns = [_column(figure, name, number) for name in paper.databases for figure in FIGURES]
    table = [[cells[key, column.database][column.key] for column in columns] for key in keys]
    return TableResult(
        number=number,
        caption=paper.caption,
        columns=tuple(columns),
        rows=tuple(_row(key, paper, measured) for key in keys),
        cells=tuple(tuple(row) for row in _marked(table, columns, keys, paper)),
        legend=LEGEND,
        notes=(*notes(sources.values(), options), TUNED, *_comparisons(number, keys, sources, measured)),
        items=tuple(item_rows(measured, sources.values())),
    )


def _column(figure: str, database: str, number: int) -> Column:
    return Column(
        key=figure,
        title=FIGURES[figure],
        database=database,
        group="perceptual" if number == 6 else "alignment",
        higher=figure != "rmse",
        printed=figure in ("srcc", "plcc"),
    )


def _row(key: str, paper: PaperTable, measured: Measured) -> Row:
    printed = {row.key: row.name for row in paper.rows}
    info = measured.indicators.get(key) or indicator_info(key)
    return Row(
        key=key,
        title=printed.get(key, info.title),
        family=info.group,
        note=measured.names.get(key, ""),
        printed=key in printed,
        gives_map=info.gives_map,
    )


def _cells(key: str, source: Source, label: str, measured: Measured) -> dict[str, Cell]:
    """Return the figures of one indicator on one database."""
    title = measured.indicators[key].title
    for missing, subject in ((source.missing, source.name), (measured.missing.get(key, ""), title)):
        if missing:
            return dict.fromkeys(FIGURES, Cell(missing=f"{subject}: {missing}"))
    if not any(label in item.labels for item in source.items):
        return dict.fromkeys(FIGURES, Cell(missing=f"{source.name}: its pictures have no label `{label}`"))
    scores, labels = _pairs(key, source, label, measured)
    failed = len(source.items) - len(scores)
    try:
        found = measure_agreement(list(scores.values()), list(labels.values()))
    except InputError as error:
        return dict.fromkeys(FIGURES, Cell(missing=f"{title} on {source.name}: {error}".rstrip("."), failed=failed))
    return {
        figure: Cell(
            value=getattr(found, figure),
            low=found.intervals[figure].low,
            high=found.intervals[figure].high,
            n=found.n,
            failed=failed,
        )
        for figure in FIGURES
    }


def _pairs(key: str, source: Source, label: str, measured: Measured) -> tuple[dict[str, float], dict[str, float]]:
    """Return scores, such that more is better, and labels, by picture, of those that have both."""
    sign = 1 if measured.indicators[key].higher else -1
    scores, labels = dict[str, float](), dict[str, float]()
    for item in source.items:
        value = measured.value(ORIGINAL, key, item_key(item))
        if value is not None and label in item.labels:
            scores[item.id], labels[item.id] = sign * value, item.labels[label]
    return scores, labels


def _marked(cells: list[list[Cell]], columns: Sequence[Column], keys: list[str], paper: PaperTable) -> list[list[Cell]]:
    """Return the cells with marks and with the paper's numbers."""
    places = {(column.key, column.database): place for place, column in enumerate(paper.columns)}
    printed = {row.key: row for row in paper.rows}
    for place, column in enumerate(columns):
        ours = mark_column([row[place].value for row in cells], higher=column.higher)
        told = places.get((column.key, column.database))
        numbers = [] if told is None else [float(row.values[told]) for row in paper.rows]
        for number, row in enumerate(cells):
            cell = replace(row[place], mark=_mark(ours[number], row[place].value, weak=column.printed))
            if told is not None and keys[number] in printed:
                value = printed[keys[number]].values[told]
                theirs = Mark(place="best" if float(value) == max(numbers) else "", negative=float(value) < WEAK)
                cell = replace(cell, paper=value, paper_mark=theirs)
            row[place] = cell
    return cells


def _mark(mark: Mark, value: float | None, *, weak: bool) -> Mark:
    return Mark(place="best" if mark.place == "best" else "", negative=weak and value is not None and value < WEAK)


def _comparisons(number: int, keys: Sequence[str], sources: dict[str, Source], measured: Measured) -> list[str]:
    """Say how ours differs from each other indicator in SRCC, on the pictures that both have."""
    said, ours = [], OURS[number]
    for name, source in sources.items():
        mine, labels = _pairs(ours, source, LABELS[number], measured) if not source.missing else ({}, {})
        for key in keys:
            theirs = _pairs(key, source, LABELS[number], measured)[0] if key != ours else {}
            both = [item for item in mine if item in theirs]
            try:
                found = compare_methods(*([side[item] for item in both] for side in (mine, theirs, labels)))
            except InputError:
                continue  # too few pictures, or a constant side
            titles = (measured.indicators[ours].title, measured.indicators[key].title)
            gap, spread = found.first - found.second, found.interval
            said.append(
                f"{name}: SRCC of {titles[0]} less that of {titles[1]}, both turned to rise: {gap:+.3f} "
                f"[{spread.low:+.3f}, {spread.high:+.3f}], p = {found.test.p:.3g} (Williams)"
            )
    return said

"""AIGCIQA2023 (arXiv:2307.00211): scores in MATLAB files, prompts in a spreadsheet, pictures 0.png to 2399.png.

A csv of all this, which a pull request to its repository offers, is read too. Pictures come by model (6, which the
release does not name), then by prompt (100), four of each. The raters' deviations are on a scale of 1 to 5, but
the scores on one of 0 to 100, so `Item.spread` is left empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from grefine.databases.item_tables import ItemColumns, find_below, find_table, items_of_rows, read_items
from grefine.databases.published import Published
from grefine.databases.records import ALIGNMENT, QUALITY, Item, LabelRange
from grefine.databases.spreadsheet import read_spreadsheet
from grefine_core.errors import InputError
from grefine_core.tables import Row

AUTHENTICITY = "authenticity"
_MODELS, _PROMPTS, _OF_EACH = 6, 100, 4
_LABELS = {QUALITY: "quality_mos", AUTHENTICITY: "authenticity_mos", ALIGNMENT: "correspondence_mos"}
_COLUMNS = ItemColumns(image="name", prompt="prompt", style="style", labels=_LABELS)
_FILES = {QUALITY: "mosz1.mat", AUTHENTICITY: "mosz2.mat", ALIGNMENT: "mosz3.mat"}
_SHEETS = ("AIGCIQA2023_Prompts.xlsx", "prompts.xlsx", "prompt.xlsx")


def _read(folder: Path) -> tuple[Item, ...]:
    try:
        items = read_items(find_table(folder, ("AIGCIQA2023.csv",)), _COLUMNS)
    except InputError:
        if folder.is_file() or not find_below(folder, "mosz1.mat"):
            raise
        items = items_of_rows(_rows(folder), _COLUMNS, where=folder, root=folder)
    each = _PROMPTS * _OF_EACH
    return tuple(replace(item, model=f"model {place // each + 1}") for place, item in enumerate(items))


def _rows(folder: Path) -> list[Row]:
    """Return the rows that the csv would have."""
    scores = {name: _scores(folder, file) for name, file in _FILES.items()}
    prompts = _prompts(folder)
    count = _MODELS * len(prompts) * _OF_EACH
    for name, values in scores.items():
        if len(values) != count:
            raise InputError(f"{_FILES[name]} of {folder} has {len(values)} scores for {count} pictures.")
    return [
        {
            "name": f"{place}.png",
            "prompt": prompts[place // _OF_EACH % len(prompts)][1],
            "style": prompts[place // _OF_EACH % len(prompts)][0],
            **{_LABELS[name]: values[place] for name, values in scores.items()},
        }
        for place in range(count)
    ]


def _scores(folder: Path, name: str) -> Sequence[float]:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    path = next(iter(find_below(folder, name)), None)
    if path is None:
        raise InputError(f"{folder} has no {name}.")
    try:
        values: Sequence[float] = loadmat(path)["MOSz"].ravel().tolist()
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError, MatReadError) as error:
        raise InputError(f"{path} holds no scores `MOSz` of MATLAB: {error}.") from error
    return values


def _prompts(folder: Path) -> list[tuple[str, str]]:
    """Return challenge and text of each prompt; they are the first and the third column of the spreadsheet."""
    path = next((found for name in _SHEETS for found in find_below(folder, name)), None)
    if path is None:
        raise InputError(f"{folder} has no spreadsheet of prompts; it must have {' or '.join(_SHEETS)}.")
    rows = [row for row in read_spreadsheet(path) if len(row) >= 3]
    if rows and rows[0][2].strip().lower() in {"prompt", "prompts"}:
        rows = rows[1:]
    return [(row[0], row[2]) for row in rows]


AIGCIQA2023 = Published(
    name="aigciqa2023",
    summary="2,400 pictures by 6 models of 100 prompts, quality, authenticity and alignment rated apart",
    licence="none stated in its repository",
    source="https://github.com/wangjiarui153/AIGCIQA2023",
    labels={name: LabelRange(0, 100) for name in _LABELS},
    count=_MODELS * _PROMPTS * _OF_EACH,
    reader=_read,
)

"""AGIQA-3K (arXiv:2306.04717): data.csv and a folder of pictures, whose names begin with their model and its mode.

The released means have been brought to an average of 2.5 and a deviation of 1. That the raters' deviations beside
them are in the same unit is taken for granted; nothing in the release says otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grefine.databases.item_tables import ItemColumns, find_table, read_items
from grefine.databases.published import Published
from grefine.databases.records import ALIGNMENT, QUALITY, Item, LabelRange

_COLUMNS = ItemColumns(
    image="name",
    prompt="prompt",
    style="style",
    labels={QUALITY: "mos_quality", ALIGNMENT: "mos_align"},
    spread={QUALITY: "std_quality", ALIGNMENT: "std_align"},
)


def _read(folder: Path) -> tuple[Item, ...]:
    items = read_items(find_table(folder, ("data.csv", "agiqa3k.csv")), _COLUMNS)
    return tuple(replace(item, model=_model(item.id)) for item in items)


def _model(name: str) -> str:
    """Return `sd1.5_lowcorr` of `sd1.5_lowcorr_012.jpg`: what ends the name counts the pictures."""
    return name.rpartition("_")[0]


AGIQA_3K = Published(
    name="agiqa-3k",
    summary="2,982 pictures by 6 models, quality and alignment rated apart by 21 people",
    licence="MIT",
    source="https://github.com/lcysyzxdxc/AGIQA-3k-Database",
    labels={QUALITY: LabelRange(0, 5), ALIGNMENT: LabelRange(0, 5)},
    count=2982,
    raters=21,
    reader=_read,
)

"""The first sheet of an .xlsx file as rows of text: two databases come with one, and no more is needed of it.

An .xlsx is a zip of ET. Formulas, dates and formats are left alone.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

from grefine_core.errors import InputError

MAX_BYTES = 100_000_000
"""Of one part of the file, unpacked: a spreadsheet of ten thousand rows has a few."""
_SHEET, _TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
_SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_spreadsheet(path: Path) -> list[list[str]]:
    """Return the cells of the first sheet, row by row; empty ones are "", and rows are as long as they are filled.

    Raises:
        InputError: If the file cannot be read or is no spreadsheet.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            texts = _shared_texts(archive) if _TEXTS in archive.namelist() else []
            rows = [_cells(row, texts) for row in _parse(archive, _SHEET).iter(f"{_SPACE}row")]
    except (OSError, zipfile.BadZipFile, KeyError, IndexError, ValueError, ET.ParseError) as error:
        raise InputError(f"{path} cannot be read as an .xlsx spreadsheet: {error}.") from error
    return [row for row in rows if any(row)]


def _parse(archive: zipfile.ZipFile, name: str) -> ET.Element:
    if archive.getinfo(name).file_size > MAX_BYTES:
        raise ValueError(f"{name} is too large")
    content = archive.read(name)
    if b"<!DOCTYPE" in content:  # entities that unfold without end; Office writes none
        raise ValueError(f"{name} has a document type")
    return ET.fromstring(content)


def _shared_texts(archive: zipfile.ZipFile) -> list[str]:
    return ["".join(item.itertext()) for item in _parse(archive, _TEXTS).iter(f"{_SPACE}si")]


def _cells(row: ET.Element, texts: list[str]) -> list[str]:
    found: dict[int, str] = {}
    for number, cell in enumerate(row.iter(f"{_SPACE}c")):
        kind, value = cell.get("t"), cell.find(f"{_SPACE}v")
        if kind == "inlineStr":
            text = "".join(cell.itertext())
        elif value is None or value.text is None:
            text = ""
        else:
            text = texts[int(value.text)] if kind == "s" else value.text
        found[_column(cell.get("r"), number)] = text
    return [found.get(place, "") for place in range(max(found, default=-1) + 1)]


def _column(reference: str | None, number: int) -> int:
    """Return 27 of `AB12`; cells may come without a reference, and then they are in a row."""
    letters = re.match(r"[A-Z]+", reference or "")
    if letters is None:
        return number
    place = 0
    for letter in letters.group():
        place = 26 * place + ord(letter) - ord("A") + 1
    return place - 1

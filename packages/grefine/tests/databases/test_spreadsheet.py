from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from grefine.databases.spreadsheet import read_spreadsheet
from grefine_core import InputError

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def test_texts_numbers_and_gaps_keep_their_columns(tmp_path: Path, spreadsheet: Any) -> None:
    path = spreadsheet(tmp_path / "a.xlsx", [["name", "", "mos"], ["a, b &amp; c", "x", "2.5"], [""]])
    assert read_spreadsheet(path) == [["name", "", "mos"], ["a, b & c", "x", "2.5"]]


def test_texts_in_place_and_cells_without_reference_are_read(tmp_path: Path) -> None:
    sheet = f'<worksheet {MAIN}><row><c t="inlineStr"><is><t>a</t></is></c><c><v>1</v></c></row></worksheet>'
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    assert read_spreadsheet(tmp_path / "a.xlsx") == [["a", "1"]]


@pytest.mark.parametrize(
    "sheet",
    ["<worksheet", '<!DOCTYPE a [<!ENTITY b "c">]><a/>', f'<w {MAIN}><row><c t="s"><v>9</v></c></row></w>'],
)
def test_damaged_sheet_is_refused(tmp_path: Path, sheet: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr("xl/sharedStrings.xml", f"<sst {MAIN}/>")
    with pytest.raises(InputError, match=r"a\.xlsx cannot be read as an \.xlsx spreadsheet"):
        read_spreadsheet(tmp_path / "a.xlsx")


def test_other_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_text("name,mos")
    with pytest.raises(InputError, match=r"cannot be read as an \.xlsx spreadsheet"):
        read_spreadsheet(tmp_path / "a.xlsx")

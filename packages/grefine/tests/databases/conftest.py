"""Copies of databases, small and made by hand in the layout of their releases."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


@pytest.fixture
def paint() -> Callable[[Path], Path]:
    """Return what writes a small picture, folders and all."""

    def write(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((16, 16), 60).convert("RGB").save(path)
        return path

    return write


@pytest.fixture
def spreadsheet() -> Callable[[Path, list[list[str]]], Path]:
    """Return what writes cells as Office does: texts shared, numbers in place."""

    def write(path: Path, rows: list[list[str]]) -> Path:
        texts: list[str] = []
        lines = []
        for number, row in enumerate(rows, start=1):
            cells = []
            for place, cell in enumerate(row):
                name = f"{chr(ord('A') + place)}{number}"
                if cell.replace(".", "").isdigit():
                    cells.append(f'<c r="{name}"><v>{cell}</v></c>')
                elif cell:
                    cells.append(f'<c r="{name}" t="s"><v>{len(texts)}</v></c>')
                    texts.append(cell)
            lines.append(f'<row r="{number}">{"".join(cells)}</row>')
        with zipfile.ZipFile(path, "w") as archive:
            sheet = f"<worksheet {MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>"
            archive.writestr("xl/worksheets/sheet1.xml", sheet)
            items = "".join(f"<si><t>{text}</t></si>" for text in texts)
            archive.writestr("xl/sharedStrings.xml", f"<sst {MAIN}>{items}</sst>")
        return path

    return write

from __future__ import annotations

import pytest

from grefine.paper_tables.marks import Mark
from grefine.tables.render import ROW_COLUMNS, to_json, to_latex, to_markdown, to_rows
from grefine.tables.results import Cell, Column, ItemRow, Row, TableResult


@pytest.fixture
def table() -> TableResult:
    columns = (
        Column(key="hpsv2", title="HPSv2", database="GenImage", group="alignment", higher=True),
        Column(key="p", title="PQ-Map", database="GenImage", group="perceptual", higher=True, printed=False),
    )
    rows = (
        Row(key="original", title="Original Images", family="original"),
        Row(key="ours", title="G-Refine & more", family="proposed", note="ours:abc"),
    )
    mean = Cell(value=0.25, low=0.2, high=0.3, n=4, mark=Mark(place="second"), paper="0.2563")
    best = Cell(value=0.125, low=0.1, high=0.2, n=4, mark=Mark(place="best", negative=True), gain=-0.1)
    absent = Cell(missing="HPSv2: no weights", paper="0.2604", paper_mark=Mark(place="best"))
    return TableResult(
        number=2,
        caption="Optimizers.",
        columns=columns,
        rows=rows,
        cells=((mean, Cell(value=0.5, n=4)), (absent, best)),
        legend="**Best**, ▼ worse.",
        notes=("seed 0",),
        items=(ItemRow(row="ours", id="7.png", database="GenImage", values={"p": 0.1}, error="torn file"),),
    )


def test_markdown_has_ours_the_interval_and_the_papers(table) -> None:
    lines = to_markdown(table).splitlines()
    assert lines[2] == "|  | HPSv2↑ | PQ-Map↑ + |"
    assert lines[4] == "| Original Images | *0.2500* [0.2000, 0.3000] (0.2563) | 0.5000 |"
    assert lines[5] == "| G-Refine & more | – (**0.2604**) | **0.1250**▼ [0.1000, 0.2000] |"


def test_markdown_tells_legend_notes_reasons_and_errors(table) -> None:
    text = to_markdown(table)
    assert "**Best**, ▼ worse. The paper's are marked by its own numbers." in text
    assert "- seed 0.\n" in text
    assert "- HPSv2: no weights.\n" in text
    assert "- ours, GenImage, 7.png: torn file.\n" in text


def test_latex_is_marked_and_escaped(table) -> None:
    text = to_latex(table)
    assert r"Original Images & \underline{0.2500} (0.2563) & 0.5000 \\" in text
    assert r"G-Refine \& more & -- (\textbf{0.2604}) & \textcolor{red}{\textbf{0.1250}} \\" in text
    assert text.count(r"\begin{tabular}{lcc}") == text.count(r"\end{tabular}") == 1


def test_rows_are_one_a_cell_with_all_columns(table) -> None:
    rows = to_rows(table)
    assert len(rows) == 4
    assert all(set(row) == set(ROW_COLUMNS) for row in rows)
    assert rows[2]["missing"] == "HPSv2: no weights"
    assert (rows[3]["value"], rows[3]["negative"], rows[3]["gain"]) == (0.125, True, -0.1)


def test_json_has_everything(table) -> None:
    record = to_json(table)
    assert record["cells"][1][0]["paper_mark"] == {"place": "best", "negative": False}
    assert record["items"][0]["error"] == "torn file"

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from grefine_core import InputError
from grefine_core.result_tables import FORMS, Estimate, ResultTable, render, render_all, write_results


@pytest.fixture
def table() -> ResultTable:
    return ResultTable(
        title="Agreement",
        columns=("method", "n", "SRCC"),
        rows=(("a|b_c", 60, Estimate(value=0.70536, low=0.6, high=0.8)), ("100%", 3, None)),
        notes=("One note.",),
    )


def test_markdown_has_one_line_a_row_and_rounds(table: ResultTable) -> None:
    lines = render(table).splitlines()
    assert lines[0] == "### Agreement"
    assert [cell.strip() for cell in lines[4].split(" | ")] == ["| a\\|b_c", "60", "0.7054 [0.6000, 0.8000] |"]
    assert lines[3].startswith("| ------ | --: | ")
    assert lines[-1] == "One note."


def test_latex_escapes_what_it_reads_otherwise(table: ResultTable) -> None:
    text = render(table, "latex")
    assert "a|b\\_c & 60 & 0.7054 [0.6000, 0.8000] \\\\" in text
    assert "100\\% & 3 &  \\\\" in text
    assert "\\begin{tabular}{lrr}" in text


def test_csv_keeps_every_digit_and_parts_the_interval(table: ResultTable) -> None:
    first, second = csv.DictReader(io.StringIO(render(table, "csv")))
    assert first == {"method": "a|b_c", "n": "60", "SRCC": "0.70536", "SRCC_low": "0.6", "SRCC_high": "0.8"}
    assert second["SRCC"] == second["SRCC_low"] == ""


def test_json_has_the_rows_of_the_csv(table: ResultTable) -> None:
    first, second = json.loads(render(table, "json"))
    assert first == {"method": "a|b_c", "n": 60, "SRCC": 0.70536, "SRCC_low": 0.6, "SRCC_high": 0.8}
    assert second["SRCC"] is None


def test_unknown_form_is_refused(table: ResultTable) -> None:
    with pytest.raises(InputError, match="A table can be markdown, latex, csv, json, got html"):
        render(table, "html")


def test_several_tables_share_what_people_read_and_part_what_programs_read(table: ResultTable, tmp_path: Path) -> None:
    other = ResultTable(title="By model", columns=("model",), rows=(("x",),))
    written = write_results(tmp_path, "eval", [table, other])
    names = ["eval.md", "eval.tex", "agreement.csv", "by-model.csv", "agreement.json", "by-model.json"]
    assert [path.name for path in written] == names
    assert (tmp_path / "eval.md").read_text() == render(table) + "\n" + render(other)


def test_several_tables_are_one_json_object(table: ResultTable) -> None:
    other = ResultTable(title="By model", columns=("model",), rows=(("x",),))
    told = json.loads(render_all([table, other], "json"))
    assert list(told) == ["agreement", "by-model"]
    assert told["by-model"] == [{"model": "x"}]


@pytest.mark.parametrize("form", FORMS)
def test_table_without_rows_is_no_error(form: str) -> None:
    assert render(ResultTable(title="t", columns=("a",), rows=()), form)

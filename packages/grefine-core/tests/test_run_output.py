from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grefine_core import InputError, JournalHeader, TableJournal, journalled, make_plan, read_table
from grefine_core.cli_support import EXIT_INTERRUPTED

pytest.importorskip("rich", reason="needs the extra `cli`")
run_output = pytest.importorskip("grefine_core.run_output")

HEADER = JournalHeader(run={"model": "x"}, columns=("path", "error"))


def scored(*names: str) -> list[Any]:
    """Return rows by name; those that begin with `bad` tell of an error."""
    return [
        (place, {"path": name, "error": f"{name} is no picture." if name.startswith("bad") else None}, None)
        for place, name in enumerate(names)
    ]


def test_rows_are_printed_together_in_order_with_a_count(capsys: Any) -> None:
    printed: list[Any] = []
    rows = list(reversed(scored("a", "bad", "c")))
    assert run_output.show_rows(rows, 3, printed.extend, as_json=False, unit="rows")
    assert [row["path"] for row in printed] == ["a", "bad", "c"]
    assert capsys.readouterr().err.startswith("2 scored, 1 error, ")


def test_json_is_a_row_a_line_and_nothing_else_on_stdout(capsys: Any) -> None:
    assert not run_output.show_rows(scored("bad1", "bad2"), 2, print, as_json=True)
    assert [json.loads(line)["path"] for line in capsys.readouterr().out.splitlines()] == ["bad1", "bad2"]


def test_single_item_that_fails_is_an_error() -> None:
    with pytest.raises(InputError, match=r"bad is no picture\."):
        run_output.show_rows(scored("bad"), 1, print, as_json=False)


def test_table_is_filled_in_the_order_of_the_plan(tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "t.csv"
    with TableJournal(out, HEADER) as journal:
        plan = make_plan({"a": 0, "bad": 1}, journal, unit="rows")
        batches = [[one] for one in reversed(scored("a", "bad"))]
        assert run_output.fill_table(journalled(batches, journal), plan, journal, as_json=False)
    assert [row["path"] for row in read_table(out)] == ["a", "bad"]
    assert capsys.readouterr().err.endswith(f"rows/s. The table is {out}.\n")


def test_stopped_run_keeps_its_journal_and_says_how_to_go_on(tmp_path: Path, capsys: Any) -> None:
    def stopped() -> Any:
        yield scored("a")
        raise KeyboardInterrupt

    with TableJournal(tmp_path / "t.csv", HEADER) as journal:
        plan = make_plan({"a": 0, "b": 1}, journal)
        with pytest.raises(SystemExit) as caught:
            run_output.fill_table(journalled(stopped(), journal), plan, journal, as_json=False)
    assert caught.value.code == EXIT_INTERRUPTED
    assert "t.csv.partial.jsonl has 1 rows; --resume goes on with them." in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv.partial.jsonl"]

from __future__ import annotations

from pathlib import Path
from typing import Any

from grefine_core import JournalHeader, TableJournal, in_order, journalled, make_plan

HEADER = JournalHeader(run={"model": "x"}, columns=("path", "error"))


def row(path: str, error: str | None = None) -> dict[str, Any]:
    return {"path": path, "error": error}


def test_items_with_a_row_are_not_scored_again_and_those_with_an_error_only_if_asked(tmp_path: Path) -> None:
    items = {"a": 1, "b": 2, "c": 3}
    with TableJournal(tmp_path / "t.csv", HEADER) as journal:
        journal.append(row("a"), row("b", "damaged"))
        plan = make_plan(items, journal, unit="rows")
        assert (plan.keys, plan.todo, plan.kept, plan.kept_errors) == (["a", "b", "c"], [3], 2, 1)
        assert str(plan) == (
            "Resuming: 2 of 3 rows have their row (1 with an error; --retry-errors scores them again); 1 to score."
        )
        again = make_plan(items, journal, retry_errors=True)
        assert (again.todo, again.kept, again.kept_errors) == ([2, 3], 1, 0)


def test_item_whose_row_does_not_do_is_scored_again(tmp_path: Path) -> None:
    with TableJournal(tmp_path / "t.csv", HEADER) as journal:
        journal.append(row("a"), row("b", "damaged"))
        plan = make_plan({"a": 1, "b": 2}, journal, stale=lambda item, found: item == 1 and not found["error"])
        assert plan.todo == [1]


def test_batch_is_in_the_journal_before_its_rows_are_passed_on(tmp_path: Path) -> None:
    batches = [[(0, row("a"), "A"), (1, row("b"), None)], [(2, row("c"), "C")]]
    with TableJournal(tmp_path / "t.csv", HEADER) as journal:
        rows = journalled(batches, journal)
        assert next(rows) == (0, row("a"), "A")
        assert [key in journal for key in "abc"] == [True, True, False]
        assert [index for index, _, _ in rows] == [1, 2]
        assert "c" in journal


def test_rows_come_in_order_as_soon_as_they_can() -> None:
    taken: list[int] = []

    def scored() -> Any:
        for index in (1, 0, 3, 2):
            taken.append(index)
            yield index, {"path": str(index)}, None

    rows = in_order(scored())
    assert next(rows)["path"] == "0"
    assert taken == [1, 0]
    assert [line["path"] for line in rows] == ["1", "2", "3"]

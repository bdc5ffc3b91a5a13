from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from grefine_core import InputError, JournalHeader, TableJournal, make_plan, read_table

pytest.importorskip("rich", reason="needs the extra `cli`")
run_scores = pytest.importorskip("grefine_core.run_scores")

HEADER = JournalHeader(run={"model": "x"}, columns=("path", "p", "error"))


class Scorer:
    """Scores names by their length, the last first, and notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, names: Sequence[str]) -> Iterator[list[Any]]:
        self.asked += names
        for place in reversed(range(len(names))):
            yield [(place, {"path": names[place], "p": len(names[place]) / 10, "error": None}, None)]


def _collect(names: Sequence[str], table: Any, scorer: Scorer) -> list[Any]:
    rows: list[Any] = run_scores.collect_scores(
        names,
        table,
        scorer,
        header=lambda: HEADER,
        plan=lambda journal: make_plan({name: name for name in names}, journal),
    )
    return rows


def test_rows_come_in_the_order_of_items_with_and_without_a_table(tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        rows = _collect(["bb", "a", "ccc"], run_scores.ScoreTable(folder=folder), Scorer())
        assert [(row["path"], row["p"]) for row in rows] == [("bb", 0.2), ("a", 0.1), ("ccc", 0.3)]
    assert [row["path"] for row in read_table(tmp_path / "scores.csv")] == ["bb", "a", "ccc"]


def test_run_that_goes_on_scores_what_is_new(tmp_path: Path) -> None:
    _collect(["a", "bb"], run_scores.ScoreTable(folder=tmp_path), Scorer())
    scorer = Scorer()
    rows = _collect(["ccc", "a"], run_scores.ScoreTable(folder=tmp_path, resume=True), scorer)
    assert scorer.asked == ["ccc"]
    assert [row["path"] for row in rows] == ["ccc", "a"]


def test_items_that_share_a_row_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1 rows repeat the picture of another"):
        _collect(["a", "a"], run_scores.ScoreTable(folder=tmp_path), Scorer())


def test_table_that_is_there_needs_a_word(tmp_path: Path) -> None:
    with TableJournal(tmp_path / "scores.csv", HEADER):
        pass
    with pytest.raises(InputError, match="--resume"):
        run_scores.ScoreTable(folder=tmp_path).check()
    run_scores.ScoreTable(folder=tmp_path, resume=True).check()
    with pytest.raises(InputError, match="name one with -o"):
        run_scores.ScoreTable(folder=None, resume=True).check()


def test_folder_is_made_before_anything_costly(tmp_path: Path) -> None:
    run_scores.ScoreTable(folder=tmp_path / "new").check()
    assert (tmp_path / "new").is_dir()

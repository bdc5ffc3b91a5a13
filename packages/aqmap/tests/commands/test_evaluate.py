from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scipy import stats
from typer.testing import CliRunner

from aqmap.cli import app
from grefine_core import read_table

TABLE = """image,prompt,alignment,ready
pics/a.png,a red cat on a hat,1,4
pics/b.png,cat,2,3
pics/c.png,red cat,3,2
pics/d.png,cat,5,1
pics/f.png,cat,4,0
pics/f.png,red cat,6,0.5
"""


@pytest.fixture
def run() -> Any:
    """Return what calls `aqmap eval`."""
    return lambda *arguments: CliRunner(env={"COLUMNS": "200"}).invoke(app, ["eval", *map(str, arguments)])


@pytest.fixture
def table(folder: Path) -> Path:
    Path("t.csv").write_text(TABLE)
    return Path("t.csv")


def test_pictures_are_scored_with_their_prompts_and_measured(run: Any, loads: Any, table: Path) -> None:
    result = run(table, "--format", "json", "-o", "out")
    (row,) = json.loads(result.stdout)["agreement"]
    assert (row["label"], row["score"], row["n"]) == ("alignment", "a", 6)
    scores = [scored["a"] for scored in read_table(Path("out/scores.csv"))]
    assert row["SRCC"] == stats.spearmanr(scores, [1, 2, 3, 5, 4, 6]).statistic


def test_ready_scores_need_no_model(run: Any, loads: Any, table: Path) -> None:
    (row,) = json.loads(run(table, "--score", "ready", "--format", "json").stdout)["agreement"]
    assert row["SRCC"] == stats.spearmanr([4, 3, 2, 1, 0, 0.5], [1, 2, 3, 5, 4, 6]).statistic
    assert loads == []


def test_run_goes_on_with_the_scores_that_are_there(run: Any, loads: Any, table: Path) -> None:
    first = run(table, "-o", "out")
    again = run(table, "-o", "out", "--resume", "--score", "a")
    assert again.stdout == first.stdout
    assert "6 of 6 pictures have their row; 0 to score" in again.stderr


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pics/f.png,cat,4,1\n", "Row 7 of t.csv repeats the `image and prompt` of row 5: pics/f.png, cat."),
        ("pics/bad.png,cat,4,1\n", "1 of 7 items of t.csv have no score"),
        ("pics/a.png,!!,4,1\n", "The prompt has no words left"),
        ("pics/a.png,cat,,1\n", "Row 7 of t.csv: `alignment` must be a finite number, got nothing."),
    ],
)
def test_bad_row_is_named(line: str, message: str, run: Any, loads: Any, table: Path) -> None:
    table.write_text(TABLE + line)
    result = run(table)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr

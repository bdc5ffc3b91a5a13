from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scipy import stats
from typer.testing import Result

from grefine_core import read_table

Run = Callable[..., Result]
GOOD = ["a.png", "größe.png", "sub/a.png", "sub/c.jpg", "sub/d.png", "z.webp"]


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def table(folder: Path) -> Path:
    """Return a table of six pictures with labels, a ready score and a model."""
    rows = [
        {"image": f"pics/{name}", "quality": place, "other": (place * 7) % 5, "model": "ab"[place % 2]}
        for place, name in enumerate(GOOD)
    ]
    return _write(Path("t.csv"), rows)


def _rows(result: Result) -> list[dict[str, Any]]:
    """Return the rows of all items that were printed as JSON."""
    found: list[dict[str, Any]] = json.loads(result.stdout)["agreement"]
    return found


def test_pictures_are_scored_and_measured(run: Run, loads: Any, table: Path) -> None:
    result = run("eval", table, "--format", "json", "-o", "out")
    (row,) = _rows(result)
    assert (row["label"], row["score"], row["n"]) == ("quality", "p", 6)
    scores = [scored["p"] for scored in read_table(Path("out/scores.csv"))]
    assert row["SRCC"] == stats.spearmanr(scores, range(6)).statistic
    assert row["SRCC_low"] <= row["SRCC"] <= row["SRCC_high"]
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "agreement.csv",
        "agreement.json",
        "agreement.md",
        "agreement.tex",
        "scores.csv",
    ]


def test_ready_scores_read_no_picture(run: Run, loads: Any, table: Path) -> None:
    result = run("eval", table, "--score", "other", "--format", "json")
    assert result.exit_code == 0
    assert _rows(result)[0]["SRCC"] == stats.spearmanr([(place * 7) % 5 for place in range(6)], range(6)).statistic
    assert loads == []


def test_scores_that_are_ready_and_computed_are_compared(run: Run, loads: Any, table: Path) -> None:
    result = run("eval", table, "--score", "p", "--score", "other", "--score", "technical")
    assert result.exit_code == 0
    assert "### Comparison" in result.stdout
    cells = [[cell.strip() for cell in line.split("|")] for line in result.stdout.splitlines()]
    assert sum(row[1:5] == ["quality", "p", "other", "SRCC"] for row in cells) == 1
    assert len(loads) == 1


def test_scores_of_another_table_are_joined(run: Run, loads: Any, table: Path) -> None:
    rows = [{"image": f"pics/{name}", "theirs": -place} for place, name in enumerate(GOOD)]
    others = _write(Path("theirs.csv"), rows[::-1])
    result = run("eval", table, "--scores-from", others, "--score", "theirs", "--format", "json")
    assert _rows(result)[0]["SRCC"] == -1
    missing = run("eval", table, "--scores-from", _write(Path("few.csv"), rows[1:]), "--score", "theirs")
    assert (missing.exit_code, missing.stderr) == (2, "Error: 1 items are not in few.csv: pics/a.png.\n")


def test_groups_have_a_table_of_their_own(run: Run, loads: Any, table: Path) -> None:
    result = run("eval", table, "--score", "other", "--by", "model", "--resamples", 0)
    assert "### Agreement by model" in result.stdout
    assert "a: fewer than 4 items." in result.stdout


def test_run_goes_on_with_the_scores_that_are_there(run: Run, loads: Any, table: Path) -> None:
    first = run("eval", table, "-o", "out")
    refused = run("eval", table, "-o", "out")
    assert refused.exit_code == 2
    assert "--resume" in refused.stderr
    again = run("eval", table, "-o", "out", "--resume")
    assert again.stdout == first.stdout
    assert "6 of 6 pictures have their row; 0 to score" in again.stderr


def test_picture_without_a_score_is_an_error_unless_it_is_left_out(run: Run, loads: Any, table: Path) -> None:
    table.write_text(table.read_text(encoding="utf-8") + "pics/bad.png,9,1,a\n", encoding="utf-8")
    refused = run("eval", table)
    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[-1] == (
        "Error: 1 of 7 items of t.csv have no score (--skip-bad leaves them out): "
        "pics/bad.png is not a picture that can be read."
    )
    skipped = run("eval", table, "--skip-bad", "--format", "json")
    assert _rows(skipped)[0]["n"] == 6
    assert "1 of 7 items are left out" in skipped.stderr


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ("", ("--label", "mos"), "t.csv has no column `mos`"),
        ("", ("--score", "q"), "t.csv has no column `q`, nor is it one of p, overall"),
        ("pics/a.png,7,1,a\n", (), "Row 7 of t.csv repeats the `image` of row 1: pics/a.png."),
        ("pics/x.png,7,1,a\n", (), "Row 7 of t.csv: `image` names pics/x.png, but there is no file"),
        ("pics/bad.png,nan,1,a\n", (), "Row 7 of t.csv: `quality` must be a finite number, got nan."),
        ("", ("--plots",), "--plots are written to a folder; name one with -o."),
        ("", ("--resume",), "name one with -o."),
        ("", ("--resamples", "-1"), "--resamples must be at least 0"),
    ],
)
def test_bad_input_is_refused_before_a_model_is_loaded(
    change: str, arguments: tuple[str, ...], message: str, run: Run, loads: Any, table: Path
) -> None:
    table.write_text(table.read_text(encoding="utf-8") + change, encoding="utf-8")
    output = ("-o", "out") if "name one with -o" not in message else ()
    result = run("eval", table, *arguments, *output)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert loads == []
    assert not Path("out").exists()


def test_few_and_equal_labels_are_refused(run: Run, loads: Any, folder: Path) -> None:
    rows = [{"image": f"pics/{name}", "quality": 1} for name in GOOD]
    assert "All labels `quality` are 1" in run("eval", _write(Path("t.csv"), rows)).stderr
    assert "at least 4 items, got 3" in run("eval", _write(Path("t.csv"), rows[:3])).stderr


def test_plot_is_written_beside_the_tables(run: Run, loads: Any, table: Path) -> None:
    assert run("eval", table, "--score", "other", "-o", "out", "--plots").exit_code == 0
    assert Path("out/scatter-quality-other.png").read_bytes().startswith(b"\x89PNG")

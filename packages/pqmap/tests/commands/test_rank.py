from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Run = Callable[..., Result]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(
        "path,p,technical,band,flags,width,height,error\n"
        "a.png,0.5,0.9,fair,,4,4,\nbad.png,,,,,,,bad.png is damaged.\n"
        "c.png,0.25,1,bad,flat,4,4,\nd.png,0.75,0.1,good,,4,4,\n"
    )
    return path


def ranked(result: Result) -> list[str]:
    return [json.loads(line)["path"] for line in result.stdout.splitlines()]


def test_table_is_ranked_without_a_model(run: Run, loads: Any, table: Path) -> None:
    result = run("rank", table, "--json")
    assert (result.exit_code, ranked(result), loads) == (0, ["d.png", "a.png", "c.png", "bad.png"], [])
    assert ranked(run("rank", table, "--json", "--by", "technical", "--top", 2)) == ["c.png", "a.png"]
    assert ranked(run("rank", table, "--json", "--worst", "--top", 1)) == ["c.png"]


def test_printed_ranking_shows_places_flags_and_errors(run: Run, table: Path) -> None:
    lines = run("rank", table).stdout.splitlines()
    assert lines[-1] == "Not scored: bad.png is damaged."
    (first,) = [line for line in lines if " d.png" in line]
    assert first.split()[1] == "1"
    (flagged,) = [line for line in lines if " c.png" in line]
    assert "0.250" in flagged
    assert "flat" in flagged
    assert "technical" in run("rank", table, "--by", "technical").stdout


def test_pictures_are_scored_first(run: Run, loads: Any, folder: Path) -> None:
    result = run("rank", folder, "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["p"] for row in rows[:-1]] == sorted((row["p"] for row in rows[:-1]), reverse=True)
    assert rows[-1]["path"] == "pics/bad.png"
    assert result.stderr.startswith("6 scored, 1 error")


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("path,p\na,0.5\n", ["--by", "q"], "There is no column `q` to rank by; there are path, p."),
        ("path,p\na,high\n", [], "Row 1 has 'high' as `p`; rows are ranked by numbers."),
        ("image,p\na,0.5\n", [], "has no column `path`"),
        ("path,p\n,0.5\n", [], "Row 1 of t.csv has no path."),
        ("", [], "The table t.csv has no rows."),
    ],
)
def test_table_that_cannot_be_ranked_is_refused(
    content: str, arguments: list[str], message: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(content)
    result = run("rank", "t.csv", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr

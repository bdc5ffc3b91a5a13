from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from grefine.cli import app


@pytest.fixture
def run() -> Any:
    """Return what calls `grefine data`."""
    return lambda *arguments: CliRunner(env={"COLUMNS": "200"}).invoke(app, ["data", *map(str, arguments)])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a table of one's own with six pictures."""
    lines = ["picture,text,mos,dev,maker"]
    for number in range(6):
        Image.effect_noise((16, 16), 40).save(tmp_path / f"{number}.png")
        lines.append(f"{number}.png,a cat,{number},0.5,{'ab'[number % 2]}")
    (tmp_path / "t.csv").write_text("\n".join(lines))
    return tmp_path / "t.csv"


OWN = (
    "--column",
    "image=picture",
    "--column",
    "quality=mos",
    "--column",
    "spread:quality=dev",
    "--column",
    "model=maker",
)


def test_list_names_every_database_with_licence_and_source(run: Any) -> None:
    rows = json.loads(run("list", "--format", "json").stdout)["databases"]
    assert [row["name"] for row in rows] == [
        "diffusiondb",
        "genimage",
        "agiqa-1k",
        "agiqa-3k",
        "aigiqa-20k",
        "aigciqa2023",
    ]
    assert all(row["licence"] and row["where to get it"].startswith("https://") for row in rows)


def test_whole_copy_ends_with_0(run: Any, table: Path) -> None:
    result = run("check", table, *OWN)
    assert (result.exit_code, result.stdout) == (0, "table: no problems, 6 items.\n")


def test_check_shows_how_far_it_is_on_a_terminal_alone(run: Any, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("check", table, *OWN).stderr == ""
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal then
    watched = run("check", table, *OWN)
    assert "reading" in watched.stderr
    assert "6/6" in watched.stderr
    assert watched.stdout == "table: no problems, 6 items.\n"


def test_problem_ends_with_1_and_is_named(run: Any, table: Path) -> None:
    (table.parent / "3.png").unlink()
    result = run("check", table, *OWN)
    assert result.exit_code == 1
    assert result.stdout == f"table: 1 of 6 pictures are missing: {table.parent / '3.png'}.\n"


def test_named_database_without_its_table_ends_with_1(run: Any, tmp_path: Path) -> None:
    result = run("check", tmp_path, "--database", "agiqa-3k")
    assert result.exit_code == 1
    assert "has no table of items; it must have data.csv" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "nowhere"), "Error: nowhere does not exist."),
        (("check", ".", "--database", "coco"), "Error: The database coco is unknown"),
        (("stats", ".", "--column", "image"), "Error: --column takes NAME=COLUMN, each name once, got image."),
        (("stats", "nowhere", "--database", "agiqa-3k"), "Error: nowhere does not exist; agiqa-3k is at https"),
    ],
)
def test_bad_input_ends_with_2(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)


def test_stats_tell_labels_groups_and_ceiling(run: Any, table: Path) -> None:
    result = run("stats", table, *OWN, "--raters", 10)
    assert result.exit_code == 0
    for title in ("### Labels", "### Means by model", "### Human ceiling"):
        assert title in result.stdout


def test_stats_of_agiqa_3k_need_its_csv_alone(run: Any, data_folder: Path) -> None:
    result = run("stats", data_folder / "prompts" / "agiqa3k.csv")
    assert result.exit_code == 0
    assert "agiqa-3k: 2982 items." in result.stderr
    assert "| quality   | 2982 | 2.500 |" in result.stdout
    assert "0.9903" in result.stdout.split("### Human ceiling")[1]

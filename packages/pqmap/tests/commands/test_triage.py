from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import Result

Run = Callable[..., Result]


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_kept_paths_are_printed_one_a_line_and_counts_on_stderr(run: Run, loads: Any, folder: Path) -> None:
    run("score", folder, "-o", "t.csv")
    loads.clear()
    result = run("triage", "t.csv", "--keep", 'width > 24 and "tiny" not in path')
    kept = ["pics/größe.png", "pics/sub/a.png", "pics/sub/d.png", "pics/z.webp"]
    assert (result.exit_code, result.stdout.splitlines(), loads) == (0, kept, [])
    assert result.stderr == "4 kept, 3 dropped, 1 of them with an error.\n"


def test_json_tells_of_every_row_whether_it_is_kept(run: Run, loads: Any, folder: Path) -> None:
    rows = list(map(json.loads, run("triage", folder, "--keep", "p <= 1", "--json").stdout.splitlines()))
    assert [row["path"] for row in rows if not row["kept"]] == ["pics/bad.png"]
    assert len(rows) == 7


def test_links_lead_to_the_kept_pictures_and_nothing_else_changes(run: Run, loads: Any, folder: Path) -> None:
    run("score", folder, "-o", "t.csv")
    before = everything(Path())
    result = run("triage", "t.csv", "--keep", "p >= 0", "--link", "best")
    assert result.stderr == "6 new of 6 links in best.\n6 kept, 1 dropped, 1 of them with an error.\n"
    assert len(list(Path("best").iterdir())) == 6
    assert {path.resolve() for path in Path("best").iterdir()} == {
        path.resolve() for path in folder.rglob("*.*") if path.name != "bad.png"
    }
    assert {path: content for path, content in everything(Path()).items() if not path.startswith("best")} == before
    again = run("triage", "t.csv", "--keep", "p >= 0", "--link", "best")
    assert again.stderr.startswith("0 new of 6 links in best.\n")
    run("triage", "t.csv", "--keep", "p > 1", "--link", "best")
    assert len(list(Path("best").iterdir())) == 6  # links of an earlier rule stay


def test_bad_rule_is_refused_before_anything_is_scored(run: Run, loads: Any, folder: Path) -> None:
    result = run("triage", folder, "--keep", "score > 0.6")
    assert (result.exit_code, result.stdout, loads) == (2, "", [])
    assert result.stderr.startswith("Error: The rule `score > 0.6` cannot be used: there is no column `score`;")
    assert result.stderr.count("\n") == 1


def test_rule_may_name_own_dimensions(run: Run, loads: Any, folder: Path) -> None:
    Path("own.toml").write_text('[cosiness]\npositive = "cosy"\nnegative = "bleak"\n')
    result = run("triage", folder, "--keep", "cosiness >= 0", "--dimensions", "own.toml")
    assert len(result.stdout.splitlines()) == 6

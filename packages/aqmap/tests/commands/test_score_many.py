"""Folders and tables: a row each, and a run that goes on after a stop."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from aqmap import ALIGNMENT_COLUMNS
from aqmap.tables import scoring
from grefine_core import read_table
from grefine_core.cli_support import EXIT_INTERRUPTED

COLUMNS = ("image", "prompt", "negative", *ALIGNMENT_COLUMNS, "error")
FROM = ("--prompt-from", "metadata")
TABLE = """image,prompt,negative,model
pics/a.png,a red cat on a hat,,x
pics/a.png,cat,dog,x
pics/a.png,red cat,,y
pics/bad.png,cat,,y
pics/b.png,,,y
pics/b.png,!!,,y
,cat,,y
pics/c.png,2001,,y
pics/gone.png,cat,,y
"""


@pytest.fixture
def table(folder: Path) -> Path:
    Path("in.csv").write_text(TABLE)
    return Path("in.csv")


def rows_of(result: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_folder_gives_a_row_a_picture_in_order(run: Any, loads: Any, folder: Path) -> None:
    result = run(folder, *FROM, "--json")
    rows = rows_of(result)
    assert [row["image"] for row in rows] == [f"pics/{name}.png" for name in ("a", "b", "bad", "c", "d", "e", "f")]
    assert all(tuple(row) == COLUMNS for row in rows)
    assert (rows[0]["prompt"], rows[0]["missing"], rows[0]["error"]) == ("a red cat on a hat", "red cat;on hat", None)
    assert (rows[6]["prompt"], rows[6]["negative"]) == ("red cat", "dog, hat")
    assert [row["error"] for row in rows if row["error"]] == [
        "pics/bad.png is not a picture that can be read.",
        "The prompt has no words left once weights, flags and punctuation are taken off.",
        "pics/e.png holds no prompt of A1111, ComfyUI or InvokeAI.",
    ]
    assert {rows[2][name] for name in ALIGNMENT_COLUMNS} == {None}
    assert result.stderr.startswith("4 scored, 3 errors, ")
    assert len(loads) == 1


def test_row_is_what_the_picture_gets_alone(run: Any, loads: Any, folder: Path) -> None:
    row = next(row for row in rows_of(run(folder, *FROM, "--json")) if row["image"] == "pics/f.png")
    told = json.loads(run("pics/f.png", *FROM, "--json").stdout)
    assert row["a"] == pytest.approx(told["score"], abs=1e-6)
    assert (row["phrases"], row["width"], row["height"]) == (len(told["phrases"]), 48, 32)


def test_one_prompt_serves_all_pictures(run: Any, loads: Any, folder: Path) -> None:
    rows = rows_of(run("pics/a.png", "pics/e.png", "--prompt", "cat", "--negative", "dog", "--json"))
    assert [(row["prompt"], row["negative"], row["error"]) for row in rows] == [("cat", "dog", None)] * 2
    assert rows[1]["a"] > rows[0]["a"]  # the brighter one


def test_screen_shows_a_line_a_picture_and_the_errors_below(run: Any, loads: Any, folder: Path) -> None:
    result = run(folder, *FROM)
    lines = result.stdout.splitlines()
    assert "a red cat on a hat" in next(line for line in lines if "pics/a.png" in line)
    assert lines[-3] == "Not scored: pics/bad.png is not a picture that can be read."
    assert lines[-2].startswith("Not scored: pics/d.png: The prompt has no words left")
    assert result.exit_code == 0


def test_screen_tells_a_prompt_that_all_share_once(run: Any, loads: Any, folder: Path) -> None:
    same = run("pics/a.png", "pics/e.png", "--prompt", "hat, mat").stdout
    assert same.startswith("prompt: hat, mat\n")
    assert same.count("hat, mat") == 1
    assert same.count("hat; mat") == 2  # the nouns that are missing
    assert "prompt: " not in run("pics/a.png", "pics/f.png", *FROM).stdout


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_table_of_pictures_and_prompts_gives_a_table_of_scores(
    run: Any, loads: Any, table: Path, encoder: Any, suffix: str
) -> None:
    out = Path(f"out{suffix}")
    result = run(table, "-o", out)
    assert (result.exit_code, result.stdout) == (0, "")
    rows = read_table(out, text=("image", "prompt"))
    assert tuple(rows[0]) == ("row", *COLUMNS)
    assert [row["row"] for row in rows] == list(range(1, 10))
    assert [row["image"] for row in rows] == [line.split(",")[0] or None for line in TABLE.splitlines()[1:]]
    assert [row["prompt"] for row in rows[:3]] == ["a red cat on a hat", "cat", "red cat"]
    assert (rows[7]["prompt"], rows[7]["error"]) == ("2001", None)
    assert [row["error"] for row in rows] == [
        None,
        None,
        None,
        "pics/bad.png is not a picture that can be read.",
        "The picture pics/b.png has no prompt in the column `prompt`.",
        "The prompt has no words left once weights, flags and punctuation are taken off.",
        "Row 7 of in.csv names no picture.",
        None,
        "pics/gone.png does not exist.",
    ]
    assert encoder.image_calls == 2  # one picture with three prompts is encoded once
    assert result.stderr.endswith(f" rows/s. The table is {out}.\n")
    assert sorted(path.name for path in Path().iterdir()) == sorted(["in.csv", str(out), "pics"])


def test_screen_names_the_rows_of_a_table_that_failed(run: Any, loads: Any, table: Path) -> None:
    lines = run(table).stdout.splitlines()
    assert "Not scored: row 4: pics/bad.png is not a picture that can be read." in lines
    assert lines[-1] == "Not scored: row 9: pics/gone.png does not exist."


def test_pictures_are_found_from_the_folder_of_the_table(run: Any, loads: Any, folder: Path, monkeypatch: Any) -> None:
    Path("pics/own.jsonl").write_text('{"file": "a.png", "caption": "cat", "not": "dog"}\n')
    names = ["--image-column", "file", "--prompt-column", "caption", "--negative-column", "not"]
    (row,) = rows_of(run("pics/own.jsonl", *names, "--json"))
    assert (row["row"], row["image"], row["prompt"], row["negative"], row["error"]) == (1, "a.png", "cat", "dog", None)


def test_table_may_leave_the_prompts_to_the_pictures(run: Any, loads: Any, folder: Path) -> None:
    Path("in.csv").write_text("image\npics/a.png\npics/f.png\n")
    assert [row["prompt"] for row in rows_of(run("in.csv", *FROM, "--json"))] == ["a red cat on a hat", "red cat"]
    assert [row["prompt"] for row in rows_of(run("in.csv", "--prompt", "cat", "--json"))] == ["cat", "cat"]


def test_cells_of_another_kind_are_rows_with_an_error(run: Any, loads: Any, folder: Path) -> None:
    lines = [{"image": "pics/a.png", "prompt": 7}, {"image": ["x"], "prompt": "cat"}, {"image": "pics/a.png"}]
    lines += [{"image": "pics/a.png", "prompt": "cat", "negative": {}}, {"image": "pics/a.png", "prompt": "c\ud800at"}]
    Path("in.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert run("in.jsonl", "-o", "out.csv").exit_code == 0
    assert [row["error"] for row in read_table("out.csv")] == [
        "The `prompt` of pics/a.png must be text, got int.",
        "Row 2 of in.jsonl names no picture.",
        "The picture pics/a.png has no prompt in the column `prompt`.",
        "The `negative` of pics/a.png must be text, got dict.",
        None,
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in.csv", "--image-column", "x"], "has no column `x`, only image, prompt, negative, model."),
        (["in.csv", "--prompt-column", "x"], "has no column `x`"),
        (["in.csv", "-o", "in.csv", "--overwrite"], "-o names in.csv, the table that is read"),
        (["in.csv", "-o", "out.txt"], "must end in .csv, .jsonl, .parquet"),
        (["in.csv", "-o", "none/out.csv"], "The folder none of the table out.csv does not exist"),
        (["in.csv", "-o", "out.csv", "--resume", "--overwrite"], "not for both"),
        (["in.csv", "--retry-errors"], "are about a table; name one with -o"),
        (["in.csv", "--map", "m.png"], "take one picture file"),
        (["none.csv"], "The table none.csv does not exist"),
        (["pics"], "Give --prompt, or --prompt-from"),
        (["pics/*.gif", "--prompt", "cat"], "pics/*.gif matches no file"),
        (["in.csv", "pics", "--prompt-from", "sidecar", "--prompt", "x"], "not both"),
    ],
)
def test_bad_options_are_refused_before_the_model_is_loaded(
    run: Any, loads: Any, table: Path, arguments: list[str], message: str
) -> None:
    before = {path: path.read_bytes() for path in Path().rglob("*.*")}
    result = run(*arguments)
    assert (result.exit_code, result.stdout, loads) == (2, "", [])
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert {path: path.read_bytes() for path in Path().rglob("*.*")} == before


def test_exit_code_is_2_where_nothing_could_be_scored(run: Any, loads: Any, folder: Path) -> None:
    assert run("pics/bad.png", "pics/e.png", *FROM).exit_code == 2
    assert run("pics/bad.png", "pics/e.png", *FROM, "-o", "t.csv").exit_code == 2
    assert len(read_table("t.csv")) == 2


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("source", ["in.csv", "pics"])
def test_interrupted_run_goes_on_to_the_same_bytes(
    run: Any, loads: Any, table: Path, encoder: Any, monkeypatch: Any, suffix: str, source: str
) -> None:
    whole, torn = Path(f"whole{suffix}"), Path(f"torn{suffix}")
    options = ["--batch-size", 2, *(() if source == "in.csv" else FROM)]
    run(source, "-o", whole, *options)
    original = scoring.score_subjects

    def stopping(*arguments: Any, **named: Any) -> Any:
        for count, batch in enumerate(original(*arguments, **named)):
            if count == 2:
                raise KeyboardInterrupt
            yield batch

    with monkeypatch.context() as patch:
        patch.setattr(scoring, "score_subjects", stopping)
        result = run(source, "-o", torn, *options)
    assert result.exit_code == EXIT_INTERRUPTED
    assert "--resume goes on with them." in result.stderr
    assert not torn.exists()
    journal = Path(f"torn{suffix}.partial.jsonl")
    os.truncate(journal, journal.stat().st_size - 7)
    assert "`--resume` goes on with its rows" in run(source, "-o", torn, *options).stderr
    result = run(source, "-o", torn, *options, "--resume")
    assert "Resuming: " in result.stderr
    assert " to score." in result.stderr
    assert torn.read_bytes() == whole.read_bytes()
    assert not journal.exists()


def test_finished_table_takes_in_what_is_new_or_changed(run: Any, loads: Any, table: Path, encoder: Any) -> None:
    run(table, "-o", "t.csv")
    before = Path("t.csv").read_bytes()
    encoder.image_calls = 0
    assert run(table, "-o", "t.csv", "--resume").exit_code == 0
    assert (encoder.image_calls, Path("t.csv").read_bytes()) == (0, before)
    table.write_text(
        TABLE.replace("a.png,cat,dog", "a.png,a dog,").replace("b.png,!!", "b.png,cat") + "pics/c.png,cat,,\n"
    )
    result = run(table, "-o", "t.csv", "--resume")
    assert "Resuming: 7 of 10 rows have their row (4 with an error; --retry-errors scores them again); 3 to score." in (
        result.stderr
    )
    rows = read_table("t.csv")
    assert [rows[place]["prompt"] for place in (1, 5, 9)] == ["a dog", "cat", "cat"]
    assert [rows[place]["error"] for place in (1, 5, 9)] == [None] * 3
    Path("pics/gone.png").write_bytes(Path("pics/c.png").read_bytes())
    run(table, "-o", "t.csv", "--retry-errors")
    assert read_table("t.csv")[8]["error"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in.csv", "--preset", "other"], "was made with preset `mini`, this run has `other`"),
        (["in.csv", "--literal"], "was made with literal `False`, this run has `True`"),
        (["other.csv"], "was made with table `in.csv`, this run has `other.csv`"),
        (["pics", "--prompt", "cat"], "was made with table `in.csv`, this run has `None`"),
    ],
)
def test_table_of_another_run_is_not_resumed(
    run: Any, loads: Any, table: Path, monkeypatch: Any, arguments: list[str], message: str
) -> None:
    Path("other.csv").write_text(TABLE)

    def stopped(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt
        yield

    with monkeypatch.context() as patch:
        patch.setattr(scoring, "score_subjects", stopped)
        assert run(table, "-o", "t.csv").exit_code == EXIT_INTERRUPTED
    result = run(*arguments, "-o", "t.csv", "--resume")
    assert result.exit_code == 2
    assert message in result.stderr


def test_overwrite_begins_anew(run: Any, loads: Any, table: Path) -> None:
    run(table, "-o", "t.csv")
    assert run("pics/a.png", "--prompt", "cat", "-o", "t.csv").exit_code == 2
    assert run("pics/a.png", "--prompt", "cat", "-o", "t.csv", "--overwrite").exit_code == 0
    assert [row["image"] for row in read_table("t.csv")] == ["pics/a.png"]

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

from grefine_core import InputError, WeightsError, read_table
from grefine_core.cli_support import EXIT_INTERRUPTED
from pqmap import FACTORS, presets, table_columns
from pqmap.folders import scoring as folder_module

Run = Callable[..., Result]
COLUMNS = table_columns(("p", *FACTORS))
PATHS = ["a.png", "bad.png", "größe.png", "sub/a.png", "sub/c.jpg", "sub/d.png", "z.webp"]


def test_table_shows_path_and_scores(run: Run, loads: Any, picture: Path) -> None:
    result = run("score", picture)
    assert (result.exit_code, result.stderr) == (0, "")
    assert str(picture) in result.stdout  # brackets in a name are no markup
    assert all(name in result.stdout for name in ("p", *FACTORS))
    row = json.loads(run("score", picture, "--json").stdout)
    assert f"{row['p']:.3f}" in result.stdout
    assert f"{row['technical']:.3f}" in result.stdout


def test_json_is_one_flat_row_a_line_in_the_order_of_the_input(run: Run, loads: Any, folder: Path) -> None:
    result = run("score", folder, "--json", "--batch-size", 2)
    rows = list(map(json.loads, result.stdout.splitlines()))
    assert [row["path"] for row in rows] == [f"pics/{path}" for path in PATHS]
    assert all(tuple(row) == COLUMNS for row in rows)
    assert (rows[0]["width"], rows[0]["height"], rows[0]["error"]) == (24, 24, None)
    assert 0 <= rows[0]["p"] <= 1
    assert rows[1]["error"] == "pics/bad.png is not a picture that can be read."
    assert rows[1]["p"] is None
    assert result.stderr.startswith("6 scored, 1 error, ")
    assert result.stderr.endswith(" pictures/s.\n")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_table_has_the_same_rows_in_every_format(suffix: str, run: Run, loads: Any, folder: Path) -> None:
    printed = list(map(json.loads, run("score", folder, "--json").stdout.splitlines()))
    out = Path(f"out{suffix}")
    result = run("score", folder, "-o", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("6 scored, 1 error, ")
    assert result.stderr.endswith(f" pictures/s. The table is {out}.\n")
    empty = {"": None}  # which csv cannot tell from nothing
    flat = [{name: empty.get(value, value) for name, value in row.items()} for row in printed]
    assert [{name: empty.get(value, value) for name, value in row.items()} for row in read_table(out)] == flat
    assert sorted(path.name for path in Path().iterdir()) == sorted([str(out), "pics"])


def test_one_bad_file_among_several_is_named_below_the_table(
    run: Run, loads: Any, picture: Path, damaged: Path
) -> None:
    result = run("score", damaged, picture)
    assert result.exit_code == 0
    assert result.stdout.endswith(f"Not scored: {damaged} is not a picture that can be read.\n")


def test_exit_code_is_2_where_every_file_failed(run: Run, loads: Any, damaged: Path, tmp_path: Path) -> None:
    other = tmp_path / "empty.png"
    other.touch()
    result = run("score", damaged, other)
    assert result.exit_code == 2
    assert "empty.png is empty (0 bytes)" in result.stdout
    assert run("score", damaged, "-o", tmp_path / "t.csv").exit_code == 2
    assert len(read_table(tmp_path / "t.csv")) == 1


def test_only_file_that_fails_gives_one_sentence(run: Run, loads: Any, damaged: Path) -> None:
    result = run("score", damaged)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {damaged} is not a picture that can be read.\n"


def test_path_that_means_nothing_ends_the_run_before_the_model_is_loaded(run: Run, loads: Any, picture: Path) -> None:
    result = run("score", picture, picture.with_name("none.png"))
    assert (result.exit_code, result.stdout, loads) == (2, "", [])
    assert result.stderr == f"Error: {picture.with_name('none.png')} does not exist.\n"


def test_model_is_loaded_once_as_asked(run: Run, loads: Any, folder: Path) -> None:
    run("score", folder, "--preset", "other", "--device", "cpu")
    assert loads == [("other", "cpu")]


@pytest.mark.parametrize("error", [InputError("Preset `x` is not installed."), WeightsError("File y is missing.")])
def test_preset_that_cannot_be_loaded_ends_the_run(
    error: Exception, run: Run, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(presets, "load", load)
    result = run("score", picture, "-o", picture.with_name("t.csv"))
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {error}\n")
    assert [path.name for path in picture.parent.iterdir()] == [picture.name]


def test_own_dimensions_are_columns(run: Run, loads: Any, folder: Path) -> None:
    Path("own.toml").write_text('[cosiness]\npositive = "cosy"\nnegative = "bleak"\n')
    rows = run("score", folder, "--json", "--dimensions", "own.toml").stdout.splitlines()
    assert tuple(json.loads(rows[0])) == table_columns(("p", *FACTORS, "cosiness"))
    assert 0 <= json.loads(rows[0])["cosiness"] <= 1


class Stop:
    """Ends a run after some batches, in the way that is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, after: int, error: BaseException) -> None:
        original = folder_module.score_batches

        def stopping(*arguments: Any, **options: Any) -> Any:
            for count, batch in enumerate(original(*arguments, **options)):
                if count == after:
                    raise error
                yield batch

        monkeypatch.setattr(folder_module, "score_batches", stopping)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_interrupted_run_goes_on_to_the_same_bytes(
    suffix: str, run: Run, loads: Any, folder: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, torn = Path(f"whole{suffix}"), Path(f"torn{suffix}")
    run("score", folder, "-o", whole, "--batch-size", 2)
    threads = threading.active_count()
    with monkeypatch.context() as patch:
        Stop(patch, after=2, error=KeyboardInterrupt())
        result = run("score", folder, "-o", torn, "--batch-size", 2)
    assert result.exit_code == EXIT_INTERRUPTED
    assert "partial.jsonl has 3 rows; --resume goes on with them." in result.stderr
    assert threading.active_count() == threads
    assert not torn.exists()
    journal = Path(f"torn{suffix}.partial.jsonl")
    os.truncate(journal, journal.stat().st_size - 7)
    assert "`--resume` goes on with its rows, `--overwrite` starts anew" in run("score", folder, "-o", torn).stderr
    encoder.images_encoded = 0
    result = run("score", folder, "-o", torn, "--batch-size", 2, "--resume")
    assert "Resuming: 2 of 7 pictures have their row" in result.stderr
    assert encoder.images_encoded <= 5
    assert torn.read_bytes() == whole.read_bytes()
    assert not journal.exists()


def test_finished_table_takes_in_new_pictures_and_retries_errors(
    run: Run, loads: Any, folder: Path, picture: Path, encoder: Any
) -> None:
    run("score", folder, "-o", "t.csv")
    before = Path("t.csv").read_bytes()
    encoder.images_encoded = 0
    result = run("score", folder, "-o", "t.csv", "--resume")
    assert (result.exit_code, encoder.images_encoded, Path("t.csv").read_bytes()) == (0, 0, before)
    (folder / "bad.png").write_bytes(picture.read_bytes())
    run("score", folder, picture, "-o", "t.csv", "--resume")
    assert [row["error"] is None for row in read_table("t.csv")] == [True, False, *[True] * 6]
    run("score", folder, picture, "-o", "t.csv", "--retry-errors")
    rows = read_table("t.csv")
    assert [row["path"] for row in rows] == [*(f"pics/{path}" for path in PATHS), str(picture)]
    assert {row["error"] for row in rows} == {None}
    assert encoder.images_encoded == 2


def test_overwrite_begins_anew(run: Run, loads: Any, folder: Path, picture: Path) -> None:
    run("score", folder, "-o", "t.csv")
    assert run("score", picture, "-o", "t.csv").exit_code == 2
    assert run("score", picture, "-o", "t.csv", "--overwrite").exit_code == 0
    assert [row["path"] for row in read_table("t.csv")] == [str(picture)]


def test_table_of_another_preset_is_not_resumed(
    run: Run, loads: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        Stop(patch, after=1, error=KeyboardInterrupt())
        run("score", folder, "-o", "t.csv")
    result = run("score", folder, "-o", "t.csv", "--resume", "--preset", "other")
    assert result.exit_code == 2
    assert "t.csv.partial.jsonl was made with preset `mini`, this run has `other`" in result.stderr


def test_maps_mirror_the_folder_and_their_lack_is_made_up_for(run: Run, loads: Any, folder: Path) -> None:
    run("score", folder, "-o", "t.csv")
    result = run("score", folder, "-o", "t.csv", "--resume", "--maps", "maps", "--overlays")
    assert "0 to score" not in result.stderr
    good = [path for path in PATHS if path != "bad.png"]
    expected = [f"maps/{path}{end}" for path in good for end in (".npz", ".map.png")]
    assert sorted(path.as_posix() for path in Path("maps").rglob("*.*")) == sorted(expected)
    with np.load("maps/sub/c.jpg.npz") as maps:
        assert maps["quality"].shape == maps["raw"].shape[1:]
    assert "6 of 7" not in run("score", folder, "-o", "t.csv", "--resume", "--maps", "maps", "--overlays").stdout


def test_map_is_a_png_of_the_size_of_the_picture(run: Run, loads: Any, picture: Path, tmp_path: Path) -> None:
    assert run("score", picture, "--map", tmp_path / "map.png").exit_code == 0
    with Image.open(tmp_path / "map.png") as image:
        assert (image.format, image.size) == ("PNG", (40, 24))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pics", "--map", "map.png"], "--map takes one picture, got 7."),
        (["pics/a.png", "--map", "map.jpg"], "must end in .png, got map.jpg."),
        (["pics/a.png", "--map", "none/map.png"], "of --map does not exist."),
        (["pics/a.png", "--map", "pics/a.png"], "would overwrite the picture"),
        (["pics", "--overlays"], "name their folder with --maps"),
        (["pics", "--maps", "pics/maps", "--overlays"], "would lie among the pictures"),
        (["pics", "--resume"], "are about a table; name one with -o"),
        (["pics", "-o", "t.txt"], "must end in .csv, .jsonl, .parquet, got t.txt"),
        (["pics", "-o", "none/t.csv"], "The folder none of the table t.csv does not exist"),
        (["pics", "-o", "t.csv", "--resume", "--overwrite"], "not for both"),
        (["pics/*.gif"], "pics/*.gif matches no file"),
    ],
)
def test_bad_options_are_refused_before_the_model_is_loaded(
    arguments: list[str], message: str, run: Run, loads: Any, folder: Path
) -> None:
    before = {path: path.read_bytes() for path in Path().rglob("*.*")}
    result = run("score", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert loads == []
    assert {path: path.read_bytes() for path in Path().rglob("*.*")} == before


def test_failed_picture_leaves_no_map(run: Run, loads: Any, damaged: Path, tmp_path: Path) -> None:
    run("score", damaged, "--map", tmp_path / "map.png")
    assert not (tmp_path / "map.png").exists()


def test_help_tells_the_exit_codes(run: Run) -> None:
    assert "exit code is 2" in " ".join(run("score", "--help").stdout.split())

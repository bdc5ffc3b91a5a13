from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from grefine_core import InputError, WeightsError, to_pil
from pqmap import FACTORS, PerceptionAssessor, TextPairs, assessor as assessor_module
from pqmap.cli import app

Loads = list[tuple[str, str]]


@pytest.fixture
def loads(encoder: Any, pairs: TextPairs, monkeypatch: pytest.MonkeyPatch) -> Loads:
    """Replace the loader of presets by a tiny one; the list names each preset and device asked for."""
    calls: Loads = []

    def load(preset: str, *, device: str) -> PerceptionAssessor:
        calls.append((preset, device))
        return PerceptionAssessor(encoder, pairs)

    monkeypatch.setattr(assessor_module, "load", load)
    return calls


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "good [red].png"
    to_pil(torch.rand(3, 24, 40)).save(path)
    return path


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "damaged.png"
    path.write_bytes(b"no picture")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["score", *map(str, arguments)], env={"COLUMNS": "300"})


def test_table_shows_path_score_and_factors(loads: Loads, picture: Path) -> None:
    result = run(picture)
    assert result.exit_code == 0
    assert str(picture) in result.stdout  # brackets in a name are no markup
    assert all(name in result.stdout for name in ("score", *FACTORS))
    row = json.loads(run(picture, "--json").stdout)
    assert f"{row['score']:.3f}" in result.stdout
    assert f"{row['factors']['technical']:.3f}" in result.stdout


def test_json_is_one_object_a_line(loads: Loads, picture: Path, damaged: Path) -> None:
    lines = run(picture, damaged, "--json").stdout.splitlines()
    good, bad = map(json.loads, lines)
    assert good["path"] == str(picture)
    assert 0 <= good["score"] <= 1
    assert set(good["factors"]) == set(FACTORS)
    assert bad == {"path": str(damaged), "error": f"{damaged} is not a picture that can be read."}


def test_one_bad_file_among_several_gets_a_row(loads: Loads, picture: Path, damaged: Path) -> None:
    result = run(damaged, picture)
    assert result.exit_code == 0
    assert "is not a picture that can be read" in result.stdout


def test_exit_code_is_2_where_every_file_failed(loads: Loads, damaged: Path, tmp_path: Path) -> None:
    result = run(damaged, tmp_path / "none.png")
    assert result.exit_code == 2
    assert "none.png does not exist" in result.stdout


def test_only_file_that_fails_gives_one_sentence(loads: Loads, tmp_path: Path) -> None:
    result = run(tmp_path / "none.png")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"Error: {tmp_path / 'none.png'} does not exist.\n"


def test_model_is_loaded_once_and_not_for_unreadable_files(loads: Loads, picture: Path, damaged: Path) -> None:
    run(damaged)
    assert loads == []
    run(damaged, picture, picture, "--preset", "other", "--device", "cpu")
    assert loads == [("other", "cpu")]


@pytest.mark.parametrize("error", [InputError("Preset `x` is not installed."), WeightsError("File y is missing.")])
def test_preset_that_cannot_be_loaded_ends_the_run(
    error: Exception, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(preset: str, *, device: str) -> PerceptionAssessor:
        raise error

    monkeypatch.setattr(assessor_module, "load", load)
    result = run(picture, picture)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {error}\n")


def test_map_is_a_png_of_the_size_of_the_picture(loads: Loads, picture: Path, tmp_path: Path) -> None:
    assert run(picture, "--map", tmp_path / "map.png").exit_code == 0
    with Image.open(tmp_path / "map.png") as image:
        assert (image.format, image.size) == ("PNG", (40, 24))


@pytest.mark.parametrize(
    ("pictures", "name", "message"),
    [
        (2, "map.png", "--map takes one picture, got 2."),
        (1, "map.jpg", "must end in .png, got map.jpg."),
        (1, "none/map.png", "of --map does not exist."),
        (1, "good [red].png", "would overwrite the picture"),
    ],
)
def test_map_that_cannot_be_written_is_refused_before_the_model_is_loaded(
    pictures: int, name: str, message: str, loads: Loads, picture: Path, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    result = run(*[picture] * pictures, "--map", tmp_path / name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert loads == []
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_failed_picture_leaves_no_map(loads: Loads, damaged: Path, tmp_path: Path) -> None:
    run(damaged, "--map", tmp_path / "map.png")
    assert not (tmp_path / "map.png").exists()


def test_help_tells_the_exit_codes() -> None:
    text = " ".join(run("--help").stdout.split())
    assert "exit code is 2" in text


def test_command_line_imports_nothing_heavy() -> None:
    code = "import sys, pqmap.cli; print(sorted({'torch', 'numpy', 'PIL', 'scipy', 'transformers'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_import_of_the_package_does_not_import_torch() -> None:
    code = "import sys, pqmap; print('torch' in sys.modules, sorted(pqmap.__all__)[:2])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False ['ALPHA', 'EpochResult']"

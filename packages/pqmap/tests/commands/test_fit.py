from __future__ import annotations

import signal
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner, Result

from grefine_core import Preset, presets as core_presets, to_pil
from grefine_core.tables import read_table
from pqmap import TextPairs
from pqmap.cli import app
from pqmap.dimensions import DEFAULT_WORDS
from pqmap.pairs import pairs_from_words

QUICK = ("--epochs", "3", "--learning-rate", "0.05", "--batch-size", "8", "--validation-share", "0.3")


@pytest.fixture(autouse=True)
def preset(encoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer the tiny encoder as the preset `tiny`, without pairs of its own."""
    monkeypatch.setattr(encoder, "logit_scale", 10.0)  # 100 leaves its coarse features no gradient
    offered = Preset(summary="tiny", load=lambda **_: encoder, files=list)
    entry = EntryPoint("tiny", "tests:TINY", "grefine.encoders")
    monkeypatch.setattr(EntryPoint, "load", lambda _: offered)
    monkeypatch.setattr(core_presets, "entry_points", lambda group: [entry] if group == "grefine.encoders" else [])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Write 30 pictures that get brighter, and a table that calls bright ones good."""
    lines = ["path,overall,brightness"]
    for index in range(30):
        to_pil(torch.rand(3, 16, 16) * (0.3 + index / 50)).save(tmp_path / f"{index}.png")
        lines.append(f"{index}.png,{index},{index * 2}")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "own.toml").write_text('[brightness]\npositive = "a bright picture"\nnegative = "a dark picture"\n')
    return tmp_path / "labels.csv"


def run(table: Path, *arguments: object, output: str = "pairs.safetensors") -> Result:
    folder = table.parent
    words = ["fit", table, "-o", folder / output, "--encoder", "tiny", "--cache", folder / "cache", *QUICK, *arguments]
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def test_fit_tells_what_it_did_and_where_it_is(table: Path, encoder: Any) -> None:
    result = run(table)
    assert result.exit_code == 0, result.stderr
    assert all(word in result.stdout for word in ("overall", "labels from", "29", "SRCC at start", "PLCC"))
    assert "pairs.safetensors" in result.stdout
    assert "Fitting overall on 21 rows; 9 rows validate." in result.stderr
    found = TextPairs.load(table.with_name("pairs.safetensors"), encoder=encoder)
    assert "Kept epoch" in result.stdout
    changed = found.embeddings != pairs_from_words(encoder, DEFAULT_WORDS).embeddings
    assert changed.flatten(1).any(dim=1).tolist() == [True, False, False, False]
    assert len(read_table(table.with_name("pairs.curve.csv"))) == 4
    assert sorted(path.name for path in table.parent.iterdir() if path.name.startswith(("pairs", "."))) == [
        "pairs.curve.csv",
        "pairs.curve.png",
        "pairs.safetensors",
    ]


def test_own_dimension_starts_from_its_words(table: Path, encoder: Any) -> None:
    result = run(table, "--start", table.with_name("own.toml"), "--factor", "brightness")
    assert result.exit_code == 0, result.stderr
    found = TextPairs.load(table.with_name("pairs.safetensors"), encoder=encoder)
    assert found.names == ("brightness",)
    assert (found.metrics["label_min_brightness"], found.metrics["label_max_brightness"]) == (0, 58)


def test_column_of_another_name_is_given_by_label(table: Path) -> None:
    result = run(table, "--factor", "technical", "--label", "brightness")
    assert result.exit_code == 0, result.stderr
    assert "Fitting technical on 21 rows" in result.stderr


def test_pictures_are_encoded_once_for_all_fits(table: Path, encoder: Any) -> None:
    run(table)
    run(table, "--seed", "1")
    assert encoder.images_encoded == 30


def test_bad_rows_end_the_run_or_are_counted(table: Path) -> None:
    with table.open("a") as file:
        file.write("none.png,1,2\n3.png,nan,2\n")
    result = run(table)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: Row 31 of {table}: `path` names none.png")
    assert result.stderr.count("\n") == 1
    result = run(table, "--skip-bad")
    assert result.exit_code == 0, result.stderr
    assert "2 bad rows are dropped:" in result.stderr
    assert "Row 32" in result.stderr


def test_start_that_no_epoch_betters_is_told(table: Path) -> None:
    lines = [line.split(",") for line in table.read_text().splitlines()]
    flipped = [f"{path},{29 - int(overall)},0" for path, overall, _ in lines[1:]]  # dark is good, as at the start
    table.write_text("\n".join(["path,overall,brightness", *flipped]) + "\n")
    assert "Kept the start: none of 3 epochs was better (all epochs done)" in run(table).stdout


def test_failed_fit_writes_nothing(table: Path) -> None:
    before = {path.name for path in table.parent.iterdir()}
    assert run(table, "--epochs", "0").exit_code == 2
    assert run(table, "--encoder", "none").exit_code == 2
    assert run(table, output="pairs.pt").exit_code == 2
    assert {path.name for path in table.parent.iterdir()} == before


CHILD = """
import sys, time
from importlib.metadata import EntryPoint
sys.path.insert(0, sys.argv.pop(1))
import conftest
from grefine_core import Preset, presets
encoder, delay = conftest.TinyEncoder(), float(sys.argv.pop(1))
encoder.logit_scale = 10.0
encode = encoder.encode_token_embeddings
def slow(*arguments):
    time.sleep(delay)
    return encode(*arguments)
encoder.encode_token_embeddings = slow
EntryPoint.load = lambda _: Preset(summary="tiny", load=lambda **_: encoder, files=list)
entry = EntryPoint("tiny", "tests:TINY", "grefine.encoders")
presets.entry_points = lambda group: [entry] if group == "grefine.encoders" else []
from pqmap.cli import main
main()
"""


def command(table: Path, output: str, *, delay: float) -> list[str]:
    arguments = ["fit", table, "-o", table.with_name(output), "--encoder", "tiny", "--cache", table.with_name("cache")]
    return [sys.executable, "-c", CHILD, str(Path(__file__).parents[1]), str(delay), *map(str, arguments), *QUICK]


@pytest.mark.slow
def test_fit_that_was_killed_goes_on_and_gives_the_same_bits(table: Path) -> None:
    child = subprocess.Popen(command(table, "killed.safetensors", delay=0.5), stderr=subprocess.PIPE)
    checkpoint, patience = table.with_name("killed.checkpoint.pt"), time.monotonic() + 120
    while not checkpoint.exists() and child.poll() is None and time.monotonic() < patience:
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert checkpoint.exists()
    assert not table.with_name("killed.safetensors").exists()
    result = run(table, output="killed.safetensors")
    assert f"Going on from {checkpoint}" in result.stderr
    assert run(table, output="whole.safetensors").exit_code == 0
    for name in (".safetensors", ".curve.csv"):
        assert table.with_name(f"killed{name}").read_bytes() == table.with_name(f"whole{name}").read_bytes()
    assert not checkpoint.exists()


def test_checkpoint_of_other_words_is_refused(table: Path) -> None:
    table.with_name("pairs.checkpoint.pt").write_bytes(b"half")
    result = run(table)
    assert result.exit_code == 2
    assert "pairs.checkpoint.pt cannot be read; delete it to fit from the start." in result.stderr

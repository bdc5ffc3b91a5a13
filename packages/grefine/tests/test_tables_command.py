from __future__ import annotations

import json

import pytest
from PIL import Image
from typer.testing import CliRunner

from grefine import GRefiner
from grefine.cli import app
from grefine_core import write_table


@pytest.fixture
def run(models, monkeypatch, tmp_path):
    """Return a function that runs `grefine tables` on one picture with fake models."""
    monkeypatch.setattr(GRefiner, "load", models.load)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    folder = tmp_path / "data" / "sd1.5"
    folder.mkdir(parents=True)
    Image.new("RGB", (48, 40), (200, 90, 90)).save(folder / "0.png")
    write_table(folder / "items.csv", [{"image": "0.png", "prompt": "a cat"}], ("image", "prompt"))
    places = ["--data", tmp_path / "data", "-o", tmp_path / "out"]
    return lambda *arguments: CliRunner().invoke(app, ["tables", *map(str, (*arguments, *places))])


def test_table_is_printed_and_written(run, tmp_path) -> None:
    result = run(8, "--steps", 4, "--only", "ours", "--only", "p")
    assert result.exit_code == 0
    assert "# Table 8. Ablation" in result.stdout
    assert "not asked for (--only)" in result.stdout
    assert "SD Cascade: there is no folder" in result.stdout
    record = json.loads((tmp_path / "out" / "table8.json").read_text("utf-8"))
    assert record["number"] == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("1",), "TABLE must be 2 to 8 or `radar`, got `1`"),
        (("8", "--also", "magic"), "`magic` is neither an optimizer nor an indicator"),
        (("8", "--weights", "sd"), "`--weights` takes NAME=VALUE, got `sd`"),
        (("8", "--limit", "0"), "must be positive"),
    ],
)
def test_wrong_arguments_are_one_sentence(run, arguments, message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1

"""`pqmap info` says what the numbers mean, from the pairs alone where it can."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pqmap import ReferenceScale, TextPairs, presets
from pqmap.cli import app

EVEN = ReferenceScale(data="even numbers", count=1000, quantiles=tuple(percent / 100 for percent in range(101)))


@pytest.fixture
def file(pairs: TextPairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a pairs file with a reference set; loading an encoder is an error."""
    monkeypatch.setattr(presets, "load_encoder", lambda *_, **__: pytest.fail("an encoder was loaded"))
    return replace(pairs, reference=EVEN).save(tmp_path / "pairs.safetensors")


def test_info_prints_the_bands_of_a_pairs_file(file: Path) -> None:
    result = CliRunner().invoke(app, ["info", "--pairs", str(file)])
    assert result.exit_code == 0
    assert "excellent    p from 0.900 to 1.000" in result.stdout


def test_info_prints_json(file: Path) -> None:
    result = CliRunner().invoke(app, ["info", "--pairs", str(file), "--json"])
    assert json.loads(result.stdout)["reference"] == EVEN.to_json()


def test_info_of_an_installed_preset_needs_no_encoder(file: Path) -> None:
    if "mini" not in presets.preset_entries(presets.PAIRS):
        pytest.skip("grefine-mini is not installed")
    result = CliRunner().invoke(app, ["info"])
    assert result.exit_code == 0
    assert "mini-0.2" in result.stdout


def test_info_of_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["info", "--pairs", str(tmp_path / "none.safetensors")])
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")

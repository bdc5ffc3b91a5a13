from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pqmap import TextPairs, import_pairs
from pqmap.bands import ReferenceScale
from pqmap.cli import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["pairs", *map(str, arguments)])


@pytest.fixture
def file(pairs: TextPairs, tmp_path: Path) -> Path:
    scale = ReferenceScale(data="made pictures", count=120, quantiles=tuple(i / 100 for i in range(101)))
    full = dataclasses.replace(pairs, data="twelve pictures", metrics={"srcc_overall": 0.75}, reference=scale)
    return full.save(tmp_path / "pairs.safetensors")


def test_show_prints_all_that_the_file_says(file: Path) -> None:
    result = run("show", file)
    assert result.exit_code == 0
    for part in (
        "tiny-1",
        "overall, technical, rationality, naturalness",
        "temperature  10",
        "0.935, 0.5352, 0.6608",
        "twelve pictures",
        "srcc_overall 0.75",
        "120 pictures, made pictures",
    ):
        assert part in result.stdout


def test_show_can_be_read_by_programs(file: Path, pairs: TextPairs, tmp_path: Path) -> None:
    content = json.loads(run("show", file, "--json").stdout)
    assert content["metrics"] == {"srcc_overall": 0.75}
    assert content["reference"]["count"] == 120
    plain = json.loads(run("show", pairs.save(tmp_path / "plain.safetensors"), "--json").stdout)
    assert (plain["reference"], plain["data"]) == (None, "")


def test_show_of_another_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"no pairs")
    result = run("show", tmp_path / "x.safetensors")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: Text pairs file ")
    assert result.stderr.count("\n") == 1


def test_import_tells_what_it_wrote(pairs: TextPairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def import_official(*arguments: Any, **options: Any) -> TextPairs:
        calls.append((arguments, options))
        return pairs

    monkeypatch.setattr(import_pairs, "import_official", import_official)
    result = run("import", "a.pth", "b.pth", "-o", tmp_path / "p.safetensors", "--encoder", "tiny", "--temperature", 3)
    assert result.exit_code == 0
    assert "p.safetensors for tiny-1, temperature 10: overall, technical" in result.stdout
    expected = {"preset": "tiny", "temperature": 3.0, "device": "cpu"}
    assert calls == [(([Path("a.pth"), Path("b.pth")], tmp_path / "p.safetensors"), expected)]


def test_import_of_other_files_is_one_sentence(tmp_path: Path) -> None:
    result = run("import", "a.pth", "-o", tmp_path / "p.safetensors", "--encoder", "tiny")
    assert result.exit_code == 2
    assert "Error: The authors' pairs are the four files PQ-overall.pth" in result.stderr
    assert list(tmp_path.iterdir()) == []

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner, Result

from aqmap.alignment import AlignmentAssessor
from aqmap.calibration import FILE_NAME, Calibration
from aqmap.cli import app
from aqmap.settings import AlignmentSettings
from grefine_core import ImageFeatures, InputError, to_pil

TREES = {
    "cat and dog": "cat/NOUN/-/root and/CCONJ/2/cc dog/NOUN/0/conj",
    "cat": "cat/NOUN/-/root",
}
BEHIND = AlignmentSettings(temperature=2.5, beta=1.0)
"""What is behind the labels; the start is 10 and 0.5."""


@pytest.fixture
def encoder(plant: Any, towards: Callable[..., Tensor]) -> Any:
    """See a cat where a picture is red and a dog where it is green."""

    class ColourEncoder(plant):
        def encode_image(self, pixels: Tensor) -> ImageFeatures:
            self.image_calls += len(pixels)
            red, green, _ = pixels.mean(dim=(2, 3)).T.tolist()
            features = torch.stack([towards(cat=r, dog=g, empty=0.6) for r, g in zip(red, green, strict=True)])
            features = torch.nn.functional.normalize(features, dim=-1)
            return ImageFeatures(global_=features, patches=features[:, None, None].expand(-1, 1, 1, -1))

    return ColourEncoder(torch.zeros(8), torch.zeros(1, 1, 8))


@pytest.fixture
def loads(encoder: Any, written: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every preset but `none` be the planted one; the list names each that was asked for."""
    asked: list[str] = []

    def load_encoder(preset: str, **_: object) -> Any:
        if preset == "none":
            raise InputError("Preset `none` is not installed.")
        asked.append(preset)
        return encoder

    for module in ("grefine_core", "aqmap.presets"):
        monkeypatch.setattr(f"{module}.load_encoder", load_encoder)
    for module in ("aqmap.parsing.parser", "aqmap.presets"):
        monkeypatch.setattr(f"{module}.load_parser", lambda *_: written(TREES))
    return asked


@pytest.fixture
def table(tmp_path: Path, encoder: Any, written: Any) -> Path:
    """Write 48 pictures of one colour each, labelled by what the encoder says of them with other numbers."""
    assessor = AlignmentAssessor(encoder, written(TREES), BEHIND)
    lines = ["image,prompt,label"]
    for index in range(48):
        image = to_pil(torch.rand(3, 1, 1).expand(-1, 8, 8))
        image.save(tmp_path / f"{index}.png")
        lines.append(f"{index}.png,cat and dog,{math.log(assessor(image, 'cat and dog').score)}")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    encoder.image_calls = 0
    return tmp_path / "labels.csv"


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


@pytest.mark.usefixtures("loads")
def test_fit_tells_what_it_kept_and_score_uses_it(table: Path, encoder: Any) -> None:
    file = table.with_name("c.json")
    result = run("fit", table, "-o", file)
    assert result.exit_code == 0, result.stderr
    assert encoder.image_calls == 48
    assert all(word in result.stdout for word in ("start", "fitted", "kept", "SRCC, 38 training rows", "PLCC, 10 val"))
    assert "Temperature and beta are the fitted ones: SRCC on the validation rows goes from" in result.stdout
    assert f"Wrote {file}." in result.stdout
    found = Calibration.read(file, encoder=encoder)
    assert found.temperature == pytest.approx(2.5, abs=1.5)
    assert found.beta > 0.55
    assert found.metrics["srcc"] > found.metrics["srcc_at_start"]
    scored = run("score", table.with_name("0.png"), "--prompt", "cat and dog", "--json", "--calibration", file)
    plain = run("score", table.with_name("0.png"), "--prompt", "cat and dog", "--json")
    assert json.loads(scored.stdout)["score"] != json.loads(plain.stdout)["score"]


@pytest.mark.usefixtures("loads")
def test_same_words_write_the_same_bytes(table: Path) -> None:
    files = [table.with_name(f"{index}.json") for index in range(2)]
    for file in files:
        assert run("fit", table, "-o", file, "--seed", 3, "--batch-size", 5).exit_code == 0
    assert files[0].read_bytes() == files[1].read_bytes()


def test_local_preset_has_its_numbers_beside_it_even_over_those_of_another_encoder(
    table: Path, tmp_path: Path, loads: list[str]
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    Calibration(encoder="older", a_bound=0.5, beta=0.5, temperature=3).write(folder / FILE_NAME)
    assert run("score", tmp_path / "0.png", "--prompt", "cat", "--preset", folder).exit_code == 2
    result = run("fit", table, "--preset", folder)
    assert result.exit_code == 0, result.stderr
    assert loads[-1] == str(folder)
    assert Calibration.read(folder / FILE_NAME).encoder == "planted"
    assert run("score", tmp_path / "0.png", "--prompt", "cat", "--preset", folder).exit_code == 0


@pytest.mark.usefixtures("loads")
def test_json_has_every_number(table: Path) -> None:
    with table.open("a") as file:
        file.write("none.png,cat,1\n")
    result = run("fit", table, "-o", table.with_name("c.json"), "--json")
    found = json.loads(result.stdout)
    assert found["start"] == {"temperature": 10.0, "beta": 0.5, "a_bound": 0.5}
    assert found["rows"] == {"training": 38, "validation": 10}
    assert set(found["before"]["validation"]) == {"srcc", "srcc_interval", "plcc", "plcc_interval"}
    assert len(found["notes"]) == 2
    assert found["bad"][0].startswith("Row 49 of")
    assert "1 bad row left out:" in result.stderr


@pytest.mark.usefixtures("loads")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Name a file with -o: the preset `mini` is no local folder or file to write beside."),
        (["-o", "c.txt"], "A calibration is written as .json, got the name c.txt."),
        (["-o", "c.json", "--label-column", "mos"], "has no column `mos`; it has image, prompt, label."),
        (["-o", "c.json", "--validation", "0.9"], "must be above 0 and at most 0.5, got 0.9."),
        (["-o", "c.json", "--missing-column", "gone"], "has no column `gone`"),
        (["-o", "c.json", "--preset", "none"], "Preset `none` is not installed."),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    words: list[str], message: str, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(table.parent)
    before = sorted(table.parent.iterdir())
    result = run("fit", table, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(table.parent.iterdir()) == before


def test_small_table_is_refused_before_a_model_is_loaded(table: Path, loads: list[str]) -> None:
    table.write_text("\n".join(table.read_text().splitlines()[:30]) + "\n")
    result = run("fit", table, "-o", table.with_name("c.json"))
    assert result.exit_code == 2
    assert "needs at least 40 rows that can be used, got 29" in result.stderr
    assert loads == []


@pytest.mark.slow
def test_mini_is_fitted_from_pictures_to_a_file_that_it_takes(tmp_path: Path) -> None:
    pytest.importorskip("grefine_mini")
    prompts = ("a red ball", "a blue box on grass", "a dog", "a green hat and a cat")
    lines = ["image,prompt,label"]
    for index in range(10):
        to_pil(torch.rand(3, 4, 4)).resize((96, 64)).save(tmp_path / f"{index}.png")
        lines += [f"{index}.png,{prompt},{(index * 7 + place * 3) % 11}" for place, prompt in enumerate(prompts)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    result = run("fit", tmp_path / "t.csv", "-o", tmp_path / "c.json")
    assert result.exit_code == 0, result.stderr
    assert "SRCC, 32 training rows" in result.stdout
    scored = run("score", tmp_path / "0.png", "--prompt", "a dog", "--json", "--calibration", tmp_path / "c.json")
    assert scored.exit_code == 0, scored.stderr

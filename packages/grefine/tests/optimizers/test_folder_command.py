from __future__ import annotations

import sys

import pytest
import torch

from grefine.optimizers.folder_command import FolderCommand, Job
from grefine.optimizers.registry import optimizer_info
from grefine_core import InputError

PASD = optimizer_info("pasd")
INVERT = """
import json, sys
from pathlib import Path
from PIL import Image, ImageOps
source, target, prompts, steps, seed = sys.argv[1:]
for line in Path(prompts).read_text().splitlines():
    job = json.loads(line)
    if job["prompt"] == "leave out":
        continue
    if job["prompt"] == "spoil":
        (Path(target) / job["file"]).write_bytes(b"no picture")
        continue
    image = ImageOps.invert(Image.open(Path(source) / job["file"]).convert("RGB"))
    if job["prompt"] == "enlarge":
        image = image.resize((2 * image.width, 2 * image.height))
    image.save(Path(target) / job["file"])
    Path(target, "said.txt").write_text(f"{steps} {seed}")
"""


@pytest.fixture
def command(tmp_path) -> str:
    script = tmp_path / "in vert.py"
    script.write_text(INVERT, encoding="utf-8")
    return f"'{sys.executable}' '{script}' {{input}} {{output}} {{prompts}} {{steps}} {{seed}}"


def job(name: str, prompt: str = "a cat") -> Job:
    values = torch.randint(0, 256, (1, 3, 6, 9), generator=torch.Generator().manual_seed(len(name)))
    return Job(id=name, pixels=values.float() / 255, prompt=prompt)


def test_pictures_go_through_the_command_and_come_back(command, tmp_path) -> None:
    optimizer = FolderCommand(info=PASD, command=command, steps=20)
    jobs = [job("one"), job("two-2")]
    made = optimizer.optimize_all(jobs, tmp_path / "work", seed=7)
    for one, result in zip(jobs, made, strict=True):
        assert torch.allclose(result, 1 - one.pixels, atol=1e-6)
    assert (tmp_path / "work" / "output" / "said.txt").read_text() == "20 7"


def test_picture_of_another_size_is_resized(command, tmp_path) -> None:
    optimizer = FolderCommand(info=PASD, command=command, steps=20)
    (made,) = optimizer.optimize_all([job("one", "enlarge")], tmp_path / "work", seed=0)
    assert made.shape == (1, 3, 6, 9)


def test_missing_and_broken_pictures_fail_alone(command, tmp_path) -> None:
    optimizer = FolderCommand(info=PASD, command=command, steps=20)
    jobs = [job("one", "leave out"), job("two", "spoil"), job("three")]
    missing, broken, good = optimizer.optimize_all(jobs, tmp_path / "work", seed=0)
    assert str(missing) == "The command of `pasd` wrote no picture one."
    assert isinstance(broken, InputError)
    assert good.shape == (1, 3, 6, 9)


def test_old_output_is_never_taken_for_new(command, tmp_path) -> None:
    optimizer = FolderCommand(info=PASD, command=command, steps=20)
    optimizer.optimize_all([job("one")], tmp_path / "work", seed=0)
    (again,) = optimizer.optimize_all([job("one", "leave out")], tmp_path / "work", seed=0)
    assert isinstance(again, InputError)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("run {input}", r"must contain \{output\}, got `run \{input\}`"),
        ("run '{input} {output}", "cannot be read: No closing quotation"),
    ],
)
def test_command_that_cannot_work_is_refused_at_once(command: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        FolderCommand(info=PASD, command=command, steps=20)


def test_failing_and_absent_programs_are_one_sentence(tmp_path) -> None:
    code = "import sys; sys.exit('out of memory')"
    failing = FolderCommand(info=PASD, command=f'{sys.executable} -c "{code}" {{input}} {{output}}', steps=20)
    with pytest.raises(InputError, match="command of `pasd` ended with 1: out of memory"):
        failing.optimize_all([job("one")], tmp_path / "work", seed=0)
    absent = FolderCommand(info=PASD, command="no-such-program {input} {output}", steps=20)
    with pytest.raises(InputError, match=r"cannot be run: .*no-such-program"):
        absent.optimize_all([job("one")], tmp_path / "work", seed=0)


def test_shell_characters_mean_nothing(tmp_path) -> None:
    command = f"{sys.executable} -c pass {{input}} {{output}} ; touch {tmp_path / 'made'}"
    FolderCommand(info=PASD, command=command, steps=20).optimize_all([job("one")], tmp_path / "work", seed=0)
    assert not (tmp_path / "made").exists()

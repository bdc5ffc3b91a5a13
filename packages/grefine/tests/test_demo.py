from __future__ import annotations

import pytest
import torch
from typer.testing import CliRunner

from grefine import GRefiner, Settings, demo
from grefine.save import WRITTEN
from grefine_core import InputError

pytestmark = pytest.mark.usefixtures("no_packs", "no_network")


def test_photograph_comes_with_the_installed_packages() -> None:
    pixels = demo.photograph()
    assert pixels.shape == (1, 3, 400, 600)
    assert 0 <= float(pixels.min()) < float(pixels.max()) <= 1


def test_damage_is_the_same_each_time_and_keeps_to_its_rectangle() -> None:
    pixels = demo.photograph()
    first, second = demo.damage(pixels), demo.damage(pixels)
    assert torch.equal(first, second)
    changed = (first != pixels).any(dim=1)[0]
    rows, columns = demo.rectangle((400, 600))
    assert changed[rows, columns].float().mean() > 0.99
    changed[rows, columns] = False
    assert not changed.any()


def test_demonstration_measures_the_rectangle_apart(models, tmp_path) -> None:
    shown = demo.demonstrate(tmp_path / "out", Settings(), load=models.load)
    before = shown.finished.outcome.before.perception.map
    assert shown.inside == pytest.approx(float(before[demo.rectangle((400, 600))].mean()))
    assert shown.outside > 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*WRITTEN, demo.INPUT}


def test_demonstration_that_fails_leaves_nothing(tmp_path) -> None:
    def fail(settings: Settings) -> GRefiner:
        raise InputError("no models")

    with pytest.raises(InputError):
        demo.demonstrate(tmp_path / "out", Settings(), load=fail)
    assert list(tmp_path.iterdir()) == []


def test_prompt_of_the_demonstration_asks_for_the_absent_thing() -> None:
    assert demo.ABSENT in demo.PROMPT


def test_command_prints_the_damage_and_the_scores(models, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(GRefiner, "load", models.load)
    result = CliRunner().invoke(demo.app, ["-o", str(tmp_path / "out")])
    assert result.exit_code == 0
    assert "mean of P in the damaged rectangle" in result.stdout
    assert "missing" in result.stdout


def test_own_picture_needs_its_prompt(models, good_pixels, save_picture, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(GRefiner, "load", models.load)
    path, out = str(save_picture(good_pixels)), str(tmp_path / "out")
    alone = CliRunner().invoke(demo.app, [path, "-o", out])
    assert (alone.exit_code, alone.stderr.count("\n")) == (2, 1)
    whole = CliRunner().invoke(demo.app, [path, "--prompt", "a cat", "-o", out])
    assert whole.exit_code == 0
    assert "mean of P" not in whole.stdout

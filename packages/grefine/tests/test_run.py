from __future__ import annotations

import os
from pathlib import Path

import pytest

from balanced_refiner import Cancelled
from grefine import Settings, refine_file, score_file
from grefine_core import InputError, Preset, WeightsError, WeightsFile


def spoil(path: Path, how: str) -> Path:
    """Return a path that is no picture in the named way."""
    content = path.read_bytes()
    if how == "absent":
        path.unlink()
    elif how == "text":
        path.write_text("not a picture")
    elif how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "folder":
        path.unlink()
        path.mkdir()
    return path


def tree(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.usefixtures("no_packs")
@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("absent", "does not exist"),
        ("text", "is not a picture"),
        ("truncated", "is damaged or truncated"),
        ("empty", "is empty"),
        ("folder", "is a folder"),
    ],
)
def test_bad_picture_is_refused_before_models_load(
    how, message, models, damaged_pixels, save_picture, tmp_path
) -> None:
    path = spoil(save_picture(damaged_pixels), how)
    before = tree(tmp_path)
    with pytest.raises(InputError, match=message):
        refine_file(path, "a cat", tmp_path / "out", Settings(), load=models.load)
    assert models.loaded == 0
    assert tree(tmp_path) == before


@pytest.mark.usefixtures("no_packs")
@pytest.mark.parametrize(("prompt", "message"), [("", "is empty"), (" \t", "is empty"), ("<lora:a:1>", "no words")])
def test_prompt_that_says_nothing_is_refused_before_models_load(
    prompt, message, models, damaged_pixels, save_picture, tmp_path
) -> None:
    path = save_picture(damaged_pixels)
    with pytest.raises(InputError, match=message):
        refine_file(path, prompt, tmp_path / "out", Settings(), load=models.load)
    assert models.loaded == 0
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("key", ["preset", "parser", "diffusion"])
def test_unknown_preset_is_refused_with_those_that_exist(key, models, damaged_pixels, save_picture, tmp_path) -> None:
    path = save_picture(damaged_pixels)
    with pytest.raises(InputError, match="Preset `huge` is not installed"):
        refine_file(path, "a cat", tmp_path / "out", Settings(**{key: "huge"}), load=models.load)
    assert models.loaded == 0
    assert not (tmp_path / "out").exists()


def test_altered_weights_are_refused_before_models_load(
    models, damaged_pixels, save_picture, tmp_path, monkeypatch
) -> None:
    (tmp_path / "heads.safetensors").write_bytes(b"altered")
    pack = Preset(summary="", load=lambda: None, files=lambda: [WeightsFile(tmp_path / "heads.safetensors", "0" * 64)])
    monkeypatch.setattr("grefine.packs.find_preset", lambda *_: pack)
    with pytest.raises(WeightsError, match=r"has sha256 .* expected 0000"):
        refine_file(save_picture(damaged_pixels), "a cat", tmp_path / "out", Settings(), load=models.load)
    assert models.loaded == 0
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_packs")
def test_absent_device_is_refused_before_models_load(models, damaged_pixels, save_picture, tmp_path) -> None:
    path = save_picture(damaged_pixels)
    with pytest.raises(InputError, match="Device `cuda:77` cannot be used"):
        refine_file(path, "a cat", tmp_path / "out", Settings(device="cuda:77"), load=models.load)
    assert models.loaded == 0


@pytest.mark.usefixtures("no_packs")
def test_output_folder_that_is_a_file_is_refused_before_models_load(
    models, damaged_pixels, save_picture, tmp_path
) -> None:
    path = save_picture(damaged_pixels)
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        refine_file(path, "a cat", tmp_path / "out", Settings(), load=models.load)
    assert models.loaded == 0
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.usefixtures("no_packs")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_output_folder_without_permission_is_refused(models, damaged_pixels, save_picture, tmp_path) -> None:
    path = save_picture(damaged_pixels)
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(InputError, match="cannot be written"):
        refine_file(path, "a cat", tmp_path / "locked" / "out", Settings(), load=models.load)
    assert models.loaded == 0


@pytest.mark.usefixtures("no_packs")
def test_input_in_the_place_of_a_result_is_refused(models, damaged_pixels, save_picture, tmp_path) -> None:
    path = save_picture(damaged_pixels, "refined.png")
    with pytest.raises(InputError, match="would replace the input"):
        refine_file(path, "a cat", tmp_path, Settings(), load=models.load)
    assert models.loaded == 0


@pytest.mark.usefixtures("no_packs")
def test_run_that_fails_halfway_leaves_no_folder(models, damaged_pixels, save_picture, tmp_path) -> None:
    def interrupted(settings: Settings) -> None:
        raise KeyboardInterrupt

    path = save_picture(damaged_pixels)
    with pytest.raises(KeyboardInterrupt):
        refine_file(path, "a cat", tmp_path / "a" / "out", Settings(), load=interrupted)
    assert not (tmp_path / "a").exists()


def test_scoring_asks_for_no_diffusion_model(models, damaged_pixels, save_picture, monkeypatch) -> None:
    asked: list[str] = []
    pack = Preset(summary="", load=lambda: None, files=tuple)
    monkeypatch.setattr("grefine.packs.find_preset", lambda group, _: asked.append(group) or pack)
    score = score_file(save_picture(damaged_pixels), "a cat", Settings(), load=models.load)
    assert asked == ["grefine.encoders", "grefine.pairs", "grefine.parsers"]
    assert score.a == 0.9


def test_encoder_without_fitted_pairs_needs_no_pairs_file(models, damaged_pixels, save_picture, monkeypatch) -> None:
    asked: list[str] = []
    pack = Preset(summary="", load=lambda: None, files=tuple)
    monkeypatch.setattr("grefine.packs.find_preset", lambda group, _: asked.append(group) or pack)
    score_file(save_picture(damaged_pixels), "a cat", Settings(preset="vit-b-16"), load=models.load)
    assert asked == ["grefine.encoders", "grefine.parsers"]


@pytest.mark.usefixtures("no_packs")
def test_cancelling_leaves_nothing_and_is_not_caught(models, damaged_pixels, save_picture, tmp_path) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        raise Cancelled

    path = save_picture(damaged_pixels)
    before = tree(tmp_path)
    with pytest.raises(Cancelled):
        refine_file(path, "a cat", tmp_path / "out", Settings(), load=models.load, on_progress=stop)
    assert tree(tmp_path) == before


@pytest.mark.usefixtures("no_packs")
def test_locked_mask_is_checked_before_models_load(models, damaged_pixels, save_picture, tmp_path) -> None:
    mask = save_picture(damaged_pixels[..., :40], "mask.png")
    with pytest.raises(InputError, match="mask of locked pixels"):
        refine_file(
            save_picture(damaged_pixels), "a cat", tmp_path / "out", Settings(locked=str(mask)), load=models.load
        )
    assert models.loaded == 0

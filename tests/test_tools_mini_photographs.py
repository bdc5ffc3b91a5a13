"""Photographs as backgrounds: what they show is never called absent."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grefine_core import InputError
from tests.mini_assets import write_assets
from tools.mini import fetch_photographs
from tools.mini.assets import Assets
from tools.mini.photographs import (
    FETCHED,
    FOLDER_VARIABLE,
    PACKAGED,
    UNKNOWN,
    caption_of,
    fetched_photographs,
    packaged_photographs,
)
from tools.mini.scenes import SceneOptions, compose
from tools.mini.stream import generator


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Assets:
    folder = write_assets(tmp_path_factory.mktemp("data"))
    (folder / "photos").mkdir()
    texture = np.random.default_rng(0).integers(0, 255, (24, 36, 3)).astype(np.uint8)
    Image.fromarray(texture).resize((288, 192), Image.Resampling.BICUBIC).save(folder / "photos" / "kodak08.png")
    return Assets(folder, split="all")


def test_photographs_are_backgrounds_only_when_asked(assets: Assets) -> None:
    def grounds(share: float) -> set[str]:
        options = SceneOptions(photographs=share)
        return {compose(assets, generator(1, i), 96, count=0, options=options).ground for i in range(12)}

    known = caption_of(Path("kodak08.png"))
    assert known not in grounds(0)
    assert grounds(1) == {known}


def test_what_a_known_photograph_shows_is_not_absent(assets: Assets) -> None:
    options = SceneOptions(photographs=1)
    absent = {noun for i in range(40) for noun in compose(assets, generator(1, i), 96, count=1, options=options).absent}
    assert "truck" not in absent  # a car is on it
    assert "piano" in absent


def test_photographs_stand_in_for_absent_backgrounds(assets: Assets) -> None:
    few = pickle.loads(pickle.dumps(assets))
    few.backgrounds = []
    assert compose(few, generator(1, 1), 96, count=1).ground == caption_of(Path("kodak08.png"))


def test_unknown_photograph_is_some_place() -> None:
    assert caption_of(Path("holiday.jpg")) == UNKNOWN


def test_packaged_photographs_are_for_training_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    folder = write_assets(tmp_path)
    found = {split: Assets(folder, split=split).photographs for split in ("train", "all")}  # type: ignore[arg-type]
    assert found["train"] == packaged_photographs()
    assert found["all"] == []
    assert {file.name for file in found["train"]} == set(PACKAGED)
    assert caption_of(found["train"][0]) == PACKAGED[found["train"][0].name]


def debian_package(tmp_path: Path) -> bytes:
    """Return an `ar` archive of an odd member and of a tar file with a known photograph and something else."""
    with tarfile.open(tmp_path / "data.tar.xz", "w:xz") as files:
        for name in ("tea-gardens", "logo"):
            Image.new("RGB", (3000, 1500), (20, 120, 30)).save(tmp_path / f"{name}.jpg")
            files.add(tmp_path / f"{name}.jpg", f"./usr/share/backgrounds/{name}.jpg")
    out = io.BytesIO(b"!<arch>\n")
    out.seek(0, io.SEEK_END)
    for name, content in (("debian-binary", b"2.0"), ("data.tar.xz", (tmp_path / "data.tar.xz").read_bytes())):
        out.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content)
        out.write(b"\n" * (len(content) % 2))
    return out.getvalue()


def test_photographs_of_a_package_are_unpacked_and_shrunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = debian_package(tmp_path)
    with pytest.raises(InputError, match="must have the sha256"):
        fetch_photographs.unpack(package)
    monkeypatch.setattr(fetch_photographs, "SHA256", hashlib.sha256(package).hexdigest())
    found = fetch_photographs.unpack(package)
    assert {name: image.size for name, image in found.items()} == {"tea-gardens": (2048, 1024)}
    with pytest.raises(InputError, match=r"must hold control\.tar, got none"):
        fetch_photographs.member(package, "control.tar")


def test_fetched_photographs_are_trained_on_where_their_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tea-gardens", "stranger"):
        Image.new("RGB", (64, 48)).save(tmp_path / f"{name}.png")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert fetched_photographs() == [tmp_path / "tea-gardens.png"]
    assert caption_of(tmp_path / "tea-gardens.png") == FETCHED["tea-gardens"]
    folder = write_assets(tmp_path / "data")
    assert fetched_photographs()[0] in Assets(folder, split="train").photographs
    assert not Assets(folder, split="all").photographs

"""Photographs as backgrounds: what they show is never called absent."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.mini_assets import write_assets
from tools.mini.assets import Assets
from tools.mini.photographs import PACKAGED, UNKNOWN, caption_of, packaged_photographs
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


def test_packaged_photographs_are_for_training_alone(tmp_path: Path) -> None:
    folder = write_assets(tmp_path)
    found = {split: Assets(folder, split=split).photographs for split in ("train", "all")}  # type: ignore[arg-type]
    assert found["train"] == packaged_photographs()
    assert found["all"] == []
    assert {file.name for file in found["train"]} == set(PACKAGED)
    assert caption_of(found["train"][0]) == PACKAGED[found["train"][0].name]

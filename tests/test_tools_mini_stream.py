"""Assets are split and read, and examples stream, the same in any number of processes."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from grefine_core import InputError
from tests.mini_assets import OBJECTS, write_assets
from tools.mini.assets import Assets, held_out
from tools.mini.scenes import compose
from tools.mini.stream import stream


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Assets:
    return Assets(write_assets(tmp_path_factory.mktemp("data")), split="all")


@dataclass(frozen=True)
class Maker:
    assets: Assets

    def __call__(self, rng: np.random.Generator, index: int) -> tuple[int, str, int]:
        scene = compose(self.assets, rng, 96, count=index % 3)
        return index, scene.caption, int(scene.pixels.astype(np.int64).sum())


def test_workers_give_the_same_stream(assets: Assets) -> None:
    alone = list(stream(Maker(assets), seed=3, stop=11, workers=0))
    assert list(stream(Maker(assets), seed=3, stop=11, workers=2, chunk=2)) == alone
    assert [index for index, _, _ in alone] == list(range(11))


def test_stream_goes_on_where_it_was(assets: Assets) -> None:
    alone = list(stream(Maker(assets), seed=3, stop=9, workers=0))
    assert list(stream(Maker(assets), seed=3, start=4, stop=9, workers=0)) == alone[4:]


def test_negative_number_of_workers_is_refused(assets: Assets) -> None:
    with pytest.raises(InputError, match="`workers`"):
        next(stream(Maker(assets), seed=1, workers=-1))


def test_splits_share_nothing_and_miss_nothing(data_folder: Path) -> None:
    train, held, everything = (Assets(data_folder, split=split) for split in ("train", "held-out", "all"))
    names = [{row["noun"] for row in part.objects} for part in (train, held)]
    assert not names[0] & names[1]
    assert len(train.objects) + len(held.objects) == len(everything.objects)
    assert not set(train.photographs) & set(held.photographs)
    assert all(held_out(name) for name in names[1])


def test_manifest_folder_itself_is_taken(tmp_path: Path) -> None:
    folder = write_assets(tmp_path)
    assert len(Assets(folder / "assets", split="all").objects) == len(OBJECTS)


def test_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="manifest"):
        Assets(tmp_path, split="all")


def test_assets_survive_pickling(assets: Assets) -> None:
    row = assets.objects[0]
    again = pickle.loads(pickle.dumps(assets))
    assert np.array_equal(again.cut_out(row, 40), assets.cut_out(row, 40))


def test_endless_stream_ends_where_nobody_reads_on(assets: Assets) -> None:
    endless = stream(Maker(assets), seed=3, workers=1, chunk=2)
    assert next(endless)[0] == 0
    endless.close()  # type: ignore[attr-defined]
    assert next(endless, None) is None

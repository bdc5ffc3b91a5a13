from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from grefine_core import InputError, to_pil
from pqmap import PerceptionAssessor, TextPairs, pairs_from_words
from pqmap.folders.map_files import MapFolder


@pytest.fixture
def assessor(encoder: Any, pairs: TextPairs) -> PerceptionAssessor:
    return PerceptionAssessor(encoder, pairs)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "pics" / "sub" / "a.png"
    path.parent.mkdir(parents=True)
    to_pil(torch.rand(3, 24, 40)).save(path)
    return path


def maps_of(tmp_path: Path, **options: Any) -> MapFolder:
    return MapFolder(folder=tmp_path / "maps", sources=(tmp_path / "pics",), **options)


def test_maps_are_small_and_say_the_size_of_the_picture(
    assessor: PerceptionAssessor, picture: Path, tmp_path: Path
) -> None:
    result = assessor.assess(picture)
    maps = maps_of(tmp_path)
    assert not maps.has(picture)
    maps.write(picture, result)
    assert maps.has(picture)
    with np.load(tmp_path / "maps/sub/a.png.npz", allow_pickle=False) as found:
        assert set(found) == {"quality", "raw", "size"}
        assert (found["quality"].dtype, found["raw"].dtype) == (np.float16, np.float16)
        assert found["size"].tolist() == [24, 40]
        np.testing.assert_allclose(found["quality"], result.grid, atol=5e-4)
        np.testing.assert_allclose(found["raw"], result.raw_grid, atol=5e-4)
    assert [path.name for path in (tmp_path / "maps/sub").iterdir()] == ["a.png.npz"]


def test_own_dimensions_have_their_maps_and_names(
    encoder: Any, pairs: TextPairs, picture: Path, tmp_path: Path
) -> None:
    own = pairs_from_words(encoder, {"cosiness": ("cosy", "bleak")})
    result = PerceptionAssessor(encoder, pairs, dimensions=own).assess(picture)
    maps_of(tmp_path).write(picture, result)
    with np.load(tmp_path / "maps/sub/a.png.npz", allow_pickle=False) as found:
        assert found["dimension_names"].tolist() == ["cosiness"]
        assert found["dimensions"].shape == (1, *found["quality"].shape)


def test_overlay_lies_beside_the_maps(assessor: PerceptionAssessor, picture: Path, tmp_path: Path) -> None:
    result = assessor.assess(picture)
    maps_of(tmp_path).write(picture, result)
    maps = maps_of(tmp_path, overlays=True)
    assert not maps.has(picture)
    maps.write(picture, result)
    assert maps.has(picture)
    with Image.open(tmp_path / "maps/sub/a.png.map.png") as image:
        assert (image.format, image.size) == ("PNG", (40, 24))


def test_overlays_among_the_pictures_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pics").mkdir()
    inside = MapFolder(folder=tmp_path / "pics" / "maps", sources=(tmp_path / "pics",), overlays=True)
    with pytest.raises(InputError, match="would lie among the pictures"):
        inside.check()
    maps_of(tmp_path, overlays=True).check()
    (tmp_path / "maps").touch()
    with pytest.raises(InputError, match=r"The folder .*maps of --maps is a file\."):
        maps_of(tmp_path).check()


def test_folder_that_cannot_be_made_is_an_input_error(
    assessor: PerceptionAssessor, picture: Path, tmp_path: Path
) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "sub").touch()
    with pytest.raises(InputError, match="cannot be made: File exists"):
        maps_of(tmp_path).write(picture, assessor.assess(picture))

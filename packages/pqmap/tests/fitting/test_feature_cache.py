from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from grefine_core import InputError, read_image, to_pil
from pqmap.fitting import feature_cache
from pqmap.fitting.feature_cache import FeatureCache, default_cache


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    paths = [folder / f"{index}.png" for index in range(5)]
    for path in paths:
        to_pil(torch.rand(3, 16, 24)).save(path)
    return paths


def features(folder: Path, encoder: Any, pictures: list[Path]) -> torch.Tensor:
    with FeatureCache(folder, encoder) as cache:
        return torch.stack([cache.feature(path).values for path in pictures])


def test_feature_is_the_global_one_of_the_picture(tmp_path: Path, encoder: Any, pictures: list[Path]) -> None:
    expected = encoder.encode_image(read_image(pictures[0]).pixels).global_[0]
    assert torch.equal(features(tmp_path / "c", encoder, pictures)[0], expected)


def test_each_picture_is_encoded_once(tmp_path: Path, encoder: Any, pictures: list[Path]) -> None:
    first = features(tmp_path / "c", encoder, pictures)
    assert encoder.images_encoded == 5
    assert torch.equal(features(tmp_path / "c", encoder, pictures), first)
    assert encoder.images_encoded == 5


def test_a_copy_of_a_picture_is_the_same_picture(tmp_path: Path, encoder: Any, pictures: list[Path]) -> None:
    copy = shutil.copy(pictures[0], tmp_path / "copy.png")
    with FeatureCache(tmp_path / "c", encoder) as cache:
        assert cache.feature(pictures[0]).digest == cache.feature(Path(copy)).digest
    assert encoder.images_encoded == 1


def test_changed_picture_is_encoded_again(tmp_path: Path, encoder: Any, pictures: list[Path]) -> None:
    before = features(tmp_path / "c", encoder, pictures)
    to_pil(torch.rand(3, 16, 24)).save(pictures[2])
    after = features(tmp_path / "c", encoder, pictures)
    assert encoder.images_encoded == 6
    assert (before != after).any(dim=1).tolist() == [False, False, True, False, False]


def test_new_pictures_are_added(tmp_path: Path, encoder: Any, pictures: list[Path]) -> None:
    features(tmp_path / "c", encoder, pictures[:2])
    features(tmp_path / "c", encoder, pictures)
    assert encoder.images_encoded == 5
    assert len(list((tmp_path / "c").rglob("*.safetensors"))) == 2


def test_encoders_share_no_features(tmp_path: Path, make_encoder: Any, pictures: list[Path]) -> None:
    for name in ("a/b", "a b"):
        features(tmp_path / "c", make_encoder(name), pictures)
    folders = sorted(path.name for path in (tmp_path / "c").iterdir())
    assert len(folders) == 2
    assert all(name.startswith("a-b-") for name in folders)


def test_full_files_are_written_before_the_end(
    tmp_path: Path, encoder: Any, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_cache, "FILE_PICTURES", 2)
    killed = FeatureCache(tmp_path / "c", encoder)  # never left: what a kill does
    for path in pictures:
        killed.feature(path)
    features(tmp_path / "c", encoder, pictures)
    assert encoder.images_encoded == 5 + 1


@pytest.mark.parametrize("damage", ["cut", "empty", "altered", "no header"])
def test_damaged_file_is_passed_over(
    damage: str, tmp_path: Path, encoder: Any, pictures: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    before = features(tmp_path / "c", encoder, pictures)
    (file,) = (tmp_path / "c").rglob("*.safetensors")
    content = file.read_bytes()
    if damage == "no header":
        save_file({"features": before}, file)
    else:
        altered = content[:-4] + bytes([content[-4] ^ 1]) + content[-3:]  # the last bit of a number
        file.write_bytes({"cut": content[:-20], "empty": b"", "altered": altered}[damage])
    assert torch.allclose(features(tmp_path / "c", encoder, pictures), before)
    assert encoder.images_encoded == 10
    assert file.name in caplog.text


def test_broken_picture_is_named_and_the_others_are_kept(tmp_path: Path, encoder: Any, pictures: list[Path]) -> None:
    pictures[3].write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"3\.png is not a picture"):
        features(tmp_path / "c", encoder, pictures)
    features(tmp_path / "c", encoder, pictures[:3])
    assert encoder.images_encoded == 3


def test_encoder_without_finite_features_is_refused(tmp_path: Path, encoder: Any, pictures: list[Path]) -> None:
    encoder.image_out.data[:] = float("nan")
    with pytest.raises(InputError, match=r"`tiny-1` gave no finite features for .*0\.png"):
        features(tmp_path / "c", encoder, pictures)


def test_folder_that_cannot_be_made_is_named(tmp_path: Path, encoder: Any) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"The cache .*file.* cannot be made"):
        FeatureCache(tmp_path / "file", encoder)


def test_default_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GREFINE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "grefine" / "features"
    monkeypatch.setenv("GREFINE_CACHE", str(tmp_path / "own"))
    assert default_cache() == tmp_path / "own" / "features"

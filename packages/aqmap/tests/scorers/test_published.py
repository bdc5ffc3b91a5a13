from __future__ import annotations

import re

import pytest

from aqmap.scorers import published
from aqmap.scorers.published import IMAGE_REWARD, Published, obtain
from grefine_core import WeightsError
from grefine_core.hub_lock import PINS

ALL = [value for value in vars(published).values() if isinstance(value, Published)]


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.pin.file)
def test_publication_names_bytes_commit_and_licence(one: Published) -> None:
    assert re.fullmatch("[0-9a-f]{64}", one.pin.sha256)
    assert re.fullmatch("[0-9a-f]{40}", one.pin.revision)
    assert one.licence
    assert re.fullmatch(r"\d+\.\d [MG]B", one.size)


def test_pins_agree_with_those_of_the_encoders() -> None:
    known = {(pin.repo, pin.file): pin for pin in PINS}
    assert all(known.get((one.pin.repo, one.pin.file), one.pin) == one.pin for one in ALL)


@pytest.mark.parametrize("name", ["clipscore", "hpsv2", "hpsv2.1", "imagereward", "pickscore"])
def test_absent_weights_say_what_to_download_and_how_to_name_them(name: str) -> None:
    one = {
        "clipscore": published.CLIP_SCORE,
        "hpsv2": published.HPS_V2,
        "hpsv2.1": published.HPS_V2_1,
        "imagereward": published.IMAGE_REWARD,
        "pickscore": published.PICK_SCORE,
    }[name]
    with pytest.raises(WeightsError) as caught:
        obtain(name, one)
    message = str(caught.value)
    assert f"The scorer `{name}` needs {one.pin.file} ({one.size})" in message
    assert f"https://huggingface.co/{one.pin.repo}" in message
    assert "HF_HUB_OFFLINE is set" in message
    assert f"hf download {one.pin.repo} {one.pin.file} --revision {one.pin.revision}" in message
    assert f"`{name}:FOLDER`" in message
    assert "\n" not in message


def test_failed_download_names_its_reason(monkeypatch) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="needs the extra `scorers`")

    def fail(*args, **options) -> None:
        raise ConnectionError("the line is cut")

    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(hub, "hf_hub_download", fail)
    with pytest.raises(WeightsError, match=r"cannot be downloaded \(the line is cut\); get it with"):
        obtain("imagereward", IMAGE_REWARD)


def test_altered_download_is_refused_by_its_digest(tmp_path) -> None:
    pin = IMAGE_REWARD.pin
    folder = tmp_path / "hub" / "models--zai-org--ImageReward" / "snapshots" / pin.revision
    folder.mkdir(parents=True)
    (folder / pin.file).write_bytes(b"something else")
    with pytest.raises(WeightsError, match=f"has sha256 .*, expected {pin.sha256}"):
        obtain("imagereward", IMAGE_REWARD)


def test_local_file_or_folder_is_taken_as_it_is(tmp_path) -> None:
    file = tmp_path / IMAGE_REWARD.pin.file
    file.write_bytes(b"own")
    assert obtain("imagereward", IMAGE_REWARD, file).path == file
    assert obtain("imagereward", IMAGE_REWARD, tmp_path).path == file


def test_missing_local_file_is_named(tmp_path) -> None:
    with pytest.raises(WeightsError, match=r"nothing\.pt is missing"):
        obtain("imagereward", IMAGE_REWARD, tmp_path / "nothing.pt")

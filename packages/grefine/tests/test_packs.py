from __future__ import annotations

import hashlib

import pytest
import torch

from grefine import Settings, packs
from grefine.packs import DIFFUSION, ENCODERS, check_diffusion, check_packs, find_preset
from grefine_core import InputError, Preset, WeightsError, WeightsFile


@pytest.fixture
def only(monkeypatch):
    """Return a function that makes one preset the answer to every name."""

    def make(files):
        monkeypatch.setattr(packs, "find_preset", lambda *_: Preset(summary="", load=lambda: None, files=files))

    return make


@pytest.fixture
def no_hub(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.parametrize("name", ["sdxl", "sd15", "org/inpainter"])
def test_diffusion_model_may_be_named_without_a_pack(name) -> None:
    assert find_preset(DIFFUSION, name).summary


def test_folder_may_be_named_as_a_diffusion_model_but_as_nothing_else(tmp_path) -> None:
    assert str(tmp_path) in find_preset(DIFFUSION, str(tmp_path)).summary
    with pytest.raises(InputError, match=r"not installed for grefine.parsers"):
        find_preset("grefine.parsers", str(tmp_path))


def test_unknown_name_is_refused_with_what_may_be_named() -> None:
    with pytest.raises(InputError, match=r"`nothing` is not installed.*may also be a diffusers folder"):
        find_preset(DIFFUSION, "nothing")
    with pytest.raises(InputError, match=r"not installed for grefine.encoders"):
        find_preset(ENCODERS, "nothing")


def test_absent_model_is_refused_offline_before_anything_is_loaded(no_hub, no_network) -> None:
    pytest.importorskip("grefine_mini")
    with pytest.raises(WeightsError, match=r"stable-diffusion-xl.*HF_HUB_OFFLINE is set.*`hf download diffusers/"):
        check_packs(Settings(diffusion="sdxl"))


def test_file_that_names_itself_only_after_its_download_is_checked_then(only, tmp_path) -> None:
    folder, content = tmp_path / "absent", b"weights"

    def download() -> None:
        folder.mkdir(exist_ok=True)
        (folder / "model.safetensors").write_bytes(content)

    def files() -> list[WeightsFile]:
        if not folder.exists():
            return [WeightsFile(folder, "", download=download)]
        return [WeightsFile(folder / "model.safetensors", hashlib.sha256(content).hexdigest())]

    only(files)
    found = check_packs(Settings())
    assert found[0].files == {"absent/model.safetensors": hashlib.sha256(content).hexdigest()}


def test_altered_file_is_refused(only, tmp_path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"altered")
    only(lambda: [WeightsFile(tmp_path / "model.safetensors", "0" * 64)])
    with pytest.raises(WeightsError, match=r"expected 0000"):
        check_packs(Settings())


def test_options_are_refused_for_a_pack_before_it_is_loaded(monkeypatch) -> None:
    pack = Preset(summary="", load=lambda **_: pytest.fail("loaded"), files=list)
    monkeypatch.setattr(packs, "find_preset", lambda *_: pack)
    with pytest.raises(InputError, match="The pack `mini` takes no options"):
        check_diffusion(Settings(dtype="float16"), torch.device("cpu"))
    assert check_diffusion(Settings(), torch.device("cpu")) is None


def test_options_are_taken_by_a_model_of_diffusers() -> None:
    assert check_diffusion(Settings(diffusion="sdxl", dtype="float16"), torch.device("cpu")) is None

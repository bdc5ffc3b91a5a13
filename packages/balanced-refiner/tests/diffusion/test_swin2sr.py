from __future__ import annotations

import pytest
import torch

from balanced_refiner.diffusion.swin2sr import enlarge, load_swin2sr
from balanced_refiner.stages import StagePlan, stage2
from grefine_core import InputError, WeightsError

transformers = pytest.importorskip("transformers", reason="needs the extra `diffusers`")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(1)
    config = transformers.Swin2SRConfig(
        image_size=16, embed_dim=12, depths=[1], num_heads=[2], window_size=4, upscale=2, upsampler="pixelshuffle"
    )
    path = tmp_path_factory.mktemp("swin2sr")
    transformers.Swin2SRForImageSuperResolution(config).save_pretrained(path)
    return path


def test_any_size_is_enlarged_without_a_border(folder) -> None:
    restorer = load_swin2sr(str(folder), working_size=32)
    made = restorer._network(torch.rand(1, 3, 21, 18))
    assert made.shape == (1, 3, 42, 36)
    assert 0 <= made.min() <= made.max() <= 1


def test_size_of_whole_windows_is_the_plain_model(folder) -> None:
    model = transformers.Swin2SRForImageSuperResolution.from_pretrained(folder).eval()
    image = torch.rand(1, 3, 16, 24)
    with torch.no_grad():
        torch.testing.assert_close(enlarge(model, image), model(image).reconstruction.clamp(0, 1))


def test_restored_picture_is_brought_back_to_its_size(folder) -> None:
    restorer = load_swin2sr(str(folder), working_size=32)
    pixels = torch.rand(1, 3, 40, 25)
    made = stage2(restorer, pixels, "a", (), strength=1.0, plan=StagePlan(steps=1, seed=0))
    assert made.shape == pixels.shape
    assert restorer.name.startswith("swin2sr:x2:")


def test_other_model_and_missing_files_are_refused(folder, tmp_path) -> None:
    with pytest.raises(InputError, match=r"no config\.json"):
        load_swin2sr(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    with pytest.raises(WeightsError, match=r"no \.safetensors file"):
        load_swin2sr(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="is a bert, not a swin2sr"):
        load_swin2sr(str(tmp_path))

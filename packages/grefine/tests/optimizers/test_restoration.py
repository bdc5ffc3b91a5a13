from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from grefine.optimizers.registry import load_optimizer
from grefine_core import InputError, WeightsError


def test_file_of_spandrel_restores_to_the_same_size(building, tmp_path) -> None:
    pytest.importorskip("spandrel", reason="needs the extra `optimizers`")
    from spandrel.architectures.Compact import Compact

    network = Compact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=1, upscale=2)
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    optimizer = load_optimizer("real-esrgan", building(tmp_path / "model.safetensors"))
    pixels = torch.rand(1, 3, 30, 41)
    made = optimizer.optimize(pixels, "a cat", seed=0)
    assert made.shape == pixels.shape
    assert torch.equal(made, optimizer.optimize(pixels, "another prompt", seed=5))
    assert optimizer.name.startswith("real-esrgan:spandrel:")


def test_swin2sr_of_transformers_restores_to_the_same_size(building, tmp_path) -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.Swin2SRConfig(
        image_size=16, embed_dim=12, depths=[1], num_heads=[2], window_size=4, upscale=2, upsampler="pixelshuffle"
    )
    transformers.Swin2SRForImageSuperResolution(config).save_pretrained(tmp_path)
    optimizer = load_optimizer("swin2sr", building(tmp_path))
    assert optimizer.optimize(torch.rand(1, 3, 30, 41), "", seed=0).shape == (1, 3, 30, 41)
    assert optimizer.name.startswith("swin2sr:swin2sr:x2:")


def test_network_without_a_default_asks_for_a_file(building) -> None:
    with pytest.raises(InputError, match="name it by `--weights real-esrgan=FILE`"):
        load_optimizer("real-esrgan", building())


def test_absent_swin2sr_is_one_sentence(building, no_network, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match="caidas/swin2SR-classical-sr-x2-64 is not downloaded"):
        load_optimizer("swin2sr", building())

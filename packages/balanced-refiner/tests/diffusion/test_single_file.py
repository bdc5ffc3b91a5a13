from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from balanced_refiner.diffusion.single_file import UNET_KEY, has_unet, read_single_file
from grefine_core import InputError, WeightsError

XL, SD = "StableDiffusionXLInpaintPipeline", "StableDiffusionInpaintPipeline"
XL_KEY = "conditioner.embedders.1.model.token_embedding.weight"
SD_KEY = "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight"


@pytest.fixture
def save(tmp_path):
    def write(tensors):
        save_file(tensors, tmp_path / "model.safetensors")
        return tmp_path / "model.safetensors"

    return write


@pytest.mark.parametrize(
    ("key", "channels", "name", "described_by"),
    [
        (XL_KEY, 9, XL, "diffusers/stable-diffusion-xl-1.0-inpainting-0.1"),
        (XL_KEY, 4, XL, "stabilityai/stable-diffusion-xl-base-1.0"),
        (SD_KEY, 9, SD, "stable-diffusion-v1-5/stable-diffusion-inpainting"),
        (SD_KEY, 4, SD, "stable-diffusion-v1-5/stable-diffusion-v1-5"),
    ],
)
def test_kind_is_told_by_the_tensors(key, channels, name, described_by, save):
    found = read_single_file(save({UNET_KEY: torch.zeros(8, channels, 3, 3), key: torch.zeros(1)}))
    assert (found.pipeline, found.described_by) == (name, described_by)


@pytest.mark.parametrize(
    "tensors",
    [{"lora_unet.weight": torch.zeros(1)}, {UNET_KEY: torch.zeros(8, 4, 3, 3)}, {XL_KEY: torch.zeros(1)}],
)
def test_file_that_is_no_whole_model_is_refused(tensors, save):
    with pytest.raises(InputError, match="not the tensors of a whole Stable Diffusion"):
        read_single_file(save(tensors))


def test_damaged_file_is_refused(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="cannot be read"):
        read_single_file(tmp_path / "a.safetensors")


def test_pickled_file_is_refused_by_its_ending(tmp_path):
    (tmp_path / "a.ckpt").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"`\.ckpt` file"):
        read_single_file(tmp_path / "a.ckpt")


def test_unet_is_seen_in_a_file(save):
    assert has_unet(save({UNET_KEY: torch.zeros(8, 4, 3, 3)}))
    assert not has_unet(save({"body.0.weight": torch.zeros(1)}))

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from balanced_refiner.diffusion.editors import PictureEditor, load_editor
from balanced_refiner.errors import RefineError
from grefine_core import InputError, WeightsError

diffusers = pytest.importorskip("diffusers", reason="needs the extra `diffusers`")

WIDTH = 32
UNET = {
    "sample_size": 8,
    "out_channels": 4,
    "layers_per_block": 1,
    "block_out_channels": (16, 32),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "attention_head_dim": 8,
    "cross_attention_dim": WIDTH,
    "norm_num_groups": 8,
}


def vae(levels: int, scaling_factor: float = 0.18215) -> Any:
    return diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=(16,) * levels,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=32,
        mid_block_add_attention=False,
        scaling_factor=scaling_factor,
    )


def upscaler() -> Any:
    return diffusers.StableDiffusionUpscalePipeline(
        vae=vae(3, 0.08333),
        unet=diffusers.UNet2DConditionModel(in_channels=7, num_class_embeds=1000, **UNET),
        text_encoder=None,
        tokenizer=None,
        low_res_scheduler=diffusers.DDPMScheduler(),
        scheduler=diffusers.DDIMScheduler(steps_offset=1, clip_sample=False),
    )


def pix2pix() -> Any:
    return diffusers.StableDiffusionInstructPix2PixPipeline(
        vae=vae(4),
        unet=diffusers.UNet2DConditionModel(in_channels=8, **UNET),
        text_encoder=None,
        tokenizer=None,
        scheduler=diffusers.DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


@pytest.fixture(params=[upscaler, pix2pix], ids=["upscaler", "pix2pix"])
def editor(request, text) -> PictureEditor:
    torch.manual_seed(0)
    pipe = request.param()
    pipe.set_progress_bar_config(disable=True)
    for part in (pipe.vae, pipe.unet):
        part.eval().requires_grad_(False)
    return PictureEditor(pipe, text, name="tiny")


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.rand(1, 3, 21, 30, generator=torch.Generator().manual_seed(2))


def test_edited_picture_has_the_size_and_range_of_its_source(editor, pixels) -> None:
    made = editor.edit(pixels, "a dog", steps=2, seed=0)
    assert (made.shape, made.dtype) == (pixels.shape, torch.float32)
    assert 0 <= made.min() <= made.max() <= 1


def test_same_seed_gives_the_same_picture_and_another_does_not(editor, pixels) -> None:
    one, same, other = (editor.edit(pixels, "a dog", steps=2, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_prompt_and_steps_reach_the_model(editor, pixels) -> None:
    plain = editor.edit(pixels, "a dog", steps=2, seed=0)
    assert not torch.equal(plain, editor.edit(pixels, "two cats in rain", steps=2, seed=0))
    assert not torch.equal(plain, editor.edit(pixels, "a dog", steps=3, seed=0))


def test_nan_of_the_model_is_told(editor, pixels) -> None:
    for parameter in editor._pipe.vae.decoder.parameters():
        parameter.data.fill_(float("nan"))
    with pytest.raises(RefineError, match="not numbers"):
        editor.edit(pixels, "a dog", steps=2, seed=0)


def test_no_step_and_two_pictures_are_refused(editor, pixels) -> None:
    with pytest.raises(InputError, match="at least one step, got 1 and 0"):
        editor.edit(pixels, "a dog", steps=0, seed=0)
    with pytest.raises(InputError, match="got 2 and 1"):
        editor.edit(torch.cat([pixels, pixels]), "a dog", steps=1, seed=0)


def test_folder_of_a_pipeline_that_repaints_is_refused(tmp_path) -> None:
    index = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}
    (tmp_path / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(InputError, match="is a StableDiffusionPipeline; accepted are StableDiffusionUpscalePipeline"):
        load_editor(str(tmp_path))


def test_absent_repository_is_said_in_one_sentence(no_network, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match="timbrooks/instruct-pix2pix is not downloaded, and HF_HUB_OFFLINE is set"):
        load_editor("timbrooks/instruct-pix2pix")


@pytest.mark.parametrize("kind", [upscaler, pix2pix], ids=["upscaler", "pix2pix"])
def test_saved_pipeline_is_opened_with_its_own_text_side(kind, build_pipeline, tmp_path, no_network, pixels) -> None:
    source = build_pipeline("StableDiffusionPipeline")
    pipe = kind()
    width = source.text_encoder.config.hidden_size
    unet = diffusers.UNet2DConditionModel.from_config({**pipe.unet.config, "cross_attention_dim": width})
    pipe.register_modules(unet=unet, text_encoder=source.text_encoder, tokenizer=source.tokenizer)
    pipe.save_pretrained(tmp_path)
    editor = load_editor(str(tmp_path))
    made = editor.edit(pixels, "a dog", steps=2, seed=0)
    assert made.shape == pixels.shape
    assert torch.equal(made, load_editor(str(tmp_path)).edit(pixels, "a dog", steps=2, seed=0))

from __future__ import annotations

import dataclasses
import importlib
from typing import Any

import pytest
import torch

from balanced_refiner import DiffusersInpainter, InpaintRequest, PainterSettings, TextStates

SIZE = 64
WIDTH, POOLED, TIME = 32, 16, 8
"""Widths of token states and pooled texts, and of the embedding of one number of SDXL's sizes."""

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
VAE = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (16,) * 4,
    "layers_per_block": 1,
    "latent_channels": 4,
    "norm_num_groups": 8,
    "sample_size": SIZE,
    "mid_block_add_attention": False,
}
SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "timestep_spacing": "trailing",
    "steps_offset": 1,
}


def condition(prompt, emphases):
    """Stand in for a text model: states drawn by the words, 7 rows and a pooled one."""
    weight = emphases[0].weight if emphases else 1.0
    rows = [
        torch.randn(8, WIDTH, generator=torch.Generator().manual_seed(sum(map(ord, text)))) for text in ("no", prompt)
    ]
    both = torch.stack(rows) * torch.tensor([1.0, weight])[:, None, None]
    return TextStates(hidden=both[:, :7], pooled=both[:, 7, :POOLED])


@pytest.fixture(scope="session")
def make_pipe():
    """Return a factory of stock pipelines of any class, with tiny random weights."""
    diffusers = pytest.importorskip("diffusers")

    def make(kind: str, *, channels: int = 4, scheduler: Any = None, unet: Any = (), **options: object) -> Any:
        torch.manual_seed(0)
        changes = dict(unet)
        extra = {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": TIME,
            "projection_class_embeddings_input_dim": 6 * TIME + POOLED,
        }
        config = UNET | (extra if "XL" in kind else {}) | changes
        model = diffusers.UNet2DConditionModel(in_channels=channels, **config)
        parts = {"vae": diffusers.AutoencoderKL(**VAE, force_upcast=False), "unet": model, "text_encoder": None}
        parts |= {"scheduler": scheduler or diffusers.EulerDiscreteScheduler(**SCHEDULE), "tokenizer": None}
        if "XL" in kind:
            parts |= {"text_encoder_2": None, "tokenizer_2": None, "add_watermarker": False}
        else:
            parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
        if "ControlNet" in kind:
            # from a 4-channel model, also beside a 9-channel one
            source = diffusers.UNet2DConditionModel(in_channels=4, **config)
            tile = diffusers.ControlNetModel.from_unet(source, conditioning_embedding_out_channels=(8, 8, 8, 8))
            for block in (*tile.controlnet_down_blocks, tile.controlnet_mid_block):
                torch.nn.init.normal_(block.weight, std=0.1)  # an untrained one is zero and says nothing
            parts["controlnet"] = tile
        pipe = getattr(diffusers, kind)(**parts, **options)
        for part in (pipe.vae, pipe.unet):
            part.eval().requires_grad_(False)
        pipe.set_progress_bar_config(disable=True)
        return pipe

    return make


@pytest.fixture(scope="session")
def text():
    """Return the stand-in for a text model."""
    return condition


@pytest.fixture(scope="session")
def paint_with(make_pipe):
    """Return a factory of inpainters around a pipeline, or around a new one of a class."""

    def make(
        pipe: Any, *, guidance_scale: float = 5.0, codec_sigma: float = 0.0, **options: object
    ) -> DiffusersInpainter:
        loaded = make_pipe(pipe, **options) if isinstance(pipe, str) else pipe
        settings = PainterSettings(working_size=SIZE, guidance_scale=guidance_scale, codec_sigma=codec_sigma)
        return DiffusersInpainter(loaded, condition, settings, name="tiny")

    return make


@pytest.fixture(scope="session")
def ask():
    """Return a factory of requests: a box of one strength in each of some random pictures."""

    def make(*prompts: str, strength: float = 0.5, **changes: Any) -> InpaintRequest:
        count = len(prompts or ("a dog",))
        strengths = torch.zeros(count, 1, SIZE, SIZE)
        strengths[:, :, 16:48, 8:56] = strength
        coarse = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(1))
        plain = InpaintRequest(
            images=torch.nn.functional.interpolate(coarse, size=(SIZE, SIZE), mode="bilinear"),
            strengths=strengths,
            prompts=list(prompts or ("a dog",)),
            emphases=[()] * count,
            seeds=list(range(count)),
            steps=5,
        )
        return dataclasses.replace(plain, **changes)

    return make


@pytest.fixture(scope="session")
def one_of():
    """Return a function that takes one row of a request as a request."""

    def pick(whole: InpaintRequest, i: int) -> InpaintRequest:
        names = ("images", "strengths", "prompts", "emphases", "seeds")
        return dataclasses.replace(whole, **{name: getattr(whole, name)[i : i + 1] for name in names})

    return pick


@pytest.fixture
def spy(monkeypatch):
    """Return a function that makes a module note the tensors it is called with: a list of (latents, levels)."""

    def watch(module: torch.nn.Module) -> list[tuple[torch.Tensor, torch.Tensor]]:
        seen, run = [], module.forward

        def forward(*args: Any, **options: Any) -> Any:
            seen.append((args[0].clone(), args[1].clone()))
            return run(*args, **options)

        monkeypatch.setattr(module, "forward", forward)
        return seen

    return watch


@pytest.fixture
def posterior_mode(monkeypatch):
    """Make the stock pipelines encode as we do: the mode, without a draw."""
    module = importlib.import_module("diffusers.models.autoencoders.vae")
    monkeypatch.setattr(module.DiagonalGaussianDistribution, "sample", lambda self, _=None: self.mode())

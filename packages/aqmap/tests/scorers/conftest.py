"""Tiny models with the layouts of the published ones, and checkpoints under their authors' names."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "cat", "dog", "on", "mat", "hat", ",", ".", "##s")


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch) -> None:
    """Give each test its own caches, and no net."""
    monkeypatch.setenv("GREFINE_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def picture() -> Callable[..., Tensor]:
    """Return a maker of pictures (3, H, W) of bytes in [0, 1]."""

    def make(height: int, width: int, *, seed: int = 3) -> Tensor:
        draw = torch.Generator().manual_seed(seed)
        return torch.randint(0, 256, (3, height, width), generator=draw) / 255

    return make


@pytest.fixture
def vocabulary(tmp_path) -> Path:
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def tiny_shape() -> Any:
    pytest.importorskip("transformers", reason="needs the extra `scorers`")
    from aqmap.scorers.image_reward import RewardShape

    return RewardShape(
        image_size=32,
        vision_width=24,
        vision_layers=2,
        vision_heads=3,
        text_width=16,
        text_layers=2,
        text_heads=2,
        vocabulary=len(WORDS) + 2,
        positions=40,
        head=(12, 8, 6, 4, 1),
    )


@pytest.fixture
def published_reward() -> Callable[[Any], dict[str, Tensor]]:
    """Return a maker of `ImageReward.pt` of any shape: random tensors under its authors' names."""

    def make(shape: Any) -> dict[str, Tensor]:
        draw = torch.Generator().manual_seed(7)
        return {name: 0.3 * torch.randn(*size, generator=draw) for name, size in _reward_sizes(shape).items()} | {
            "blip.text_encoder.embeddings.position_ids": torch.arange(shape.positions)[None]
        }

    return make


def _reward_sizes(shape: Any) -> dict[str, tuple[int, ...]]:
    seen, read = shape.vision_width, shape.text_width
    patches = (shape.image_size // shape.patch_size) ** 2
    sizes: dict[str, tuple[int, ...]] = {
        "blip.visual_encoder.cls_token": (1, 1, seen),
        "blip.visual_encoder.pos_embed": (1, 1 + patches, seen),
        "blip.visual_encoder.patch_embed.proj.weight": (seen, 3, shape.patch_size, shape.patch_size),
        "blip.visual_encoder.patch_embed.proj.bias": (seen,),
        "blip.text_encoder.embeddings.word_embeddings.weight": (shape.vocabulary, read),
        "blip.text_encoder.embeddings.position_embeddings.weight": (shape.positions, read),
    }
    sizes |= _norm("blip.visual_encoder.norm", seen) | _norm("blip.text_encoder.embeddings.LayerNorm", read)
    for block in (f"blip.visual_encoder.blocks.{number}" for number in range(shape.vision_layers)):
        sizes |= _norm(f"{block}.norm1", seen) | _norm(f"{block}.norm2", seen)
        sizes |= _layer(f"{block}.attn.qkv", seen, 3 * seen) | _layer(f"{block}.attn.proj", seen, seen)
        sizes |= _layer(f"{block}.mlp.fc1", seen, 4 * seen) | _layer(f"{block}.mlp.fc2", 4 * seen, seen)
    for block in (f"blip.text_encoder.encoder.layer.{number}" for number in range(shape.text_layers)):
        for attention, wide in (("attention", read), ("crossattention", seen)):
            for part, of in (("self.query", read), ("self.key", wide), ("self.value", wide), ("output.dense", read)):
                sizes |= _layer(f"{block}.{attention}.{part}", of, read)
            sizes |= _norm(f"{block}.{attention}.output.LayerNorm", read)
        sizes |= _layer(f"{block}.intermediate.dense", read, 4 * read) | _layer(f"{block}.output.dense", 4 * read, read)
        sizes |= _norm(f"{block}.output.LayerNorm", read)
    sizes |= _layer("blip.vision_proj", seen, 256) | _layer("blip.text_proj", read, 256)
    for place, (wide, out) in zip((0, 2, 4, 6, 7), pairwise((read, *shape.head)), strict=True):
        sizes |= _layer(f"mlp.layers.{place}", wide, out)
    return sizes


def _layer(name: str, wide: int, out: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (out, wide), f"{name}.bias": (out,)}


def _norm(name: str, wide: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (wide,), f"{name}.bias": (wide,)}


TINY_CLIP = {
    "embed_dim": 16,
    "quick_gelu": False,
    "vision_cfg": {"layers": 7, "width": 32, "head_width": 16, "patch_size": 8, "image_size": 32},
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 24, "heads": 2, "layers": 2},
}


@pytest.fixture
def tiny_clip(monkeypatch) -> Any:
    """Let every name of open_clip's weights stand for a tiny shape, and return a random model of it."""
    pytest.importorskip("open_clip", reason="needs the extra `scorers`")
    from grefine_core.clip import models

    def found(arch: str, tag: str) -> models.Pretrained:
        mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
        return models.Pretrained(arch=arch, tag=tag, hub="", config=TINY_CLIP, mean=mean, std=std)

    monkeypatch.setattr(models, "find_pretrained", found)
    torch.manual_seed(5)
    return models.build_model(TINY_CLIP).eval()

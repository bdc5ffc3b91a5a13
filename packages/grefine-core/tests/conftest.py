"""Small pictures as the tests need them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

PngMaker = Callable[..., bytes]


def png(array: np.ndarray, *, colour_type: int, before: bytes = b"", after: bytes = b"") -> bytes:
    """Return a PNG of 16 bits a band, (H, W, C), which Pillow cannot write; chunks around its data."""
    height, width = array.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(rows)) + after
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.fixture
def deep_png() -> PngMaker:
    return png


@pytest.fixture
def png_chunk() -> Callable[[bytes, bytes], bytes]:
    return chunk


@pytest.fixture
def photo() -> Image.Image:
    """Return an RGB image of 6 x 4 (width x height) where no two pixels are alike."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (4, 6, 3), np.uint8))


TINY_VIT = {"layers": 7, "width": 64, "head_width": 64, "patch_size": 8, "image_size": 32, "mlp_ratio": 2.0}
TINY_RESNET = {"layers": [1, 1, 1, 1], "width": 8, "head_width": 64, "image_size": 64}


@pytest.fixture
def tiny_clip() -> Callable[..., Any]:
    """Return a maker of random CLIP models: `tiny_clip()`, or with other parts of open_clip's `model_cfg`."""
    pytest.importorskip("open_clip", reason="needs the extra `clip`")
    from grefine_core.clip.models import build_model

    def make(*, text: dict[str, Any] | None = None, resnet: bool = False, **config: Any) -> Any:
        torch.manual_seed(5)
        text_cfg = {"context_length": 12, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 2} | (text or {})
        vision = {"vision_cfg": TINY_RESNET if resnet else TINY_VIT}
        return build_model({"embed_dim": 16, "quick_gelu": True, "text_cfg": text_cfg, **vision, **config}).eval()

    return make

"""Small pictures as the tests need them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
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

"""Colours of 16 bits a sample in PNG files, of which Pillow reads the upper 8 bits and writes none.

The lower 8 bits are read apart, so that unchanged pixels come back whole. Other formats with such
colours (TIFF) are read and written at 8 bits.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from grefine_core.errors import InputError
from grefine_core.picture_metadata import Metadata
from grefine_core.png_chunks import SIGNATURE, Chunk

Levels = NDArray[np.uint8]
_KINDS = {2: "RGB", 6: "RGBA"}
"""Colour types of PNG that are meant, and their modes."""
_BAND = 1 << 20
"""Samples that are packed at a time."""
_UP = 2
"""Filter of a row: its difference to the row above."""


def has_deep_colours(metadata: Metadata) -> bool:
    """Return whether a file holds colours of 16 bits whose lower half can be read."""
    if metadata.format != "PNG" or metadata.depth != 16:
        return False
    keyed = any(chunk.kind == b"tRNS" for chunk in metadata.chunks)
    return metadata.chunks[0].data[9] in _KINDS and not keyed


def read_lower_bytes(path: Path) -> Levels:
    """Return the lower 8 bits of the samples of a PNG file with deep colours: (H, W, 3 or 4), upright.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                # PNG has the higher byte first; read as if the lower came first, the lower one is taken for it
                image.tile = [tile._replace(args=f"{image.mode};16L") for tile in image.tile]
                ImageOps.exif_transpose(image, in_place=True)
                return np.array(image, np.uint8)
    except Exception as error:  # decoders raise what they like
        raise InputError(f"{path} is damaged or cannot be read: {str(error).rstrip('.')}.") from error


def save_deep_png(file: BinaryIO, higher: Levels, lower: Levels) -> None:
    """Write a plain PNG file of 16 bits a sample.

    Args:
        file: Takes it.
        higher: Upper 8 bits, shape (H, W, 3) or (H, W, 4).
        lower: Lower 8 bits, the same shape.
    """
    height, width, bands = higher.shape
    kind = {3: 2, 4: 6}[bands]
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    file.write(SIGNATURE + Chunk(kind=b"IHDR", data=header).packed())
    packer = zlib.compressobj()
    above = np.zeros((1, width * bands * 2), np.uint8)
    step = max(1, _BAND // (width * bands))
    for start in range(0, height, step):
        rows = np.stack([higher[start : start + step], lower[start : start + step]], -1)
        rows = rows.reshape(len(rows), -1)  # (h, W * bands * 2), higher byte first
        filtered = np.full((len(rows), 1 + rows.shape[1]), _UP, np.uint8)
        filtered[:, 1:] = rows - np.concatenate([above, rows[:-1]])  # modulo 256, as PNG has it
        above = rows[-1:]
        _write_data(file, packer.compress(filtered.tobytes()))
    _write_data(file, packer.flush())
    file.write(Chunk(kind=b"IEND", data=b"").packed())


def _write_data(file: BinaryIO, data: bytes) -> None:
    if data:
        file.write(Chunk(kind=b"IDAT", data=data).packed())

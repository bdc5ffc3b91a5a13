"""What a picture file says beside its pixels, read without decoding them."""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from grefine_core.errors import InputError
from grefine_core.exif_bytes import bare_exif, upright_exif, upright_xmp
from grefine_core.png_chunks import (
    EXIF_KEY,
    IPTC_KEY,
    NO_TEXTS,
    XMP_KEY,
    Chunk,
    block_chunk,
    block_of,
    kept_chunks,
    read_chunks,
    text_of,
)

_TIFF_XMP, _TIFF_ICC, _TIFF_BITS = 700, 34675, 258
_STRUCTURE = frozenset(
    {*range(254, 260), *range(262, 267), 273, 274, *range(277, 282), 284, *range(288, 294), 297, 301, 317, 318, 319}
    | {*range(320, 326), 330, *range(332, 342), 347, *range(512, 533)}
)
"""TIFF tags that say how samples are stored (274 is the orientation); a new file has its own."""
SUB_IFDS = frozenset({34665, 34853, 40965})
"""TIFF tags that stand for a directory of their own: EXIF, GPS, interoperability."""
PHOTOSHOP = b"Photoshop 3.0\0"
"""What the segment of a JPEG file begins with that holds IPTC."""
_MODE_BITS = {"1": 1, "F": 32, "I": 32}


@dataclass(frozen=True, kw_only=True, eq=False)
class Metadata:
    """What a file says; EXIF and XMP with the orientation set to upright, as results are."""

    format: str
    """As Pillow names it; `MPO`, a JPEG with further pictures behind the first, counts as `JPEG`."""
    mode: str
    """Pillow's mode of the decoded samples."""
    transparent: bool
    """Whether there is alpha, or a colour or palette entries that count as transparent."""
    size: tuple[int, int]
    """Height and width of the upright picture."""
    depth: int
    """Bits of a sample in the file; Pillow may decode fewer."""
    frames: int
    icc: bytes
    exif: bytes
    """Bare block, without JPEG's mark; empty in a TIFF file, whose tags are `tags`."""
    xmp: bytes
    comment: bytes
    iptc: bytes
    """Photoshop's block of a JPEG file, which holds IPTC; in PNG files spelled as `Raw profile type iptc`."""
    dpi: tuple[float, float] | None
    lossless: bool
    """False where the file's own compression has changed pixels, as far as is known."""
    text: tuple[tuple[str, str], ...] = ()
    """PNG texts in their order, a key as often as it comes; XMP and EXIF are not among them."""
    chunks: tuple[Chunk, ...] = ()
    """All chunks of a PNG file but its pixels, as they stand there."""
    packing: str = "raw"
    """Compression of a TIFF file, as Pillow names it."""
    tags: tuple[tuple[int, int, Any], ...] = ()
    """Number, type and value of the TIFF tags that do not say how samples are stored."""


def read_metadata(path: Path) -> Metadata:
    """Read what a picture file says beside its pixels.

    Raises:
        InputError: If there is no such file, or it is no picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata and big pictures
            with Image.open(path) as image:
                return _read(path, image)
    except UnidentifiedImageError as error:
        raise InputError(f"{path} is not a picture that can be read.") from error
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.") from error
    except Exception as error:  # decoders raise what they like
        raise InputError(f"{path} is damaged or cannot be read: {str(error).rstrip('.')}.") from error


def _read(path: Path, image: Image.Image) -> Metadata:
    format_ = "JPEG" if image.format == "MPO" else image.format or ""
    turned = image.getexif().get(0x0112, 1) in {5, 6, 7, 8}
    depth = _MODE_BITS.get(image.mode, 8)
    depth = 16 if image.mode.startswith("I;16") or (format_ == "PPM" and image.mode == "I") else depth
    chunks: tuple[Chunk, ...] = ()
    tags: tuple[tuple[int, int, Any], ...] = ()
    exif, xmp = image.info.get("exif", b""), image.info.get("xmp", b"")
    if format_ == "PNG":
        with path.open("rb") as file:
            chunks = tuple(read_chunks(file))
        depth = chunks[0].data[8]
        exif, xmp = _png_blocks(chunks)
    elif format_ == "TIFF":
        tags, exif = _tiff_tags(image), b""
        bits = image.tag_v2.get(_TIFF_BITS, depth)  # type: ignore[attr-defined]
        depth = max(bits) if isinstance(bits, tuple) else int(bits)
    elif not exif and len(image.getexif()):
        exif = image.getexif().tobytes()
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    comment = image.info.get("comment", b"")
    return Metadata(
        format=format_,
        mode=image.mode,
        transparent=image.has_transparency_data,
        size=(image.width, image.height) if turned else (image.height, image.width),
        depth=depth,
        frames=getattr(image, "n_frames", 1),
        icc=image.info.get("icc_profile") or b"",
        exif=upright_exif(bare_exif(exif)),
        xmp=upright_xmp(xmp),
        comment=comment.encode() if isinstance(comment, str) else comment,
        iptc=_iptc(image, chunks),
        dpi=_dpi(image),
        lossless=_lossless(path, format_),
        text=tuple(text for text in map(text_of, chunks) if text and text[0] not in NO_TEXTS),
        chunks=chunks,
        packing=str(image.info.get("compression", "raw")) if format_ == "TIFF" else "raw",
        tags=tags,
    )


def _png_blocks(chunks: tuple[Chunk, ...]) -> tuple[bytes, bytes]:
    """Return the EXIF and the XMP block of a PNG file."""
    exif, xmp = b"", b""
    for chunk in kept_chunks(chunks, same_kind=True):
        keyword, content = text_of(chunk) or ("", "")
        if chunk.kind == b"eXIf":
            exif = chunk.data
        elif keyword == EXIF_KEY and not exif:
            exif = block_of(content)
        elif keyword == XMP_KEY:
            xmp = content.encode()
    return exif, xmp


def _tiff_tags(image: Image.Image) -> tuple[tuple[int, int, Any], ...]:
    found: list[tuple[int, int, Any]] = []
    directory, exif = image.tag_v2, image.getexif()  # type: ignore[attr-defined]
    for tag in directory:
        if tag in SUB_IFDS:
            found.append((tag, 4, dict(exif.get_ifd(tag))))
        elif tag not in _STRUCTURE and tag not in {_TIFF_XMP, _TIFF_ICC}:
            found.append((tag, directory.tagtype[tag], directory[tag]))
    return tuple(found)


def _iptc(image: Image.Image, chunks: tuple[Chunk, ...]) -> bytes:
    for marker, data in getattr(image, "applist", []):  # of JPEG files
        if marker == "APP13" and data.startswith(PHOTOSHOP):
            return bytes(data[len(PHOTOSHOP) :])
    spelled = [text[1] for text in map(text_of, chunks) if text and text[0] == IPTC_KEY]
    return block_of(spelled[0]) if spelled else b""


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    dpi = image.info.get("dpi")
    return (float(dpi[0]), float(dpi[1])) if isinstance(dpi, tuple) and len(dpi) == 2 else None


def _lossless(path: Path, format_: str) -> bool:
    if format_ == "WEBP":
        with path.open("rb") as file:
            return b"VP8L" in file.read(1 << 16)
    return format_ not in {"JPEG", "AVIF", "HEIF", "JPEG2000"}


def new_chunks(metadata: Metadata, *, icc: bytes) -> tuple[Chunk, ...]:
    """Return PNG chunks that say what a file of another format says."""
    made: list[Chunk] = []
    if icc:
        made.append(Chunk(kind=b"iCCP", data=b"ICC profile\0\0" + zlib.compress(icc)))
    if metadata.dpi:
        per_metre = (min(max(round(value / 0.0254), 0), 2**31 - 1) for value in metadata.dpi)
        made.append(Chunk(kind=b"pHYs", data=struct.pack(">IIB", *per_metre, 1)))
    if metadata.exif:
        made.append(Chunk(kind=b"eXIf", data=metadata.exif))
    if metadata.xmp:
        made.append(Chunk(kind=b"iTXt", data=XMP_KEY.encode() + b"\0\0\0\0\0" + metadata.xmp))
    if metadata.iptc:
        made.append(block_chunk(IPTC_KEY, "iptc", metadata.iptc))
    if metadata.comment:
        text = b"Comment\0\0\0\0\0" + metadata.comment.decode("utf-8", "replace").encode()
        made.append(Chunk(kind=b"iTXt", data=text))
    return tuple(made)

"""Write a result like its source: format, mode, depth, profile and all that the file said beside.

A format is chosen by what it can hold: whatever stores the source's own samples exactly keeps its
format; JPEG and AVIF, which would change every pixel once more, become PNG unless they are asked for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from torch import Tensor

from grefine_core.deep_colours import has_deep_colours, read_lower_bytes, save_deep_png
from grefine_core.errors import InputError
from grefine_core.exif_bytes import add_receipt
from grefine_core.files import write_atomically
from grefine_core.images import Picture
from grefine_core.picture_metadata import PHOTOSHOP, SUB_IFDS, Metadata, new_chunks, read_metadata
from grefine_core.picture_samples import SampleMerger, kept_mode, read_samples
from grefine_core.png_chunks import kept_chunks, text_chunk, write_with_chunks

RECEIPT_KEY = "grefine"
"""Keyword of the PNG text chunk that holds the receipt."""
MODES: dict[str, frozenset[str]] = {
    "PNG": frozenset({"L", "LA", "RGB", "RGBA", "I;16"}),
    "TIFF": frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "I;16", "I", "F"}),
    "WEBP": frozenset({"RGB", "RGBA"}),
    "BMP": frozenset({"L", "RGB"}),
    "TGA": frozenset({"L", "LA", "RGB", "RGBA"}),
    "PPM": frozenset({"L", "RGB", "I", "F"}),
    "JPEG": frozenset({"L", "RGB", "CMYK"}),
}
"""What each format that can be written holds; all but JPEG exactly."""
_SUFFIXES = {
    "PNG": ".png",
    "TIFF": ".tif",
    "WEBP": ".webp",
    "BMP": ".bmp",
    "TGA": ".tga",
    "PPM": ".ppm",
    "JPEG": ".jpg",
}
_WIDER = {"L": "RGB", "LA": "RGBA", "CMYK": "RGB"}
_MAX_JPEG_XMP = 65504
"""Bytes that fit into one segment."""
_TIFF_PACKED = {"raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"}


@dataclass(frozen=True, kw_only=True)
class OutputPlan:
    """How a changed picture will be written."""

    format: str
    suffix: str
    exact: bool
    """Whether the source's own samples come back bit for bit."""
    notes: tuple[str, ...]
    """Sentences on what cannot be as in the input, and why."""


def plan_output(path: Path, *, keep: bool = False) -> OutputPlan:
    """Decide how a result is written like the picture file at `path`.

    Args:
        path: The source.
        keep: Write JPEG again as JPEG, although that changes pixels everywhere.

    Raises:
        InputError: If the file is no picture.
    """
    metadata = read_metadata(path)
    mode = kept_mode(metadata.mode, transparent=metadata.transparent)
    jpeg = keep and metadata.format == "JPEG"
    same = jpeg or (metadata.format != "JPEG" and mode in MODES.get(metadata.format, ()))
    format_ = metadata.format if same else "TIFF" if mode in {"I", "F"} else "PNG"
    suffix = path.suffix if _named(path) == format_ else _SUFFIXES[format_]
    return OutputPlan(format=format_, suffix=suffix, exact=not jpeg, notes=tuple(_notes(metadata, mode, format_)))


def _notes(metadata: Metadata, mode: str, format_: str) -> list[str]:
    notes = []
    if format_ == "JPEG":
        notes.append("Written as JPEG again, as asked: every pixel may differ a little from the input.")
    elif format_ != metadata.format:
        why = "cannot hold its samples" if metadata.lossless else "would change all pixels once more"
        notes.append(f"Written as {format_}: {metadata.format} {why}.")
    if mode == "CMYK" and mode not in MODES[format_]:
        notes.append("CMYK became RGB in sRGB, as PNG knows no CMYK; its profile was dropped.")
    if metadata.mode in {"P", "PA", "1"}:
        notes.append("The palette became plain samples, so that new colours have a place.")
    if mode in {"L", "LA", "I;16", "I", "F"}:
        notes.append("The picture is gray and stays gray.")
    if metadata.depth > 8 and mode not in {"I;16", "I", "F"} and not has_deep_colours(metadata):
        notes.append(f"Colours of {metadata.depth} bits were read as 8 bits, which is what Pillow gives.")
    if metadata.frames > 1:
        notes.append(f"Only the first of {metadata.frames} frames was read and written.")
    return notes


def write_like(path: Path, pixels: Tensor, like: Picture, *, receipt: str = "") -> Path:
    """Write a result in the format that the suffix of `path` names, all else as in the file of `like`.

    Raises:
        InputError: If the source file was changed since it was read, the format cannot hold the
            result, or the file cannot be written.
    """
    source = like.path
    assert source is not None  # `write_image` asks for it
    if like.stamp is not None and like.stamp != file_stamp(source):
        raise InputError(f"{source} was changed since it was read; the result cannot be written like it.")
    metadata = read_metadata(source)
    format_ = _format_of(path)
    kept = kept_mode(metadata.mode, transparent=metadata.transparent)
    mode = kept if kept in MODES[format_] else _WIDER.get(kept, "")
    if mode not in MODES[format_]:
        raise InputError(f"{path.name} cannot be written: {format_} holds no pictures of the mode {kept}.")
    merger = SampleMerger(like, read_samples(source, mode))
    samples = merger.merge(pixels)
    if format_ == "PNG" and has_deep_colours(metadata):
        samples.info["lower"] = _lower_bytes(source, samples, merger.changed)
    save = _SAVERS.get(format_) or _plain_saver(format_)
    return write_atomically(path, lambda file: save(file, samples, metadata, receipt))


def _lower_bytes(source: Path, samples: Image.Image, changed: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the lower 8 bits for samples of 16, (H, W, bands): a changed one is its upper 8 bits times 257."""
    lower = read_lower_bytes(source)
    lower[changed, :3] = np.asarray(samples)[changed, :3]
    return lower


def file_stamp(path: Path) -> tuple[int, int]:
    """Return size and time of change of a file: other ones after it was written to.

    Raises:
        InputError: If it is gone.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    return found.st_size, found.st_mtime_ns


def _format_of(path: Path) -> str:
    """Return the format that a suffix names, PNG where it names none that can be written."""
    named = _named(path)
    return named if named in MODES else "PNG"


def _named(path: Path) -> str:
    named = Image.registered_extensions().get(path.suffix.lower(), "")
    return "JPEG" if named == "MPO" else named


def _save_png(file: BinaryIO, image: Image.Image, metadata: Metadata, receipt: str) -> None:
    profile = image.info.get("icc_profile", b"")
    if metadata.format == "PNG":
        same_kind = image.mode == metadata.mode
        chunks = kept_chunks(metadata.chunks, same_kind=same_kind)
    else:
        chunks = new_chunks(metadata, icc=profile)
    front = [chunk for chunk in chunks if not chunk.behind]
    front += [text_chunk(RECEIPT_KEY, receipt)] if receipt else []
    transparency, lower = image.info.get("transparency"), image.info.get("lower")
    image.info = {} if transparency is None else {"transparency": transparency}
    with tempfile.TemporaryFile() as plain:
        if lower is None:
            image.save(plain, "PNG")
        else:
            save_deep_png(plain, np.asarray(image), lower)
        write_with_chunks(plain, [*front, *(chunk for chunk in chunks if chunk.behind)], file)


def _save_tiff(file: BinaryIO, image: Image.Image, metadata: Metadata, receipt: str) -> None:
    directory = ImageFileDirectory_v2()
    for tag, kind, value in metadata.tags:
        directory[tag] = value
        if tag not in SUB_IFDS:
            directory.tagtype[tag] = kind
    xmp = add_receipt(metadata.xmp, receipt) if receipt else metadata.xmp
    if xmp:
        directory[700], directory.tagtype[700] = xmp, 1
    if metadata.format != "TIFF" and metadata.exif:
        exif = Image.Exif()
        exif.load(metadata.exif)
        for tag in exif:
            directory[tag] = dict(exif.get_ifd(tag)) if tag in SUB_IFDS else exif[tag]
    options: dict[str, Any] = {"icc_profile": image.info.get("icc_profile")} if "icc_profile" in image.info else {}
    if metadata.dpi and metadata.format != "TIFF":
        options["dpi"] = metadata.dpi
    image.info = {}
    packing = metadata.packing if metadata.packing in _TIFF_PACKED else "tiff_adobe_deflate"
    packing = "raw" if SUB_IFDS & set(directory) else packing  # libtiff, which packs, writes no directory of EXIF
    image.save(file, "TIFF", tiffinfo=directory, compression=packing, **options)


def _save_webp(file: BinaryIO, image: Image.Image, metadata: Metadata, receipt: str) -> None:
    options = _blocks(image, metadata, add_receipt(metadata.xmp, receipt) if receipt else metadata.xmp)
    image.save(file, "WEBP", lossless=True, exact=True, **options)  # exact: also the colours below alpha 0


def _save_jpeg(file: BinaryIO, image: Image.Image, metadata: Metadata, receipt: str) -> None:
    xmp = add_receipt(metadata.xmp, receipt) if receipt else metadata.xmp
    options = _blocks(image, metadata, xmp if len(xmp) <= _MAX_JPEG_XMP else metadata.xmp)
    options |= {"dpi": metadata.dpi} if metadata.dpi else {}
    options |= {"comment": metadata.comment} if metadata.comment else {}
    if metadata.iptc:
        segment = PHOTOSHOP + metadata.iptc
        options["extra"] = b"\xff\xed" + (len(segment) + 2).to_bytes(2, "big") + segment
    image.save(file, "JPEG", quality=95, subsampling=0, **options)


def _plain_saver(format_: str) -> Save:
    """Return how to save a format that has no place for profiles, texts or a receipt."""

    def save(file: BinaryIO, image: Image.Image, metadata: Metadata, receipt: str) -> None:  # noqa: ARG001
        image.info = {}
        options: dict[str, Any] = {"dpi": metadata.dpi} if metadata.dpi and format_ == "BMP" else {}
        image.save(file, format_, **options)

    return save


def _blocks(image: Image.Image, metadata: Metadata, xmp: bytes) -> dict[str, Any]:
    """Return the options of Pillow for profile, EXIF and XMP."""
    blocks = {"icc_profile": image.info.get("icc_profile"), "xmp": xmp}
    blocks["exif"] = b"Exif\0\0" + metadata.exif if metadata.exif else b""
    image.info = {}
    return {name: block for name, block in blocks.items() if block}


Save = Callable[[BinaryIO, Image.Image, Metadata, str], None]
_SAVERS: dict[str, Save] = {"PNG": _save_png, "TIFF": _save_tiff, "WEBP": _save_webp, "JPEG": _save_jpeg}

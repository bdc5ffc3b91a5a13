"""Texts that programs leave in picture files: PNG text chunks and EXIF, read without decoding the picture.

Nothing is read beyond `MAX_TEXT` bytes of a text, and no text that is not asked for.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from grefine_core.errors import InputError

MAX_TEXT = 4_000_000
"""Bytes, unpacked. The graph of a large ComfyUI workflow has some hundred thousand."""
MAX_CHUNKS = 100_000
"""Chunks of a PNG that are looked at: 800 MB of picture, if they are as small as libpng makes them."""

_BEFORE_TEXT = 1000
"""Bytes of a chunk that its keyword and the like take, at most."""
_PNG = b"\x89PNG\r\n\x1a\n"
_EXIF_BLOCK, _USER_COMMENT = 0x8769, 0x9286
EXIF_TAGS = {0x010F: "Make", 0x0110: "Model"}
"""Text tags of the first EXIF block that are read; ComfyUI keeps its graphs there in WebP files."""


def read_texts(path: Path, keys: Collection[str]) -> dict[str, str]:
    """Return the texts of a picture file that have one of these keys, the first of each.

    A PNG text chunk goes by its keyword; those behind the pixels are found too. EXIF of a PNG, JPEG,
    WebP or other file gives `UserComment`, `Make` and `Model`.

    Raises:
        InputError: If there is no such file, it is no picture, or a text is longer than `MAX_TEXT`.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(_PNG)) == _PNG:
                return _png_texts(file, path, keys)
        exif = _exif_of_picture(path)
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise InputError(f"{path} {reason}.") from error
    return _exif_texts(exif, path, keys)


def _png_texts(file: BinaryIO, path: Path, keys: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind, data in _png_chunks(file):
        if kind == b"eXIf":
            found = _exif_texts(data, path, keys) | found
            continue
        keyword, _, content = data.partition(b"\0")
        key = keyword.decode("latin-1")
        if key in keys and key not in found:
            text = _chunk_text(kind, content, path)
            if text is not None:
                found[key] = text
    return found


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of each chunk of text or EXIF; the others are skipped unread."""
    for _ in range(MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return
        if kind not in {b"tEXt", b"zTXt", b"iTXt", b"eXIf"}:
            file.seek(length + 4, 1)  # its content and checksum
            continue
        data = file.read(min(length, MAX_TEXT + _BEFORE_TEXT))
        if len(data) < min(length, MAX_TEXT + _BEFORE_TEXT):
            return  # the file ends here; whoever decodes it will say so
        file.seek(length - len(data) + 4, 1)
        yield kind, data


def _chunk_text(kind: bytes, content: bytes, path: Path) -> str | None:
    """Return the text of a chunk behind its keyword; None if it is damaged."""
    encoding, packed = "latin-1", kind == b"zTXt"
    if packed:
        content = content[1:]  # the only method there is
    elif kind == b"iTXt":
        encoding, packed = "utf-8", content[:1] == b"\1"
        parts = content[2:].split(b"\0", 2)  # language, keyword in that language, text
        if len(parts) < 3:
            return None
        content = parts[2]
    if packed:
        try:
            content = zlib.decompressobj().decompress(content, MAX_TEXT + 1)
        except zlib.error:
            return None
    if len(content) > MAX_TEXT:
        raise InputError(f"{path} holds a text of more than {MAX_TEXT} bytes, which is no prompt.")
    return content.decode(encoding, "replace")


def _exif_of_picture(path: Path) -> bytes:
    """Return the EXIF block of a file that is no PNG, read from its headers."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata and big pictures
            with Image.open(path) as image:
                exif = image.info.get("exif") or image.getexif().tobytes()
    except OSError as error:
        if error.strerror:
            raise
        raise InputError(f"{path} is not a picture that can be read.") from error
    except Exception as error:  # decoders raise what they like
        raise InputError(f"{path} is damaged or truncated: {str(error).rstrip('.')}.") from error
    return exif if isinstance(exif, bytes) else b""


def _exif_texts(data: bytes, path: Path, keys: Collection[str]) -> dict[str, str]:
    """Return the texts of an EXIF block that have one of these keys; none if it is damaged."""
    from PIL import Image

    if len(data) > MAX_TEXT:
        raise InputError(f"{path} holds a text of more than {MAX_TEXT} bytes, which is no prompt.")
    exif = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exif.load(data)
            values = {name: exif.get(tag) for tag, name in EXIF_TAGS.items()}
            values["UserComment"] = exif.get_ifd(_EXIF_BLOCK).get(_USER_COMMENT)
    except Exception:  # noqa: BLE001 - a damaged block says nothing, and the pixels may still be good
        return {}
    found: dict[str, str] = {}
    for key, value in values.items():
        if key not in keys or not value:
            continue
        if isinstance(value, bytes):
            found[key] = decode_comment(value, little_endian=exif.endian == "<")
        elif isinstance(value, str):
            found[key] = value
    return found


def decode_comment(value: bytes, *, little_endian: bool) -> str:
    """Return the text of an EXIF comment, which begins with eight letters that name its encoding.

    Programs disagree on the byte order behind `UNICODE`: of the file, always big, or by a mark. The
    order that leaves more zeros in the high bytes is right, as every prompt has commas and spaces.

    Args:
        value: The whole comment.
        little_endian: Byte order of the block, for texts that tell nothing.
    """
    name, content = value[:8], value[8:]
    if name == b"UNICODE\0":
        if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return content.decode("utf-16", "replace")
        first, second = content[0::2].count(0), content[1::2].count(0)
        little = first < second if first != second else little_endian
        return content.decode("utf-16-le" if little else "utf-16-be", "replace")
    if name in {b"ASCII\0\0\0", bytes(8)}:
        return content.decode("utf-8", "replace").strip("\0 ")
    return value.decode("utf-8", "replace").strip("\0 ")

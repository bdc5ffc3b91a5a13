"""Chunks of PNG files: what a file says beside its pixels, copied byte for byte into another one."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from grefine_core.exif_bytes import upright_exif, upright_xmp

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEY, EXIF_KEY, IPTC_KEY = "XML:com.adobe.xmp", "Raw profile type exif", "Raw profile type iptc"
NO_TEXTS = frozenset({XMP_KEY, EXIF_KEY, IPTC_KEY})
"""Keywords of text chunks that hold no text."""
TEXT_KINDS = frozenset({b"tEXt", b"zTXt", b"iTXt"})

_PIXELS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"hIST", b"acTL", b"fcTL", b"fdAT"})
"""Chunks that belong to the samples, or to further frames."""
_OF_MODE = frozenset({b"sBIT", b"bKGD"})
"""Chunks whose form depends on the kind of samples."""
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One chunk of a PNG file."""

    kind: bytes
    data: bytes
    behind: bool = False
    """Whether it stands behind the pixels."""

    def packed(self) -> bytes:
        """Return it as a file holds it, with length and checksum."""
        return struct.pack(">I", len(self.data)) + self.kind + self.data + struct.pack(">I", self._crc())

    def _crc(self) -> int:
        return zlib.crc32(self.data, zlib.crc32(self.kind))


def read_chunks(file: BinaryIO) -> Iterator[Chunk]:
    """Yield the chunks of an open PNG file but the pixels; a damaged end ends them quietly."""
    behind = False
    file.seek(len(SIGNATURE))
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind in {b"IDAT", b"fdAT"}:
            behind = True
            file.seek(length + 4, 1)
            continue
        data = file.read(length)
        if len(data) < length or kind == b"IEND":
            return
        file.seek(4, 1)  # the checksum: whoever decodes the pixels has compared it
        yield Chunk(kind=kind, data=data, behind=behind)


def kept_chunks(chunks: Iterable[Chunk], *, same_kind: bool) -> tuple[Chunk, ...]:
    """Return the chunks that a changed picture takes over, with any orientation set to upright.

    Args:
        chunks: Of the source.
        same_kind: Whether the samples stay of the same kind (gray, colour, palette; alpha; depth).
    """
    skipped = _PIXELS if same_kind else _PIXELS | _OF_MODE
    return tuple(_upright(chunk) for chunk in chunks if chunk.kind not in skipped)


def text_of(chunk: Chunk) -> tuple[str, str] | None:
    """Return keyword and text of a text chunk; None for other chunks and damaged ones."""
    if chunk.kind not in TEXT_KINDS:
        return None
    keyword, _, content = chunk.data.partition(b"\0")
    encoding, packed = "latin-1", chunk.kind == b"zTXt"
    if packed:
        content = content[1:]  # the only method there is
    elif chunk.kind == b"iTXt":
        encoding, packed = "utf-8", content[:1] == b"\1"
        parts = content[2:].split(b"\0", 2)  # language, keyword in that language, text
        if len(parts) < 3:
            return None
        content = parts[2]
    try:
        content = zlib.decompress(content) if packed else content
    except zlib.error:
        return None
    return keyword.decode("latin-1"), content.decode(encoding, "replace")


def text_chunk(keyword: str, text: str) -> Chunk:
    """Return a text chunk: tEXt where Latin-1 will do, as more readers know it, else iTXt."""
    try:
        return Chunk(kind=b"tEXt", data=keyword.encode("latin-1") + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return Chunk(kind=b"iTXt", data=keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode())


def block_of(text: str) -> bytes:
    """Return the block that a text `Raw profile type ...` spells in hexadecimal."""
    digits = "".join(text.split("\n")[3:])
    return bytes.fromhex(digits) if re.fullmatch(r"([0-9a-fA-F]{2}|\s)*", digits) else b""


def block_chunk(keyword: str, name: str, block: bytes) -> Chunk:
    """Return a text chunk that spells a block in hexadecimal, as ImageMagick began to."""
    spelled = f"\n{name}\n{len(block):8}\n{block.hex()}\n"
    return Chunk(kind=b"zTXt", data=keyword.encode("latin-1") + b"\0\0" + zlib.compress(spelled.encode("latin-1")))


def write_with_chunks(pixels: BinaryIO, chunks: Iterable[Chunk], out: BinaryIO) -> None:
    """Copy a plain PNG file, with other chunks in their places.

    Args:
        pixels: An open PNG file that Pillow wrote; of its chunks, those of the samples are taken.
        chunks: What to say beside them, in order.
        out: Takes the result.
    """
    chunks = tuple(chunks)
    pixels.seek(len(SIGNATURE))
    out.write(SIGNATURE)
    while True:
        head = pixels.read(8)
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            out.writelines(chunk.packed() for chunk in chunks if chunk.behind)
        if kind in _PIXELS:
            out.write(head)
            _copy(pixels, out, length + 4)
        else:
            pixels.seek(length + 4, 1)
        if kind == b"IHDR":
            out.writelines(chunk.packed() for chunk in chunks if not chunk.behind)
        elif kind == b"IEND":
            return


def _copy(source: BinaryIO, out: BinaryIO, length: int) -> None:
    while length:
        block = source.read(min(length, _BLOCK))
        out.write(block)
        length -= len(block)


def _upright(chunk: Chunk) -> Chunk:
    if chunk.kind == b"eXIf":
        return replace(chunk, data=upright_exif(chunk.data))
    text = text_of(chunk)
    if text is None or text[0] not in {XMP_KEY, EXIF_KEY}:
        return chunk
    keyword, content = text
    if keyword == XMP_KEY:
        upright = upright_xmp(content.encode()).decode()
        if upright == content:
            return chunk
        return replace(chunk, kind=b"iTXt", data=keyword.encode() + b"\0\0\0\0\0" + upright.encode())
    exif = block_of(content)
    if upright_exif(exif) == exif:
        return chunk
    return replace(block_chunk(EXIF_KEY, "exif", upright_exif(exif)), behind=chunk.behind)

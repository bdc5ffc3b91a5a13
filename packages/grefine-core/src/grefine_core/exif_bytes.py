"""Changes in EXIF and XMP blocks that leave every other byte as it was.

Reading a block and writing it anew would lose what a library does not know: maker notes with their
own offsets, thumbnails, order.
"""

from __future__ import annotations

import re
import struct
from xml.sax.saxutils import escape

_PREFIX = b"Exif\0\0"
_ORIENTATION, _SHORT = 0x0112, 3
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>))[0-9]")
_NAMESPACE = "urn:grefine:receipt"
_OPEN = f'<rdf:Description rdf:about="" xmlns:grefine="{_NAMESPACE}"><grefine:receipt>'.encode()
_CLOSE = b"</grefine:receipt></rdf:Description>"
_END = b"</rdf:RDF>"
_HEAD = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
)
_TAIL = _END + b'</x:xmpmeta><?xpacket end="w"?>'


def bare_exif(block: bytes) -> bytes:
    """Return an EXIF block without the mark that JPEG files put before it."""
    return block.removeprefix(_PREFIX)


def upright_exif(block: bytes) -> bytes:
    """Return an EXIF block whose orientation, where it has one, says upright; a broken one as it is."""
    start = len(_PREFIX) if block.startswith(_PREFIX) else 0
    order = {b"II": "<", b"MM": ">"}.get(block[start : start + 2])
    if order is None:
        return block
    try:
        (first,) = struct.unpack_from(order + "I", block, start + 4)
        (count,) = struct.unpack_from(order + "H", block, start + first)
        for place in range(start + first + 2, start + first + 2 + 12 * count, 12):
            tag, kind, _ = struct.unpack_from(order + "HHI", block, place)
            if (tag, kind) == (_ORIENTATION, _SHORT):
                struct.unpack_from(order + "H", block, place + 8)  # raises where the block ends too early
                return block[: place + 8] + struct.pack(order + "H", 1) + block[place + 10 :]
    except struct.error:
        return block
    return block


def upright_xmp(block: bytes) -> bytes:
    """Return an XMP block whose orientation, where it has one, says upright."""
    return _XMP_ORIENTATION.sub(rb"\g<1>1", block)


def add_receipt(xmp: bytes, receipt: str) -> bytes:
    """Return an XMP block with a receipt appended; one that has no place for it comes back as it is."""
    added = _OPEN + escape(receipt).encode() + _CLOSE
    if not xmp:
        return _HEAD + added + _TAIL
    before, end, after = xmp.rpartition(_END)
    return before + added + end + after if end else xmp


def without_receipt(xmp: bytes) -> bytes:
    """Return an XMP block as it was before the last receipt was appended; `add_receipt` undone."""
    before, start, rest = xmp.rpartition(_OPEN)
    _, end, after = rest.partition(_CLOSE)
    if not (start and end):
        return xmp
    bare = before + after
    return b"" if bare == _HEAD + _TAIL else bare

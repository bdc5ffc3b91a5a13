from __future__ import annotations

import struct

import pytest
from PIL import Image

from grefine_core.exif_bytes import add_receipt, bare_exif, upright_exif, upright_xmp, without_receipt

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"><rdf:Description/></rdf:RDF></x:xmpmeta>'


def block(order: str, orientation: int) -> bytes:
    """Return an EXIF block of three tags, with bytes behind it that no reader knows."""
    entries = struct.pack(order + "HHII", 0x010E, 2, 3, int.from_bytes(b"cat\0", "big" if order == ">" else "little"))
    entries += struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    entries += struct.pack(order + "HHII", 0x9999, 4, 1, 7)
    head = (b"MM" if order == ">" else b"II") + struct.pack(order + "HI", 42, 8)
    return head + struct.pack(order + "H", 3) + entries + bytes(4) + b"maker note"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_orientation_alone_is_changed(order: str, prefix: bytes) -> None:
    turned = prefix + block(order, 6)
    upright = upright_exif(turned)
    assert upright == prefix + block(order, 1)
    exif = Image.Exif()
    exif.load(upright)
    assert exif[0x0112] == 1


@pytest.mark.parametrize(
    "broken", [b"", b"Exif\0\0", b"MM\0*", b"MM\0*\xff\xff\xff\xff", block("<", 6)[:20], b"no exif"]
)
def test_broken_block_stays_as_it_is(broken: bytes) -> None:
    assert upright_exif(broken) == broken


def test_block_cut_within_the_orientation_stays_as_it_is() -> None:
    cut = block(">", 6)[: 8 + 2 + 12 + 9]
    assert upright_exif(cut) == cut


def test_mark_of_jpeg_is_taken_off_once() -> None:
    assert bare_exif(b"Exif\0\0Exif\0\0") == b"Exif\0\0"
    assert bare_exif(b"MM") == b"MM"


@pytest.mark.parametrize(
    ("turned", "upright"),
    [
        (b'<a tiff:Orientation="8"/>', b'<a tiff:Orientation="1"/>'),
        (b"<tiff:Orientation>3</tiff:Orientation>", b"<tiff:Orientation>1</tiff:Orientation>"),
        (b"<a/>", b"<a/>"),
    ],
)
def test_orientation_of_xmp_is_changed_in_both_spellings(turned: bytes, upright: bytes) -> None:
    assert upright_xmp(turned) == upright


@pytest.mark.parametrize("xmp", [b"", XMP, add_receipt(XMP, "first")])
def test_receipt_can_be_taken_off_again(xmp: bytes) -> None:
    signed = add_receipt(xmp, '{"prompt": "<a> & b"}')
    assert b"&lt;a&gt; &amp; b" in signed
    assert without_receipt(signed) == xmp
    assert signed != xmp


def test_xmp_without_a_place_for_it_gets_no_receipt() -> None:
    assert add_receipt(b"strange", "{}") == b"strange"
    assert without_receipt(XMP) == XMP

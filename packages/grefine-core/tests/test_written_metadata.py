"""What a file says beside its pixels is in the changed picture too, byte for byte where that can be."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

from grefine_core import InputError, Picture, read_image, write_image
from grefine_core.exif_bytes import without_receipt
from grefine_core.picture_metadata import Metadata, read_metadata
from grefine_core.picture_writer import plan_output
from grefine_core.png_chunks import SIGNATURE, Chunk, read_chunks, text_of

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"/><rdf:RDF></rdf:RDF></x:xmpmeta>'


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(orientation: int = 1) -> bytes:
    made = Image.Exif()
    made[0x010E], made[0x0112] = "a cat", orientation
    made.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0told by the user"
    return made.tobytes()


def picture(size: tuple[int, int] = (40, 52)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(9).integers(0, 256, (*size, 3), np.uint8))


def rewritten(path: Path, suffix: str, **options: Any) -> tuple[Metadata, Metadata, Path]:
    """Change some pixels of a file; return what both say, and the path of the result."""
    source = read_image(path)
    pixels = source.pixels.clone()
    pixels[..., 3:9, 4:12] = 0.5
    result = write_image(path.with_name(f"result{suffix}"), pixels, like=source, **options)
    return read_metadata(path), read_metadata(result), result


def with_chunks(path: Path, front: list[Chunk], back: list[Chunk]) -> None:
    """Put chunks into a PNG file, in front of its pixels and behind them."""
    content = path.read_bytes()
    start, end = content.index(b"IDAT") - 4, content.rindex(b"IEND") - 4
    added = [b"".join(chunk.packed() for chunk in chunks) for chunks in (front, back)]
    path.write_bytes(content[:start] + added[0] + content[start:end] + added[1] + content[end:])


def test_png_chunks_come_back_byte_for_byte_in_their_places(tmp_path: Path) -> None:
    front = [
        Chunk(kind=b"iCCP", data=b"mine\0\0" + zlib.compress(srgb())),
        Chunk(kind=b"gAMA", data=struct.pack(">I", 45455)),
        Chunk(kind=b"pHYs", data=struct.pack(">IIB", 3, 4, 0)),  # an aspect, which is no dpi
        Chunk(kind=b"tEXt", data=b"parameters\0a cat"),
        Chunk(kind=b"tEXt", data=b"parameters\0twice"),
        Chunk(kind=b"zTXt", data=b"workflow\0\0" + zlib.compress(b"{}")),
        Chunk(kind=b"iTXt", data=b"prompt\0\0\0de\0Text\0caf\xc3\xa9"),
        Chunk(kind=b"eXIf", data=exif()),
        Chunk(kind=b"vpAg", data=b"private"),
        Chunk(kind=b"caBX", data=b"provenance"),
    ]
    back = [Chunk(kind=b"tEXt", data=b"late\0text", behind=True), Chunk(kind=b"tIME", data=bytes(7), behind=True)]
    picture().save(tmp_path / "a.png")
    with_chunks(tmp_path / "a.png", front, back)
    _, _, result = rewritten(tmp_path / "a.png", ".png", receipt='{"seed": 1}')
    with result.open("rb") as file:
        written = list(read_chunks(file))[1:]  # behind the header
    assert written == [*front, Chunk(kind=b"tEXt", data=b'grefine\0{"seed": 1}'), *back]
    with Image.open(result) as image:
        image.load()  # every checksum is right
        assert image.text["late"] == "text"


def test_second_receipt_leaves_the_first_in_its_place(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    _, _, first = rewritten(tmp_path / "a.png", ".png", receipt="1")
    first.rename(tmp_path / "first.png")
    _, again, _ = rewritten(tmp_path / "first.png", ".png", receipt="2")
    assert again.text == (("grefine", "1"), ("grefine", "2"))


def test_palette_s_own_chunks_are_not_taken_over_into_colours(tmp_path: Path) -> None:
    picture().quantize(9).save(tmp_path / "a.png")
    with_chunks(tmp_path / "a.png", [Chunk(kind=b"bKGD", data=b"\1"), Chunk(kind=b"tEXt", data=b"a\0b")], [])
    _, new, _ = rewritten(tmp_path / "a.png", ".png")
    assert [chunk.kind for chunk in new.chunks] == [b"IHDR", b"tEXt"]


@pytest.mark.parametrize("kind", ["eXIf", "raw profile", "XMP"])
def test_orientation_of_png_is_applied_and_then_says_upright(kind: str, tmp_path: Path) -> None:
    spelled = f"\nexif\n{len(exif(6)):8}\n{exif(6).hex()}\n".encode()
    chunk = {
        "eXIf": Chunk(kind=b"eXIf", data=exif(6)),
        "raw profile": Chunk(kind=b"zTXt", data=b"Raw profile type exif\0\0" + zlib.compress(spelled)),
        "XMP": Chunk(kind=b"iTXt", data=b"XML:com.adobe.xmp\0\0\0\0\0" + b'<a tiff:Orientation="6"/>'),
    }[kind]
    picture().save(tmp_path / "a.png")
    with_chunks(tmp_path / "a.png", [chunk], [])
    old, new, result = rewritten(tmp_path / "a.png", ".png")
    assert old.size == new.size == read_image(result).size == (52, 40)
    assert (new.exif, new.xmp) == (old.exif, old.xmp)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.jpg", ".png"), ("a.jpg", ".jpg"), ("a.webp", ".webp"), ("a.jpg", ".webp"), ("a.png", ".jpg")],
)
def test_exif_xmp_profile_and_resolution_pass_between_formats(name: str, suffix: str, tmp_path: Path) -> None:
    options = {"exif": exif(), "xmp": XMP, "icc_profile": srgb(), "quality": 90, "comment": b"caf\xc3\xa9"}
    if name == "a.png":
        options = {"exif": exif(), "icc_profile": srgb()}
    picture().save(tmp_path / name, dpi=(300, 300), **options)
    old, new, _ = rewritten(tmp_path / name, suffix, receipt="{}")
    assert (new.exif, new.icc) == (old.exif, old.icc)
    assert old.exif
    assert new.xmp == old.xmp if suffix == ".png" else without_receipt(new.xmp) == old.xmp
    if old.dpi and suffix != ".webp":
        assert new.dpi == pytest.approx(old.dpi, abs=0.02)
    if suffix == ".png":
        assert new.text == (("Comment", "café"), ("grefine", "{}"))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_iptc_of_jpeg_passes_into_png_and_jpeg(suffix: str, tmp_path: Path) -> None:
    block = b"8BIM\x04\x04\0\0\0\0\0\x0a\x1c\x02\x78\0\x05a cat"
    segment = b"Photoshop 3.0\0" + block
    segment = b"\xff\xed" + (len(segment) + 2).to_bytes(2, "big") + segment
    picture().save(tmp_path / "a.jpg", extra=segment, icc_profile=srgb())
    old, new, _ = rewritten(tmp_path / "a.jpg", suffix)
    assert new.iptc == old.iptc == block
    assert (new.text, new.icc) == ((), old.icc)


@pytest.mark.parametrize("packing", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiff_tags_and_packing_are_kept(packing: str, tmp_path: Path) -> None:
    tags = ImageFileDirectory_v2()
    tags[270], tags[305], tags[315], tags[65000], tags[700] = "a cat", "soft", "me", "private", XMP
    tags.tagtype[700] = 1
    if packing == "raw":  # packed, Pillow writes no directories of EXIF and GPS
        tags[34665] = {36867: "2020:01:01 00:00:00", 37510: b"ASCII\0\0\0told"}
        tags[34853] = {1: "N", 2: (IFDRational(1, 1), IFDRational(2, 1), IFDRational(3, 2))}
    picture().save(tmp_path / "a.tif", tiffinfo=tags, compression=packing, dpi=(300, 300), icc_profile=srgb())
    old, new, _ = rewritten(tmp_path / "a.tif", ".tif", receipt="{}")
    assert new.tags == old.tags
    assert {270, 305, 315, 65000} <= {tag for tag, _, _ in new.tags}
    assert (new.icc, new.dpi, new.packing) == (old.icc, old.dpi, packing)
    assert without_receipt(new.xmp) == old.xmp == XMP


def test_plan_says_what_cannot_be_as_in_the_input(tmp_path: Path) -> None:
    cases = {
        "a.jpg": (picture(), "Written as PNG: JPEG would change all pixels once more."),
        "b.jpg": (picture().convert("CMYK"), "CMYK became RGB in sRGB, as PNG knows no CMYK; its profile was dropped."),
        "c.png": (picture().quantize(9), "The palette became plain samples, so that new colours have a place."),
        "d.png": (picture().convert("L"), "The picture is gray and stays gray."),
        "e.gif": (picture().quantize(9), "Written as PNG: GIF cannot hold its samples."),
    }
    for name, (image, note) in cases.items():
        image.save(tmp_path / name)
        assert note in plan_output(tmp_path / name).notes
    picture().save(tmp_path / "f.png")
    assert plan_output(tmp_path / "f.png").notes == ()
    kept = plan_output(tmp_path / "a.jpg", keep=True)
    assert (kept.format, kept.suffix, kept.exact) == ("JPEG", ".jpg", False)


def test_misnamed_file_gets_the_suffix_of_its_format(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png", "WEBP")
    assert plan_output(tmp_path / "a.png").suffix == ".webp"


def test_first_frame_alone_is_written_and_the_plan_says_so(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.webp", save_all=True, append_images=[picture().rotate(90)])
    assert "Only the first of 2 frames was read and written." in plan_output(tmp_path / "a.webp").notes


def test_source_that_was_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    source = read_image(tmp_path / "a.png")
    os.utime(tmp_path / "a.png", ns=(0, 1))
    with pytest.raises(InputError, match=r"a\.png was changed since it was read"):
        write_image(tmp_path / "b.png", source.pixels, like=source)


@pytest.mark.parametrize(("mode", "suffix"), [("RGBA", ".jpg"), ("RGBA", ".bmp"), ("I;16", ".webp")])
def test_format_that_cannot_hold_the_samples_is_refused(mode: str, suffix: str, tmp_path: Path) -> None:
    image = Image.new(mode, (9, 7))
    image.save(tmp_path / "a.png")
    source: Picture = read_image(tmp_path / "a.png")
    with pytest.raises(InputError, match=f"holds no pictures of the mode {mode}"):
        write_image(tmp_path / f"b{suffix}", source.pixels, like=source)


def test_damaged_text_chunks_are_no_texts() -> None:
    assert text_of(Chunk(kind=b"zTXt", data=b"a\0\0not packed")) is None
    assert text_of(Chunk(kind=b"iTXt", data=b"a\0\0\0")) is None
    assert text_of(Chunk(kind=b"gAMA", data=b"")) is None


def test_png_that_ends_too_early_gives_the_chunks_before(tmp_path: Path) -> None:
    chunks = Chunk(kind=b"tEXt", data=b"a\0b").packed() + Chunk(kind=b"tEXt", data=b"c\0d").packed()
    (tmp_path / "a.png").write_bytes(SIGNATURE + chunks[:-6])
    with (tmp_path / "a.png").open("rb") as file:
        assert [text_of(chunk) for chunk in read_chunks(file)] == [("a", "b")]


@pytest.mark.parametrize("content", [b"", b"text", SIGNATURE])
def test_metadata_of_no_picture_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.png is not a picture|a\.png is damaged"):
        read_metadata(tmp_path / "a.png")

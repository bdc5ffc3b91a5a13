"""Fetch more clean photographs to train on: those of the budgie-backgrounds package of Debian 13, CC0.

    python -m tools.mini.fetch_photographs FOLDER
    GREFINE_PHOTOGRAPHS=FOLDER python -m tools.mini.train ...

Thirteen photographs of 3,840 pixels, of which a crop may be a whole or a detail; the data folder's
own have 768. The package (12 MB) is checked against its sha256. Nothing else downloads anything.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import tarfile
import urllib.request
from functools import partial
from pathlib import Path

from PIL import Image

from grefine_core import InputError, write_atomically
from tools.mini.photographs import FETCHED

URL = "https://deb.debian.org/debian/pool/main/b/budgie-backgrounds/budgie-backgrounds_3.0-1_all.deb"
SHA256 = "b91c2d5209558bc11d8d3a161f22a608857e3f8c735980cfab0d6650b03014ca"
LONGER = 2048
"""Side in pixels that is kept of a photograph: enlarged or sharpened pixels are averaged away."""


def unpack(package: bytes) -> dict[str, Image.Image]:
    """Return the photographs of a Debian package by name.

    Raises:
        InputError: If it is not that package.
    """
    digest = hashlib.sha256(package).hexdigest()
    if digest != SHA256:
        raise InputError(f"budgie-backgrounds must have the sha256 {SHA256}, got {digest}")
    found = {}
    with tarfile.open(fileobj=io.BytesIO(member(package, "data.tar.xz"))) as files:
        for entry in files:
            name = Path(entry.name).stem
            if name in FETCHED and (content := files.extractfile(entry)):
                image = Image.open(io.BytesIO(content.read())).convert("RGB")
                image.thumbnail((LONGER, LONGER), Image.Resampling.LANCZOS)
                found[name] = image
    return found


def member(archive: bytes, name: str) -> bytes:
    """Return a member of an `ar` archive: a header of 60 bytes each, the name first, the length from byte 48.

    Raises:
        InputError: If it is not there.
    """
    place = len(b"!<arch>\n")
    while place < len(archive):
        header = archive[place : place + 60]
        length, start = int(header[48:58]), place + 60
        if header[:16].decode().strip().rstrip("/") == name:
            return archive[start : start + length]
        place = start + length + length % 2
    raise InputError(f"the package must hold {name}, got none")


def main(arguments: list[str] | None = None) -> int:
    """Fetch, check, shrink, write; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args(arguments).folder
    try:
        with urllib.request.urlopen(URL, timeout=60) as answer:
            photographs = unpack(answer.read())
    except (InputError, OSError) as error:
        print(f"fetch_photographs: {error}", file=sys.stderr)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in photographs.items():
        write_atomically(folder / f"{name}.png", partial(image.save, format="PNG"))
    print(f"{len(photographs)} photographs in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Maps of many pictures on disk: small arrays, and pictures of them where wanted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grefine_core import InputError, mirrored, overlay, read_image, write_atomically

if TYPE_CHECKING:
    from pqmap.results import Perception


@dataclass(frozen=True, kw_only=True)
class MapFolder:
    """A folder that mirrors the pictures: `a/b.png` has its maps in `a/b.png.npz`."""

    folder: Path
    sources: tuple[Path, ...]
    """What the pictures were found by; see `grefine_core.mirrored`."""
    overlays: bool = False
    """Whether each map is also laid over its picture, in `a/b.png.map.png`."""

    def check(self) -> None:
        """Refuse a folder that cannot be, before anything costly.

        Raises:
            InputError: If it is a file, or if the overlays would lie among the pictures, where the
                next run would score them.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"The folder {self.folder} of --maps is a file.")
        for source in self.sources:
            if self.overlays and source.is_dir() and self.folder.resolve().is_relative_to(source.resolve()):
                raise InputError(f"--overlays in {self.folder} would lie among the pictures of {source}; name another.")

    def has(self, picture: Path) -> bool:
        """Say whether all that `write` writes is there."""
        arrays, drawing = self._files(picture)
        return arrays.is_file() and (drawing.is_file() or not self.overlays)

    def write(self, picture: Path, result: Perception) -> None:
        """Write the maps of one picture, each file whole or not at all.

        Raises:
            InputError: If they cannot be written, or the picture is gone that an overlay needs.
        """
        arrays, drawing = self._files(picture)
        try:
            arrays.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"The folder {arrays.parent} cannot be made: {error.strerror}.") from error
        if self.overlays:
            write_overlay(drawing, picture, result)
        contents = _arrays(result)
        write_atomically(arrays, lambda file: np.savez_compressed(file, **contents))

    def _files(self, picture: Path) -> tuple[Path, Path]:
        base = self.folder / mirrored(picture, self.sources)
        return base.with_name(f"{base.name}.npz"), base.with_name(f"{base.name}.map.png")


def write_overlay(file: Path, picture: Path, result: Perception) -> None:
    """Write the map over the gray picture as PNG; red is bad, green is good.

    Raises:
        InputError: If the picture cannot be read again, or the file cannot be written.
    """
    image = overlay(read_image(picture).pixels[0], result.map)
    write_atomically(file, lambda out: image.save(out, "PNG"))


def _arrays(result: Perception) -> dict[str, Any]:
    """Return the maps at the encoder's grid, float16: half a thousandth is less than any map means."""
    arrays = {
        "quality": result.grid.numpy().astype(np.float16),  # (gh, gw)
        "raw": result.raw_grid.numpy().astype(np.float16),  # (4, gh, gw)
        "size": np.array(result.size, np.int64),
    }
    if result.dimension_grids is not None:
        arrays["dimensions"] = result.dimension_grids.numpy().astype(np.float16)  # (K, gh, gw)
        arrays["dimension_names"] = np.array(list(result.dimensions))
    return arrays

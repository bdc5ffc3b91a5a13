"""Weights files: found, checked by sha256, loaded without running code from them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from grefine_core.errors import WeightsError


@dataclass(frozen=True)
class WeightsFile:
    """A file that must be there, byte for byte."""

    path: Path
    sha256: str
    """Lower-case hexadecimal digest of the whole file."""
    download: Callable[[], object] | None = field(default=None, compare=False, repr=False)
    """Brings the file to its path, or raises WeightsError; None for what a package ships."""

    def verify(self) -> Path:
        """Return the path of the intact file, downloaded first where that is how it comes.

        Raises:
            WeightsError: If the file is absent, or its digest differs (both digests are named).
        """
        if self.download and not self.path.is_file():
            self.download()
        if not self.path.is_file():
            raise WeightsError(f"Weights file {self.path} is missing; reinstall the package that brings it.")
        stat = self.path.stat()
        found = _digest(self.path, stat.st_mtime_ns, stat.st_size)
        if found != self.sha256:
            cure = "; delete it to have it downloaded again" if self.download else ""
            raise WeightsError(f"Weights file {self.path} has sha256 {found}, expected {self.sha256}{cure}.")
        return self.path


def unpinned(path: Path) -> WeightsFile:
    """Return a user's own file as it is now; its digest identifies it and holds no promise.

    Raises:
        WeightsError: If the file is absent.
    """
    if not path.is_file():
        raise WeightsError(f"Weights file {path} is missing.")
    stat = path.stat()
    return WeightsFile(path, _digest(path, stat.st_mtime_ns, stat.st_size))


@cache  # hashing 90 MB takes a tenth of a second; several presets share files within one process
def _digest(path: Path, _modified: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_tensors(file: WeightsFile) -> dict[str, Any]:
    """Return the tensors of a checked file on the CPU: safetensors, PyTorch state dict or TorchScript.

    Raises:
        WeightsError: If the file is absent, altered or unreadable.
    """
    path = file.verify()
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        from grefine_core.clip.torchscript import is_torchscript, read_torchscript

        if is_torchscript(path):
            return dict(read_torchscript(path))
        import torch

        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:  # its own text advises to run the code in the file
        raise WeightsError(
            f"Weights file {path} is damaged or holds more than tensors, so it is not loaded."
        ) from error
    except Exception as error:
        raise WeightsError(f"Weights file {path} cannot be read: {error}.") from error
    return state

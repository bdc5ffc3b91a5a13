"""Weights files: found, checked by sha256, loaded without running code from them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
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

    def verify(self) -> Path:
        """Return the path of the intact file.

        Raises:
            WeightsError: If the file is absent, or its digest differs (both digests are named).
        """
        if not self.path.is_file():
            raise WeightsError(f"Weights file {self.path} is missing; reinstall the package that brings it.")
        stat = self.path.stat()
        found = _digest(self.path, stat.st_mtime_ns, stat.st_size)
        if found != self.sha256:
            raise WeightsError(f"Weights file {self.path} has sha256 {found}, expected {self.sha256}.")
        return self.path


@cache  # hashing 90 MB takes a tenth of a second; several presets share files within one process
def _digest(path: Path, _modified: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_tensors(file: WeightsFile) -> dict[str, Any]:
    """Return the tensors of a checked safetensors or PyTorch state-dict file, on the CPU.

    Raises:
        WeightsError: If the file is absent, altered or unreadable.
    """
    path = file.verify()
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        import torch

        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:  # its own text advises to run the code in the file
        raise WeightsError(
            f"Weights file {path} is damaged or holds more than tensors, so it is not loaded."
        ) from error
    except Exception as error:
        raise WeightsError(f"Weights file {path} cannot be read: {error}.") from error
    return state

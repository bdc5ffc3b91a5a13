"""Read the tensors of a TorchScript archive without TorchScript, and without running anything it holds.

OpenAI published CLIP as such archives. `torch.jit.load` would compile the code inside, and `torch.load`
refuses them; but the tensors lie in a plain zip file beside a pickle that says which is which. That
pickle is read here by an unpickler that knows tensors and nothing else.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

_STORAGES = {
    "BFloat16Storage": torch.bfloat16,
    "BoolStorage": torch.bool,
    "ByteStorage": torch.uint8,
    "CharStorage": torch.int8,
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
    "ShortStorage": torch.int16,
}


def is_torchscript(path: Path) -> bool:
    """Tell a TorchScript archive from all other files; `torch.save` writes no `constants.pkl`."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.count("/") == 1 and name.endswith("/constants.pkl") for name in archive.namelist())


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Return all tensors of the archived module by their dotted names, on the CPU.

    Raises:
        pickle.UnpicklingError: If the archive asks for anything but tensors and plain containers.
        KeyError: If a part of the archive is missing.
    """
    with zipfile.ZipFile(path) as archive:
        folder = next(n for n in archive.namelist() if n.count("/") == 1 and n.endswith("/data.pkl")).split("/")[0]
        module = _TensorUnpickler(archive, folder).load()
    return dict(_tensors(module, ""))


class _Module:
    """Stands for every class of the archive: its attributes are kept, none of its code."""


class _TensorUnpickler(pickle.Unpickler):
    """Knows how tensors, their storages, and the modules that hold them are written; refuses the rest."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(BytesIO(archive.read(f"{folder}/data.pkl")))
        self._archive, self._folder = archive, folder
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name of the pickle stands for."""
        if module.startswith("__torch__"):
            return _Module
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        known: dict[tuple[str, str], Callable[..., Any]] = {
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
            ("collections", "OrderedDict"): OrderedDict,
        }
        if module == "torch.jit._pickle" and name.startswith("build_"):
            return _first  # lists of numbers, given as they are
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is no tensor")
        return known[module, name]

    def persistent_load(self, pid: Any) -> Tensor:
        """Return a storage as a flat tensor, read once."""
        kind, dtype, key, _, count = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError(f"{kind} is no storage")
        if key not in self._storages:
            content = self._archive.read(f"{self._folder}/data/{key}")
            self._storages[key] = torch.frombuffer(bytearray(content), dtype=dtype, count=count)
        return self._storages[key]


def _rebuild(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Tensor:
    return storage.as_strided(size, stride, offset)  # out of bounds raises


def _first(values: Any, *_: Any) -> Any:
    return values


def _tensors(module: Any, prefix: str) -> Iterator[tuple[str, Tensor]]:
    """Walk the attributes of the modules."""
    for name, value in vars(module).items():
        if isinstance(value, Tensor):
            yield prefix + name, value
        elif isinstance(value, _Module):
            yield from _tensors(value, f"{prefix}{name}.")

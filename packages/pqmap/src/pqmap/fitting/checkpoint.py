"""The state of a fit between two epochs, and its file."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from grefine_core import InputError, WeightsError, write_atomically
from pqmap.fitting.settings import FitSettings
from pqmap.pairs import TextPairs

_FREE = ("epochs", "patience", "checkpoint", "on_epoch")
"""Settings that may change between an interruption and its continuation: they decide only the end, or nothing."""


@dataclass(frozen=True, kw_only=True)
class EpochResult:
    """One point of the curve."""

    epoch: int
    """0 is the start, before any step."""
    loss: float | None
    """Mean squared error over the training rows; None at the start."""
    srcc: float
    """On the validation rows, mean over the names."""
    by_name: Mapping[str, float] = field(default_factory=dict)
    """The SRCC of each name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FitState:
    """All that the next epoch depends on; tensors on the CPU."""

    embeddings: Tensor
    """Shape (K, 2, L, W), float32."""
    log_scale: Tensor
    """Natural logarithm of the temperature, 0-d."""
    optimiser: dict[str, Any]
    best_embeddings: Tensor
    best_log_scale: Tensor
    best_epoch: int
    curve: tuple[EpochResult, ...]
    """One entry an epoch, the start included."""

    @property
    def waited(self) -> int:
        """Epochs since the best one."""
        return len(self.curve) - 1 - self.best_epoch


def fingerprint(start: TextPairs, settings: FitSettings, data: Sequence[Tensor]) -> str:
    """Return a digest of all that a fit depends on, so that no checkpoint continues another fit."""
    fixed = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings) if f.name not in _FREE}
    digest = hashlib.sha256(repr((start.encoder, start.names, start.temperature, fixed)).encode())
    for tensor in (start.embeddings, start.eot, *data):
        digest.update(repr((tensor.dtype, tuple(tensor.shape))).encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def write_checkpoint(path: Path | None, state: FitState, *, key: str) -> None:
    """Write a state, whole or not at all; nothing where `path` is None."""
    if path is None:
        return
    content = {f.name: getattr(state, f.name) for f in dataclasses.fields(state)}
    content["curve"] = [dataclasses.asdict(point) for point in state.curve]
    write_atomically(path, lambda file: torch.save({"key": key, "state": content}, file))


def read_checkpoint(path: Path | None, *, key: str) -> FitState | None:
    """Read the state of this very fit; None where there is no file.

    Raises:
        InputError: If the file belongs to a fit of other data, start or settings.
        WeightsError: If it cannot be read.
    """
    if path is None or not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        found, state = content["key"], content["state"]
        curve = tuple(EpochResult(**point) for point in state.pop("curve"))
        restored = FitState(curve=curve, **state)
    except Exception as error:  # torch names no common type for what a broken file can raise
        raise WeightsError(f"Checkpoint {path} cannot be read; delete it to fit from the start.") from error
    if found != key:
        raise InputError(f"Checkpoint {path} belongs to a fit of other data, start or settings; delete it to fit anew.")
    return restored

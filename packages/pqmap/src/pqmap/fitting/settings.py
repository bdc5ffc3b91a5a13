"""How a fit learns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grefine_core import InputError

if TYPE_CHECKING:
    from pqmap.fitting.checkpoint import EpochResult


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How `fit_pairs` learns; the epochs are the paper's."""

    epochs: int = 50
    learning_rate: float = 1e-3
    batch_size: int = 1024
    seed: int = 0
    train_temperature: bool = True
    """Learn s_p too; otherwise it stays as in the start."""
    weight_decay: float = 0.0
    """Decoupled, on the token embeddings only."""
    patience: int = 10
    """Stop after this many epochs without a better validation SRCC."""
    validation_share: float = 0.1
    """Share of rows held out where no validation rows are given."""
    checkpoint: Path | None = None
    """Written after each epoch; where it exists already, the fit goes on from it."""
    on_epoch: Callable[[EpochResult], object] | None = None
    """Called with each point of the curve, those of a checkpoint included."""

    def __post_init__(self) -> None:
        """Refuse settings that cannot fit anything.

        Raises:
            InputError: If a number is outside its range.
        """
        for name in ("epochs", "batch_size", "patience"):
            if getattr(self, name) < 1:
                raise InputError(f"`{name}` must be at least 1, got {getattr(self, name)}.")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(f"`learning_rate` must be above 0, got {self.learning_rate}.")
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise InputError(f"`weight_decay` must be 0 or more, got {self.weight_decay}.")
        if not 0 < self.validation_share < 1:
            raise InputError(f"`validation_share` must lie between 0 and 1, got {self.validation_share}.")

"""A training run that can stop at any moment and go on from its checkpoint."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn

CHECKPOINT_SECONDS = 120
WARM_STEPS = 100
PRINT_STEPS = 100


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How long and how to train."""

    minutes: float
    """Of wall time, in this run; the learning rate falls to nothing at its end."""
    rate: float
    batch: int
    size: int
    """Side of the training pictures in pixels."""
    pool: int
    """Pictures or tasks that are drawn and encoded at the start of a run."""
    device: torch.device
    workers: int = 0
    """Processes that draw tasks; 0: none beside this one."""
    precision: str = "fp32"
    """`bf16` for autocast, faster on the GPUs and CPUs that have it."""


class Run:
    """One model: weights, their moving average, optimiser, step."""

    model: Any  # nn.Module knows no `encode`, and diffusers' types are not read
    ema: Any

    def __init__(self, model: nn.Module, average: nn.Module, file: Path, settings: RunSettings) -> None:
        self.model, self.ema, self.file, self.settings = model.to(settings.device), average, file, settings
        self.ema.to(settings.device)
        if settings.device.type == "cuda":
            self.model.to(memory_format=torch.channels_last)  # what tensor cores read
        self.step, self.extra, self.seconds = 0, dict[str, float](), 0.0
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=settings.rate, weight_decay=0.01, betas=(0.9, 0.99))
        self._losses: list[float] = []
        if file.is_file():
            state = torch.load(file, weights_only=True, map_location=settings.device)
            model.load_state_dict(state["model"])
            average.load_state_dict(state["ema"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.seconds, self.extra = state["step"], state["seconds"], state["extra"]
        else:
            average.load_state_dict(model.state_dict())
        average.requires_grad_(False)
        self._began = self._saved = time.time()

    def autocast(self) -> torch.autocast:
        """Return the context of the forward pass."""
        on = self.settings.precision == "bf16"
        return torch.autocast(self.settings.device.type, torch.bfloat16, enabled=on)

    def steps(self) -> Iterator[Generator]:
        """Yield one generator a step until the time is over; the same step draws the same data."""
        self._began = self._saved = time.time()
        while (passed := (time.time() - self._began) / (60 * self.settings.minutes)) < 1:
            warm = min(1.0, (self.step + 1) / WARM_STEPS)
            for group in self.optimizer.param_groups:
                group["lr"] = self.settings.rate * warm * min(1.0, 0.02 + 2 * (1 - passed))  # falls in the second half
            yield np.random.default_rng((7, self.step))

    def update(self, loss: Tensor) -> None:
        """Step the optimiser and the average; print and save from time to time."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        keep = min(0.999, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for slow, fast in zip(self.ema.parameters(), self.model.parameters(), strict=True):
                slow.lerp_(fast, 1 - keep)
        self.step += 1
        self._losses.append(loss.item())
        if self.step % PRINT_STEPS == 0:
            mean = np.mean(self._losses[-PRINT_STEPS:])
            print(f"step {self.step} loss {mean:.4f} {time.time() - self._began:.0f} s", flush=True)
        if time.time() - self._saved > CHECKPOINT_SECONDS:
            self.save()

    def save(self) -> None:
        """Write the checkpoint to a temporary name and rename it."""
        self.seconds += time.time() - self._saved
        self._saved = time.time()
        state = {"model": self.model.state_dict(), "ema": self.ema.state_dict(), "step": self.step}
        state |= {"optimizer": self.optimizer.state_dict(), "seconds": self.seconds, "extra": self.extra}
        torch.save(state, self.file.with_suffix(".tmp"))
        self.file.with_suffix(".tmp").replace(self.file)


def load_average(model: nn.Module, file: Path) -> dict[str, Any]:
    """Load the moving average of a run into `model`; return the run's state."""
    state: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
    model.load_state_dict(state["ema"])
    model.eval().requires_grad_(False)
    return state

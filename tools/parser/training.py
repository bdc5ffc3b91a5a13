"""One schedule for a whole run: warm-up, a constant learning rate, a fall to 0; averaged weights beside.

Every step draws from generators seeded by its number, so a run that was stopped goes on from its
checkpoint as if it had not been.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Protocol

import torch
from torch import Tensor

CHECKPOINT_SECONDS = 150
LOG_STEPS = 100
AVERAGE_DECAY = 0.998
LENGTH_NOISE = 4.0
"""Sentences of a batch differ by about so many words: less is faster, but then batches are of one kind."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast one model learns."""

    steps: int
    fall: int
    """Steps at the end over which the rate falls."""
    rate: float = 0.003
    warm_up: int = 200
    words: int = 1000
    """Of a batch."""
    score_steps: int = 1000
    """The development file is scored so often, to be looked at; nothing is chosen by it before the end."""

    def quick(self) -> Schedule:
        """Return the same in a few minutes."""
        return replace(self, steps=200, fall=100, warm_up=20, score_steps=100)

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step: a linear rise, a plateau, a linear fall to 0."""
        return self.rate * min(1.0, (step + 1) / self.warm_up, (self.steps - step) / self.fall)


class Task(Protocol):
    """A model and its data, as the loop needs them."""

    trainer: Any
    """Of stanza; it updates `trainer.model`."""

    @property
    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The optimizers whose rate is scheduled."""

    def lengths(self, epoch: int) -> Sequence[int]:
        """Return the words of each sentence of an epoch's data."""

    def batch(self, epoch: int, places: list[int]) -> Any:
        """Return sentences as a batch that the trainer takes."""

    def score(self) -> float:
        """Return the accuracy on the development file, in percent."""


def batches(lengths: Sequence[int], words: int, rng: Random) -> list[list[int]]:
    """Part sentences of like length into batches of at most so many words, in random order."""
    order = sorted(range(len(lengths)), key=lambda place: lengths[place] + LENGTH_NOISE * rng.random())
    out: list[list[int]] = [[]]
    size = 0
    for place in order:
        if out[-1] and size + lengths[place] > words:
            out.append([])
            size = 0
        out[-1].append(place)
        size += lengths[place]
    rng.shuffle(out)
    return out


class Run:
    """Train one model; continue from its checkpoint if there is one."""

    def __init__(self, task: Task, schedule: Schedule, folder: Path, seed: int) -> None:
        self._task, self._schedule, self._folder, self._seed = task, schedule, folder, seed
        self._step = 0
        self._average = {name: value.clone() for name, value in self._weights().items()}
        folder.mkdir(parents=True, exist_ok=True)
        self._checkpoint = folder / "checkpoint.pt"
        if self._checkpoint.is_file():
            self._restore()

    def _weights(self) -> dict[str, Tensor]:
        named: dict[str, Tensor] = {
            name: parameter.data
            for name, parameter in self._task.trainer.model.named_parameters()
            if parameter.requires_grad
        }
        return named

    def train(self) -> None:
        """Go through all steps and write `last.pt` and `average.pt`, stock checkpoints both."""
        saved = started = time.monotonic()
        epoch, left, losses = 0, self._epoch(0), [0.0]
        for _ in range(self._step):  # where the checkpoint was
            if not left:
                epoch += 1
                left = self._epoch(epoch)
            left.pop()
        first = self._step
        while self._step < self._schedule.steps:
            if not left:
                epoch += 1
                left = self._epoch(epoch)
            losses.append(self._update(epoch, left.pop()))
            if self._step % LOG_STEPS == 0:
                pace = (time.monotonic() - started) / (self._step - first)
                mean = sum(losses[-LOG_STEPS:]) / LOG_STEPS
                print(f"step {self._step} of {self._schedule.steps}: loss {mean:.4f}, {pace:.3f} s a step", flush=True)
            if self._step % self._schedule.score_steps == 0:
                print(f"step {self._step}: dev {self._task.score():.2f}, averaged {self._averaged():.2f}", flush=True)
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self._save()
                saved = time.monotonic()
        self._save()
        self._finish()

    def _epoch(self, epoch: int) -> list[list[int]]:
        rng = Random(f"{self._seed}-{epoch}")
        return batches(self._task.lengths(epoch), self._schedule.words, rng)

    def _update(self, epoch: int, places: list[int]) -> float:
        torch.manual_seed(self._seed * 1_000_003 + self._step)
        random.seed(f"{self._seed}-{self._step}")  # stanza's data sets draw from the module's generator
        for optimizer in self._task.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = self._schedule.rate_at(self._step)
        loss = self._task.trainer.update(self._task.batch(epoch, places))
        self._step += 1
        decay = min(AVERAGE_DECAY, self._step / (self._step + 10))
        for name, value in self._weights().items():
            self._average[name].lerp_(value, 1 - decay)
        return float(loss[0] if isinstance(loss, tuple) else loss)

    def _averaged(self) -> float:
        """Score the averaged weights and put the others back."""
        kept = {name: value.clone() for name, value in self._weights().items()}
        self._load(self._average)
        score = self._task.score()
        self._load(kept)
        return score

    def _load(self, weights: dict[str, Tensor]) -> None:
        for name, value in self._weights().items():
            value.copy_(weights[name])

    def _save(self) -> None:
        content = {
            "step": self._step,
            "weights": self._weights(),
            "average": self._average,
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self._task.optimizers.items()},
        }
        unfinished = self._checkpoint.with_suffix(".tmp")
        torch.save(content, unfinished)
        unfinished.replace(self._checkpoint)

    def _restore(self) -> None:
        content = torch.load(self._checkpoint, weights_only=True)
        self._step, self._average = content["step"], content["average"]
        self._load(content["weights"])
        for name, optimizer in self._task.optimizers.items():
            optimizer.load_state_dict(content["optimizers"][name])
        print(f"continues after step {self._step}", flush=True)

    def _finish(self) -> None:
        scores = {"last": self._task.score()}
        self._task.trainer.save(str(self._folder / "last.pt"))
        self._load(self._average)
        scores["average"] = self._task.score()
        self._task.trainer.save(str(self._folder / "average.pt"))
        best = max(scores, key=lambda name: scores[name])
        (self._folder / "best.txt").write_text(best + "\n", encoding="utf-8")
        print(f"finished: dev {scores}, so {best}.pt is taken", flush=True)

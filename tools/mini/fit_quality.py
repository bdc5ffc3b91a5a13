"""Train the quality head: from statistics of cells to scores of cells and of whole pictures.

It learns four scores in the field of 32 numbers, each as a direction; the pairs of texts T_p are fitted to them
afterwards. What stays is the space of 32 dimensions in which the text pairs T_p are fitted (eq. (2)).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from grefine_mini.quality_head import QUALITY, QualityHead

BATCH, RATE, WEIGHT_DECAY, DROPOUT = 12, 2e-3, 0.05, 0.1
CLEAN_WEIGHT = 4.0
"""Weight of what is clean in the loss: a repaired good place costs the user more than a fault overlooked."""
WORST_CELLS, WORST_WEIGHT = 16, 0.4
"""Of a clean picture's 784 cells the worst count again: one false alarm anywhere is one too many."""
NATURALNESS_COST = 0.6
"""Of a fault of naturalness in the overall score, against 1 of others: flames are saturated and clipped by nature, and
how strong colours may be is a matter of taste."""
WORST_SHARE = 0.75
"""Of the worst tenth of the cells in the whole picture's score, against the mean of all: people judge a picture by
its worst place, and parts that are swapped in a third of it are as bad as noise all over."""
SHARPNESS = 8.0
"""Logit of a unit feature along its row: sigmoid(8) is as good as 1."""


class Labels(NamedTuple):
    """Targets in [0, 1], 1 is good; factors overall, technical, rationality, naturalness."""

    cells: Tensor
    """Shape (n, 28, 28, 4)."""
    whole: Tensor
    """Shape (n, 4)."""


def labels(data: dict[str, Any]) -> Labels:
    """Turn severity times coverage of each cell into scores.

    Even slight damage is visible, so severity s in (0, 1] costs 0.3 + 0.7 s of the score in its
    place. The whole picture loses by its worst places: the mean of cells and of the worst tenth.
    """
    covered = data["loss"].float().clamp(0, 1)
    cost = (0.3 * (covered / (covered + 0.1)) + 0.7 * covered).clamp(0, 1)
    cells = torch.ones(*cost.shape, 4, device=cost.device)
    cells[..., 0] -= cost * torch.where(data["factor"] == 3, NATURALNESS_COST, 1.0)[:, None, None]
    for factor in (1, 2, 3):
        mine = (data["factor"] == factor)[:, None, None]
        cells[..., factor] -= cost * mine
    return Labels(cells, whole_of(cells))


def whole_of(cells: Tensor) -> Tensor:
    """Return the scores (n, 4) of wholes from those of cells (n, gh, gw, 4)."""
    flat = cells.flatten(1, 2)
    worst = flat.topk(flat.shape[1] // 10, dim=1, largest=False).values.mean(1)
    return (1 - WORST_SHARE) * flat.mean(1) + WORST_SHARE * worst


def _cut(x: Tensor, target: Labels, draw: torch.Generator) -> tuple[Tensor, Labels]:
    """Return a part of every picture, mirrored or not: (nearly) what a picture of that part would give."""
    if torch.rand((), generator=draw) < 0.5:
        x, target = x.flip(2), Labels(target.cells.flip(2), target.whole)
    if torch.rand((), generator=draw) < 0.5:
        side = int(torch.randint(14, x.shape[1], (), generator=draw))
        top, left = torch.randint(0, x.shape[1] - side + 1, (2,), generator=draw).tolist()
        part = (slice(None), slice(top, top + side), slice(left, left + side))
        cells = target.cells[part]
        x, target = x[part], Labels(cells, whole_of(cells))
    return x, target


class Pool:
    """Several sets of measured scenes, which stay on disk, and their labels."""

    def __init__(self, parts: list[dict[str, Any]]) -> None:
        self.parts, self.labels = parts, [labels(part) for part in parts]
        self.places = [(i, j) for i, part in enumerate(parts) for j in range(len(part["loss"]))]

    def batch(self, chosen: list[int]) -> tuple[Tensor, Labels]:
        """Return statistics and labels of some scenes."""
        places = [self.places[index] for index in chosen]
        statistics = torch.stack([self.parts[i]["statistics"][j] for i, j in places]).float()
        cells = torch.stack([self.labels[i].cells[j] for i, j in places])
        return statistics, Labels(cells, torch.stack([self.labels[i].whole[j] for i, j in places]))

    def clean_moments(self) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation (S,) of clean cells, from every fourth scene."""
        rows = []
        for part, target in zip(self.parts, self.labels, strict=True):
            clean = (target.cells[::4].amin(-1) == 1).flatten()
            rows.append(part["statistics"][::4].flatten(0, 2)[clean][::3].float())
        cells = torch.cat(rows)
        return cells.mean(0), cells.std(0).clamp(min=1e-3)


def fit_quality(head: QualityHead, pool: Pool, steps: int) -> Tensor:
    """Train `head` in place; return the four directions (4, 32)."""
    mean, std = pool.clean_moments()
    head.mean.copy_(mean)
    head.std.copy_(std)
    draw = torch.Generator().manual_seed(2)
    rows = nn.Parameter(functional.normalize(torch.randn(4, QUALITY, generator=draw), dim=-1))
    head.requires_grad_(True)
    optimizer = torch.optim.AdamW([*head.parameters(), rows], lr=RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.15)
    for step in range(steps):
        chosen = torch.randint(len(pool.places), (BATCH,), generator=draw).tolist()
        x, target = _cut(*pool.batch(chosen), draw)
        kept = (torch.rand(1, 1, 1, x.shape[-1], generator=draw) > DROPOUT) / (1 - DROPOUT)
        x = (x - head.mean) * kept + head.mean  # a statistic that is left out stands at its mean
        with torch.autocast("cpu", torch.bfloat16):
            guess = predict(head, rows, x)
        loss = loss_of(guess, target)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == steps - 1:
            print(f"quality step {step} loss {loss.item():.3f}", flush=True)
    head.requires_grad_(False)
    return rows.detach()


def predict(head: QualityHead, rows: Tensor, statistics: Tensor) -> tuple[Tensor, Tensor]:
    """Return logits of cells (n, h, w, 4) and of wholes (n, 4); `rows` (4, 32) are the directions of the scores."""
    cells, whole = (logits_of(quality, rows) for quality in head(statistics))
    return cells, whole


def logits_of(quality: Tensor, rows: Tensor) -> Tensor:
    """Return logits (..., 4) of the head's numbers (..., 32)."""
    return SHARPNESS * functional.normalize(quality, dim=-1) @ functional.normalize(rows, dim=-1).T


def loss_of(guess: tuple[Tensor, Tensor], target: Labels) -> Tensor:
    """Return cross entropy of cells and of the whole, clean ones weighing more, and that of the worst clean cells."""
    cells, whole = (logits.float() for logits in guess)
    entropy = functional.binary_cross_entropy_with_logits
    weight = 1 + (CLEAN_WEIGHT - 1) * (target.cells == 1)
    good = 1 + (CLEAN_WEIGHT - 1) * (target.whole == 1)
    loss = entropy(cells, target.cells, weight=weight) + 0.5 * entropy(whole, target.whole, weight=good)
    clean = (target.cells.amin((1, 2, 3)) == 1).float()
    worst = cells.flatten(1, 2).topk(WORST_CELLS, dim=1, largest=False).values
    return loss + WORST_WEIGHT * (functional.softplus(-worst).mean((1, 2)) * clean).sum() / clean.sum().clamp(min=1)

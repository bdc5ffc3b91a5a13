"""Train the quality head on damaged scenes: four scores of each cell and of the whole picture.

The scores are read by four linear rows that are thrown away afterwards; what stays is the space of
32 dimensions in which the text pairs T_p are fitted (eq. (2)).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from grefine_core import correlate
from grefine_mini.heads import QUALITY, QualityHead

STEPS, BATCH, RATE, WEIGHT_DECAY, DROPOUT = 700, 48, 2e-3, 0.05, 0.15
CLEAN_WEIGHT = 3.0
"""Weight of a clean cell in the loss: a repaired good place costs the user more than a fault overlooked."""
NATURALNESS_COST = 0.5
"""Part of a wrong look in the overall label: a strong cast or saturation can be meant, noise cannot."""
SHARPNESS = 8.0
"""Logit of a unit feature along its row: sigmoid(8) is as good as 1."""


class Labels(NamedTuple):
    """Targets in [0, 1], 1 is good; factors overall, technical, rationality, naturalness."""

    cells: Tensor
    """Shape (n, 14, 14, 4)."""
    whole: Tensor
    """Shape (n, 4)."""


def labels(data: dict[str, Any]) -> Labels:
    """Turn severity times coverage of each cell into scores.

    Even slight damage is visible, so severity s in (0, 1] costs 0.3 + 0.7 s of the score in its
    place. The whole picture loses by its worst places: the mean of cells and of the worst tenth.
    """
    covered = data["loss"].clamp(0, 1)
    cost = torch.where(covered > 0, (0.3 * (covered / (covered + 0.1)) + 0.7 * covered).clamp(0, 1), covered)
    cells = torch.ones(*cost.shape, 4)
    share = torch.where(data["factor"] == 3, NATURALNESS_COST, 1.0)[:, None, None]
    cells[..., 0] -= cost * share
    for factor in (1, 2, 3):
        mine = (data["factor"] == factor)[:, None, None]
        cells[..., factor] -= cost * mine
    flat = cells.flatten(1, 2)  # (n, 196, 4)
    worst = flat.topk(flat.shape[1] // 10, dim=1, largest=False).values.mean(1)
    return Labels(cells, (flat.mean(1) + worst) / 2)


def fit_quality(head: QualityHead, train: list[dict[str, Any]], held: dict[str, Any]) -> None:
    """Train `head` in place on all sets of scenes; print its agreement with the held ones."""
    statistics = torch.cat([data["statistics"].float() for data in train])
    target = Labels(*(torch.cat(parts) for parts in zip(*(labels(data) for data in train), strict=True)))
    clean = (target.cells.amin(-1).flatten() == 1).nonzero()[:, 0]
    head.mean.copy_(statistics.flatten(0, 2)[clean].mean(0))
    head.std.copy_(statistics.flatten(0, 2)[clean].std(0).clamp(min=1e-3))
    rows = nn.Parameter(
        functional.normalize(torch.randn(4, QUALITY, generator=torch.Generator().manual_seed(1)), dim=-1)
    )
    head.requires_grad_(True)
    optimizer = torch.optim.AdamW([*head.parameters(), rows], lr=RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, STEPS)
    draw = torch.Generator().manual_seed(2)
    for step in range(STEPS):
        chosen = torch.randint(len(statistics), (BATCH,), generator=draw)
        x, cells, whole = statistics[chosen], target.cells[chosen], target.whole[chosen]
        if torch.rand((), generator=draw) < 0.5:  # mirrored pictures have (nearly) mirrored statistics
            x, cells = x.flip(2), cells.flip(2)
        kept = (torch.rand(1, 1, 1, x.shape[-1], generator=draw) > DROPOUT) / (1 - DROPOUT)
        x = (x - head.mean) * kept + head.mean  # a statistic that is left out stands at its mean
        loss = _loss(predict(head, rows, x), Labels(cells, whole))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == STEPS - 1:
            print(f"quality step {step} loss {loss.item():.3f}", flush=True)
    head.requires_grad_(False)
    _print_agreement(predict(head, rows.detach(), held["statistics"].float()), labels(held))


def _loss(guess: tuple[Tensor, Tensor], target: Labels) -> Tensor:
    """Return cross entropy of cells and of the whole, clean ones weighing more."""
    losses = []
    for found, wanted in zip(guess, target, strict=True):
        weight = 1 + (CLEAN_WEIGHT - 1) * (wanted == 1)
        losses.append(functional.binary_cross_entropy(found, wanted, weight=weight))
    return losses[0] + 0.5 * losses[1]


def _print_agreement(guess: tuple[Tensor, Tensor], truth: Labels) -> None:
    for index, name in enumerate(("overall", "technical", "rationality", "naturalness")):
        whole = correlate(guess[1][:, index].tolist(), truth.whole[:, index].tolist())
        cells = correlate(guess[0][..., index].flatten().tolist(), truth.cells[..., index].flatten().tolist())
        print(f"quality {name}: SRCC whole {whole.srcc:.3f}, cells SRCC {cells.srcc:.3f} PLCC {cells.plcc:.3f}")


def predict(head: QualityHead, rows: Tensor, statistics: Tensor) -> tuple[Tensor, Tensor]:
    """Return scores of cells (n, 14, 14, 4) and of the whole (n, 4) in (0, 1)."""
    patch, whole = head(statistics)
    unit = functional.normalize(rows, dim=-1)
    return tuple((SHARPNESS * functional.normalize(q, dim=-1) @ unit.T).sigmoid() for q in (patch, whole))  # type: ignore[return-value]

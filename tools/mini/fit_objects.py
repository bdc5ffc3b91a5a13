"""Train the object head: from statistics of cells to whether an object stands there."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from grefine_mini.quality_head import ObjectHead
from tools.mini.fit_quality import DROPOUT, WEIGHT_DECAY

BATCH, RATE = 12, 2e-3


def fit_objects(head: ObjectHead, parts: list[dict[str, Any]], steps: int) -> None:
    """Train `head` in place on measured scenes, damaged ones among them; those without objects are left out.

    Args:
        head: New.
        parts: Of `measure_scenes`: `statistics` (n, 28, 28, S) and `covered` (n, 28, 28).
        steps: Of `BATCH` scenes.
    """
    shown = [(part["covered"].amax((1, 2)) > 0).nonzero()[:, 0].tolist() for part in parts]
    places = [(i, j) for i, rows in enumerate(shown) for j in rows]
    some = torch.stack([parts[i]["statistics"][j].flatten(0, 1)[::7].float() for i, j in places[::8]]).flatten(0, 1)
    head.mean.copy_(some.mean(0))
    head.std.copy_(some.std(0).clamp(min=1e-3))
    draw = torch.Generator().manual_seed(4)
    head.requires_grad_(True)
    optimizer = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.15)
    for step in range(steps):
        chosen = [places[k] for k in torch.randint(len(places), (BATCH,), generator=draw).tolist()]
        x = torch.stack([parts[i]["statistics"][j].float() for i, j in chosen])
        target = torch.stack([parts[i]["covered"][j].float() for i, j in chosen])
        if torch.rand((), generator=draw) < 0.5:
            x, target = x.flip(2), target.flip(2)
        kept = (torch.rand(1, 1, 1, x.shape[-1], generator=draw) > DROPOUT) / (1 - DROPOUT)
        x = (x - head.mean) * kept + head.mean  # a statistic that is left out stands at its mean
        with torch.autocast("cpu", torch.bfloat16):
            logits = head(x)[..., 0]
        loss = functional.binary_cross_entropy_with_logits(logits.float(), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == steps - 1:
            print(f"objects step {step} loss {loss.item():.3f}", flush=True)
    head.requires_grad_(False)

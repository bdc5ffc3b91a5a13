"""Claims about perceptual quality: severity, place, and nothing on clean photographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.mini.assets import Pixels
from tools.mini.damage import KINDS, damage_image
from tools.mini.evaluation.material import Material
from tools.mini.evaluation.models import Models, to_tensor
from tools.mini.evaluation.records import SEED, Finding, auroc, interval_of, mean_of, srcc
from tools.mini.photographic import vary

LEVELS = 20
"""Damaged crops of each kind; severities are spread evenly."""
CLEAN_BOUND = 0.5


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One damaged photograph."""

    kind: str
    photograph: str
    severity: float
    p: float


def severity(models: Models, material: Material) -> list[Finding]:
    """SRCC of p and of severity (turned round) over photographs that are damaged all over, mixed and by kind.

    A tenth of them is clean, of severity 0, in the mixed figure. The interval is over photographs.
    """
    crops = material.crops()
    levels = max(8, material.count(LEVELS))
    rows: list[Measured] = []
    for number, kind in enumerate(KINDS):
        for level in range(levels):
            rng = np.random.default_rng((SEED, 4, number, level))
            name, crop = crops[(number * 7 + level) % len(crops)]
            strength = (level + rng.uniform(0.05, 1)) / levels
            worse = damage_image(crop, rng, kind=kind, severity=strength, everywhere=True)
            rows.append(Measured(kind=kind, photograph=name, severity=strength, p=_p(models, worse.pixels)))
    clean = [Measured(kind="", photograph=name, severity=0.0, p=_p(models, crop)) for name, crop in crops]
    few = clean[: max(1, len(rows) // 10)]
    by_kind = {kind: _srcc([row for row in rows if row.kind == kind]) for kind in KINDS}
    low = sorted((value, kind) for kind, value in by_kind.items())
    names = sorted({row.photograph for row in rows})
    own = {name: [row for row in [*rows, *few] if row.photograph == name] for name in names}
    return [
        Finding(
            claim="p against severity on damaged photographs, mixed kinds (SRCC)",
            value=_srcc([*rows, *few]),
            target=0.85,
            n=len(rows) + len(few),
            interval=interval_of(lambda places: _srcc([row for i in places for row in own[names[i]]]), len(names)),
            note=f"{len(names)} photographs, {len(KINDS)} kinds",
        ),
        Finding(
            claim="the same, each kind by itself: the lowest",
            value=low[0][0],
            target=0.60,
            n=levels,
            note=f"{sum(value < 0.6 for value in by_kind.values())} of {len(KINDS)} below 0.6; "
            + ", ".join(f"{kind} {value:.2f}" for value, kind in low),
        ),
    ]


def _p(models: Models, pixels: Pixels) -> float:
    return models.perceive.assess(to_tensor(pixels)).score


def _srcc(rows: Sequence[Measured]) -> float:
    return -srcc(np.array([row.p for row in rows]), np.array([row.severity for row in rows]))


def places(models: Models, material: Material) -> list[Finding]:
    """AUROC of 1 - P against the mask, over the pixels of photographs damaged in one place, severity 0.3 to 1.

    Pixels in the mask where the picture has not changed to the eye (blur of a plain sky) are left out, and so
    is the mask's soft border.
    """
    each: list[float] = []
    good: list[NDArray[np.float32]] = []
    bad: list[NDArray[np.float32]] = []
    kinds: dict[str, list[float]] = {}
    for kind, values, mask, seen in _local(models, material):
        inside, outside = values[(mask > 0.9) & (seen > 0.9)], values[mask == 0]
        if len(inside) < 50:
            continue
        each.append(auroc(1 - inside, 1 - outside))
        kinds.setdefault(kind, []).append(each[-1])
        bad.append(inside)
        good.append(outside)
    value, interval = mean_of([[one] for one in each])
    pooled = auroc(1 - np.concatenate(bad), 1 - np.concatenate(good))
    low = sorted((float(np.mean(found)), kind) for kind, found in kinds.items())[:5]
    return [
        Finding(
            claim="damage map against damage mask (AUROC per pixel, local damage)",
            value=value,
            target=0.85,
            n=len(each),
            interval=interval,
            note=f"mean over pictures; of all pixels together {pooled:.2f}; lowest: "
            + ", ".join(f"{kind} {mean:.2f}" for mean, kind in low),
        )
    ]


def _local(
    models: Models, material: Material
) -> Iterator[tuple[str, NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]]:
    """Yield kind, P, mask and visible mask, at a quarter of the resolution of crops damaged in one place."""
    crops = material.crops()
    kinds = list(KINDS)
    for number in range(material.count(4 * len(kinds))):
        rng = np.random.default_rng((SEED, 5, number))
        kind = kinds[number % len(kinds)]
        worse = damage_image(crops[number % len(crops)][1], rng, kind=kind, severity=float(rng.uniform(0.3, 1)))
        quality = models.perceive.assess(to_tensor(worse.pixels)).map.numpy()
        step = (slice(2, None, 4), slice(2, None, 4))
        yield kind, quality[step], worse.mask[step], worse.visible[step]


def clean(models: Models, material: Material) -> list[Finding]:
    """Share of clean photographs with P below 0.5 anywhere; the note tells it of mildly varied ones as well."""
    low, varied, lowest = [], [], []
    rng = np.random.default_rng((SEED, 6))
    for _, image in material.photographs():
        least = float(models.perceive.assess(to_tensor(np.array(image))).map.min())
        lowest.append(least)
        low.append(float(least < CLEAN_BOUND))
        other = models.perceive.assess(to_tensor(vary(np.array(image), rng)))
        varied.append(float(float(other.map.min()) < CLEAN_BOUND))
    value, interval = mean_of([[one] for one in low])
    return [
        Finding(
            claim="clean photographs with P below 0.5 anywhere",
            value=value,
            target=0.05,
            at_most=True,
            n=len(low),
            interval=interval,
            note=f"lowest P {min(lowest):.2f}; with mild changes of exposure and the like {np.mean(varied):.2f}",
        )
    ]

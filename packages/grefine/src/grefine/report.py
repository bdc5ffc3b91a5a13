"""What `report.json` and `regions.json` say of a refinement.

`SCHEMA`, that of the report, counts up whenever a key changes its name or meaning; new keys do not change it.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from balanced_refiner import regions_document
from grefine.packs import Pack
from grefine.pipeline import Outcome
from grefine.versions import LIBRARIES, OWN_PACKAGES, package_versions
from grefine_core import Picture

SCHEMA = 1

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """The input of a run, as a file and as a picture."""

    path: Path
    content: bytes
    """The file, byte for byte."""
    picture: Picture

    @property
    def sha256(self) -> str:
        """Lower-case hexadecimal digest of the file."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def kept_name(self) -> str:
        """Name of the result where nothing needs repair: the input's bytes under its own ending."""
        return f"refined{self.path.suffix or '.' + self.picture.format.lower()}"

    def to_json(self) -> Json:
        """Return what identifies the input."""
        height, width = self.picture.size
        return {
            "path": str(self.path),
            "sha256": self.sha256,
            "format": self.picture.format,
            "height": height,
            "width": width,
        }


@dataclass(frozen=True, kw_only=True)
class Damage:
    """Certificate of what a refinement left alone; differences are of values in [0, 1]."""

    untouched_share: float
    """Share of the pixels that lie outside the mask."""
    stage1_outside_mask: float
    """Largest difference outside the mask after stage 1; 0 or the certificate is broken."""
    final_outside_mask: float
    """Largest difference outside the mask in the result; stage 2 passes over the whole picture."""
    same_size: bool

    @property
    def broken(self) -> bool:
        """Whether stage 1 changed what it had to leave alone, or the size differs."""
        return self.stage1_outside_mask > 0 or not self.same_size


def certify(outcome: Outcome) -> Damage:
    """Compare the result with the input outside the mask."""
    refinement = outcome.refinement
    outside = refinement.mask.feathered == 0
    return Damage(
        untouched_share=float(outside.float().mean()),
        stage1_outside_mask=_largest(refinement.stage1_pixels, outcome.source, outside),
        final_outside_mask=_largest(refinement.pixels, outcome.source, outside),
        same_size=refinement.pixels.shape == outcome.source.shape,
    )


def _largest(pixels: Tensor, source: Tensor, where: Tensor) -> float:
    """Return the largest difference of two pictures (1, 3, H, W) over a mask (H, W), 0 over none."""
    if not where.any():
        return 0.0
    return float((pixels - source)[0, :, where].abs().max())


def build_report(outcome: Outcome, source: Source, packs: Sequence[Pack], files: Sequence[str]) -> Json:
    """Return everything that led to the result, as plain values that json can write."""
    refinement = outcome.refinement
    told = refinement.to_dict()
    return {
        "schema": SCHEMA,
        "message": refinement.message,
        "changed": refinement.changed,
        "image": source.to_json(),
        "prompt": outcome.prompt,
        "before": outcome.before.to_json(),
        "after": outcome.after.to_json(),
        "mask": told["mask"],
        "strengths": told["strengths"],
        "steps": told["steps"],
        "seed": refinement.seed,
        "seeds": told["seeds"],
        "rounds": told["rounds"],
        "stopped": told["stopped"],
        "guard": {
            "enabled": refinement.settings.guard,
            "tolerance": refinement.settings.tolerance,
            "decisions": told["decisions"],
        },
        "damage": asdict(certify(outcome)),
        "settings": outcome.settings.to_json(),
        "refiner_settings": told["settings"],
        "models": {
            "encoder": outcome.before.perception.encoder,
            "diffusion": refinement.backend,
            "diffusion_stage2": refinement.second,
            "packs": [pack.to_json() for pack in packs],
        },
        "versions": {"python": platform.python_version(), **package_versions((*OWN_PACKAGES, *LIBRARIES))},
        "timings": told["timings"],
        "files": sorted(files),
    }


def build_regions(outcome: Outcome) -> Json:
    """Return what needed repair and what became of it, after the schema `balanced_refiner.regions_schema`."""
    refinement = outcome.refinement
    height, width = outcome.source.shape[2:]
    return regions_document((height, width), [done.found for done in refinement.rounds], refinement.decisions)

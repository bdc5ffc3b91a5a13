"""What `report.json` and `regions.json` say of a refinement.

`SCHEMA`, that of the report, counts up whenever a key changes its name or meaning; new keys do not change it.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from balanced_refiner import regions_document
from grefine.certificate import Certificate
from grefine.packs import Pack
from grefine.results import Outcome
from grefine.versions import LIBRARIES, OWN_PACKAGES, package_versions
from grefine_core import Picture
from grefine_core.files import file_digest
from grefine_core.picture_writer import OutputPlan, plan_output

SCHEMA = 2

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

    def plan(self, *, keep: bool) -> OutputPlan:
        """Return how a changed result is written; see `plan_output`."""
        return plan_output(self.path, keep=keep)

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
class Saved:
    """What has been written of a result."""

    names: tuple[str, ...]
    """All files; the refined picture is the first."""
    certificate: Certificate
    """Of the refined picture."""


def stage1_damage(outcome: Outcome) -> float:
    """Return the largest difference in [0, 1] that stage 1 made outside the mask: 0, or it is a bug."""
    refinement = outcome.refinement
    outside = refinement.mask.feathered == 0
    if not outside.any():
        return 0.0
    return float((refinement.stage1_pixels - outcome.source)[0, :, outside].abs().max())


def passed_over_all(outcome: Outcome) -> bool:
    """Return whether the result holds the mild pass over the whole picture."""
    return any(decision.stage == "stage2" and decision.kept for decision in outcome.refinement.decisions)


def build_receipt(outcome: Outcome) -> str:
    """Return the short JSON that the refined picture itself carries."""
    settings = json.dumps([outcome.settings.to_json(), outcome.refinement.to_dict()["settings"]], sort_keys=True)
    before, after = outcome.before, outcome.after
    receipt = {
        "version": package_versions(["grefine"])["grefine"],
        "prompt": outcome.prompt,
        "seed": outcome.refinement.seed,
        "settings_sha256": hashlib.sha256(settings.encode()).hexdigest(),
        "before": {"p": round(before.p, 4), "a": round(before.a, 4)},
        "after": {"p": round(after.p, 4), "a": round(after.a, 4)},
    }
    return json.dumps(receipt)


def build_report(outcome: Outcome, source: Source, packs: Sequence[Pack], saved: Saved) -> Json:
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
        "certificate": saved.certificate.to_json(),
        "settings": outcome.settings.to_json(),
        "locked_sha256": file_digest(Path(outcome.settings.locked)) if outcome.settings.locked else None,
        "refiner_settings": told["settings"],
        "models": {
            "encoder": outcome.before.perception.encoder,
            "diffusion": refinement.backend,
            "diffusion_stage2": refinement.second,
            "packs": [pack.to_json() for pack in packs],
        },
        "versions": {"python": platform.python_version(), **package_versions((*OWN_PACKAGES, *LIBRARIES))},
        "timings": told["timings"],
        "files": sorted(saved.names),
    }


def build_regions(outcome: Outcome) -> Json:
    """Return what needed repair and what became of it, after the schema `balanced_refiner.regions_schema`."""
    refinement = outcome.refinement
    height, width = outcome.source.shape[2:]
    return regions_document((height, width), [done.found for done in refinement.rounds], refinement.decisions)

"""What `regions.json` says: the regions as records that other tools can work from, and its published schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from balanced_refiner.guard import GuardDecision
from balanced_refiner.regions import Region, RegionSet

SCHEMA = "balanced-refiner/regions"
"""Value of the key `schema`, by which a reader knows the file."""
VERSION = 1
"""Counts up whenever a key comes, goes or changes its meaning: the schema allows no others."""

Json = dict[str, Any]


def regions_schema() -> Json:
    """Return the JSON schema (2020-12) that `regions_document` keeps to."""
    text = files("balanced_refiner").joinpath("schemas", "regions.schema.json").read_text("utf-8")
    schema: Json = json.loads(text)
    return schema


def regions_document(
    size: tuple[int, int], rounds: Sequence[RegionSet], decisions: Sequence[GuardDecision] = ()
) -> Json:
    """Return the regions of all rounds as plain values that json can write, after `regions_schema`.

    Args:
        size: Height and width of the picture.
        rounds: What each round found; one where the regions are only planned.
        decisions: What became of them; without, `kept` is null, since nothing was tried.
    """
    verdicts = {(d.round, d.region): d for d in decisions if d.stage == "stage1"}
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "height": size[0],
        "width": size[1],
        "regions": [
            _describe(region, number, verdicts.get((number, region.index)))
            for number, found in enumerate(rounds, 1)
            for region in found.regions
        ],
        "regions_skipped": sum(found.skipped for found in rounds),
    }


def _describe(region: Region, number: int, verdict: GuardDecision | None) -> Json:
    told = region.to_dict()
    return {
        "round": number,
        **told,
        "box": list(region.box),
        "span": None if region.span is None else list(region.span),
        "emphases": list(told["emphases"]),  # type: ignore[call-overload]
        "kept": None if verdict is None else verdict.kept,
        "reason": "" if verdict is None else verdict.reason,
    }

"""Real prompts from the folder `prompts` of the test data; its README names their sources."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path


def read_prompts(folder: Path) -> list[str]:
    """Return all prompts of the folder once each, in the order of its files."""
    return list(dict.fromkeys(prompt for prompt in _read(folder) if prompt.strip()))


def _read(folder: Path) -> Iterator[str]:
    yield from (folder / "agiqa3k_prompts.txt").read_text(encoding="utf-8").splitlines()
    yield from _column(folder / "partiprompts.tsv", "Prompt")
    yield from _column(folder / "agiqa1k.csv", "prompt")
    yield from _column(folder / "aigciqa2023.csv", "prompt")
    for path in sorted((folder / "t2i_compbench").glob("*.tsv")):
        yield from _column(path, "prompt")
    for line in (folder / "geneval.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)["prompt"]


def _column(path: Path, name: str) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".tsv":  # where quotation marks are part of the prompts
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        else:
            rows = csv.DictReader(file)
        yield from (row[name] for row in rows)

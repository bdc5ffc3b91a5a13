"""The prompts of the data folder, for measuring speed; they have no trees and train nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def _column(file: Path, name: str, *, tabs: bool) -> list[str]:
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.DictReader(stream)
        return [row[name] for row in reader]


def speed_prompts(folder: Path) -> list[str]:
    """Return AGIQA-3K's prompts and every eighth of PartiPrompts."""
    return [*_lines(folder / "agiqa3k_prompts.txt"), *_column(folder / "partiprompts.tsv", "Prompt", tabs=True)[::8]]


def bulk_prompts(folder: Path) -> list[str]:
    """Return all different prompts, in file order."""
    texts = [*_lines(folder / "agiqa3k_prompts.txt"), *_column(folder / "agiqa1k.csv", "prompt", tabs=False)]
    texts += _column(folder / "partiprompts.tsv", "Prompt", tabs=True)
    for file in sorted((folder / "t2i_compbench").glob("*.tsv")):
        texts += _column(file, "prompt", tabs=True)
    texts += [json.loads(line)["prompt"] for line in _lines(folder / "geneval.jsonl")]
    return list(dict.fromkeys(text.strip() for text in texts if text.strip()))

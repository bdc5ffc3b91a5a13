"""Measure what the mini pack must show, on material that it was not trained on.

    python -m tools.mini.evaluate [--data DATA | --assets DIR] [--photos DIR] [--examples DIR]
        [--weights FOLDER] [--rows NAME ...] [--quick] [--json FILE]

By default the nouns, wallpapers and photographs that training leaves out. `--assets` takes a whole other
folder in their place: one with `manifest.jsonl` and its zip files, all of it held out. The seed is fixed.
Prints a Markdown table: value, 95% bootstrap interval, target, met or missed. All rows took 20
minutes with one thread on a busy machine, `--quick` a quarter of that.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from grefine_core import InputError, write_atomically
from tools.mini.assets import Assets, data_folder, find_photographs
from tools.mini.evaluation import meaning, quality, repair
from tools.mini.evaluation.material import Material
from tools.mini.evaluation.models import Models
from tools.mini.evaluation.records import Finding, Skipped
from tools.mini.evaluation.report import HEADER, markdown_row, summary

Row = Callable[[Models, Material], list[Finding]]
ROWS: dict[str, Row] = {
    "nouns": meaning.nouns_and_places,
    "colors": meaning.colors,
    "presence": meaning.presence,
    "classes": meaning.class_names,
    "generated": meaning.generated,
    "severity": quality.severity,
    "places": quality.places,
    "clean": quality.clean,
    "refinement": repair.refinement,
    "painting": repair.painting,
    "speed": repair.speed,
}
QUICK = 0.15
"""Share of the usual pictures."""


def open_material(options: argparse.Namespace) -> Material:
    """Return what the options name.

    Raises:
        InputError: If a folder is not what it must be.
    """
    for name in ("photos", "examples"):
        folder: Path | None = getattr(options, name)
        if folder is not None and not folder.is_dir():
            raise InputError(f"`--{name}` must be a folder, got {folder}")
    if options.assets:
        assets = Assets(options.assets, split="all", photos=options.photos)
    else:
        assets = Assets(data_folder(options.data), split="held-out")
        if options.photos:
            assets.photographs = find_photographs(options.photos)  # all of them: none was trained on
    return Material(assets=assets, examples=options.examples, share=QUICK if options.quick else 1.0)


def measure(name: str, models: Models, material: Material) -> list[Finding]:
    """Return what one row found; where the material has nothing for it, say so."""
    try:
        return ROWS[name](models, material)
    except Skipped as reason:
        return [Finding(claim=name, value=float("nan"), note=str(reason))]


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the data folder (default: GREFINE_DATA)")
    parser.add_argument("--assets", type=Path, metavar="DIR", help="a folder with manifest.jsonl, all of it held out")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="clean photographs, all of them held out")
    parser.add_argument("--examples", type=Path, metavar="DIR", help="generated pictures with prompts.csv")
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help="weights other than the shipped ones")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="NAME", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="fewer pictures: wide intervals")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings there, too")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return the exit code."""
    options = parse(arguments)
    try:
        material = open_material(options)
        models = Models.load(options.weights)
    except InputError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    print(HEADER, flush=True)
    findings: list[Finding] = []
    for name in options.rows:
        began = time.perf_counter()
        found = measure(name, models, material)
        findings += found
        print("\n".join(map(markdown_row, found)), flush=True)
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    print(f"\n{summary(findings)} Encoder {models.encoder.name}.")
    if options.json:
        content = {"encoder": models.encoder.name, "quick": options.quick}
        text = json.dumps(content | {"findings": [finding.to_dict() for finding in findings]}, indent=1) + "\n"
        write_atomically(options.json, lambda file: file.write(text.encode()))
    return 0


if __name__ == "__main__":
    sys.exit(main())

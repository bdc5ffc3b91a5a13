"""What a phrase costs AQ-Map, and how many prompts a second it takes apart.

    python -m benchmarks.aq_speed [--runs 15] [--threads N] [--preset mini] [--data FOLDER]

Prompts of 1 to 10 phrases on one photograph, after imports, loading and a warm-up. Every round runs all
cases once, so that a slow minute of the machine meets all of them; medians. `new` prompts differ in every
round, so that nothing of them is kept from before; `again` is one prompt all the time. The floor is the
image forward of the encoder alone. Parsing is timed on the prompts of FOLDER (or GREFINE_DATA), or on
made-up ones without it.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import torch
from skimage import data as bundled

import aqmap
from grefine_core import from_pil, resize, to_pil

COLORS = [
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "white",
    "gray",
    "golden",
    "silver",
]
NOUNS = [
    "cat",
    "dog",
    "horse",
    "car",
    "house",
    "tree",
    "boat",
    "chair",
    "lamp",
    "book",
    "clock",
    "bowl",
    "bird",
    "bench",
]


def prompts(phrases: int) -> Iterator[str]:
    """Yield prompts of so many phrases, no two alike for long."""
    words = cycle(f"a {color} {noun}" for color in COLORS for noun in NOUNS)
    while True:
        yield ", ".join(islice(words, phrases))
        next(words)  # or ten phrases would come round after few prompts


def medians(cases: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Return the median seconds of each case; the first round is not counted."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(runs + 1):
        for name, work in cases.items():
            began = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(all_times[1:]) for name, all_times in times.items()}


def score_cost(assess: aqmap.AlignmentAssessor, runs: int) -> None:
    """Print what scoring takes, by the number of phrases."""
    pixels = from_pil(to_pil(torch.from_numpy(bundled.coffee()).permute(2, 0, 1) / 255)).pixels
    fitted = resize(pixels, assess.encoder.fitted_size(*pixels.shape[-2:]))
    cases: dict[str, Callable[[], object]] = {"encoder alone": lambda: assess.encoder.encode_image(fitted)}
    for phrases in (1, 3, 10):
        source = prompts(phrases)
        cases[f"{phrases} phrases, new"] = lambda source=source: assess(pixels, next(source))
        same = next(source)
        cases[f"{phrases} phrases, again"] = lambda same=same: assess(pixels, same)
    found = medians(cases, runs)
    floor = found["encoder alone"]
    for name, seconds in found.items():
        print(f"{name}: {1000 * seconds:.1f} ms, {seconds / floor:.2f} of the encoder alone")
    for kind in ("new", "again"):
        ratio = found[f"10 phrases, {kind}"] / found[f"1 phrases, {kind}"]
        print(f"10 phrases over 1, {kind}: {ratio:.2f}")


def parse_speed(assess: aqmap.AlignmentAssessor, texts: list[str]) -> None:
    """Print how many prompts a second are parsed in bulk and one by one."""
    assess.read_all(texts[:20])
    began = time.perf_counter()
    assess.read_all(texts)
    print(f"parsing {len(texts)} prompts in bulk: {len(texts) / (time.perf_counter() - began):.0f} prompts/s")
    alone = texts[:: max(1, len(texts) // 100)]
    began = time.perf_counter()
    for text in alone:
        assess.read(text)
    print(f"parsing {len(alone)} one by one: {len(alone) / (time.perf_counter() - began):.0f} prompts/s")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--preset", default="mini")
    parser.add_argument("--data", type=Path, default=os.environ.get("GREFINE_DATA"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    assess = aqmap.load(options.preset, device="cpu")
    print(f"torch {torch.__version__}, {platform.machine()}, {options.threads} threads, {options.runs} runs")
    score_cost(assess, options.runs)
    texts = list(islice(prompts(4), 500))
    if options.data:
        texts = (Path(options.data) / "prompts" / "agiqa3k_prompts.txt").read_text(encoding="utf-8").splitlines()
    parse_speed(assess, [text for text in texts if text.strip()])


if __name__ == "__main__":
    main()

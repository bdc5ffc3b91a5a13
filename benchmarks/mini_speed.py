"""How long the mini preset takes, against the floor of its plain image trunk, and how much memory.

    python benchmarks/mini_speed.py [--runs 5] [--threads N] [--steps 20]

Prints medians in seconds after imports, loading and one warm-up, ratios to the floor in the same
run, and the peak memory of the process.
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
import time
from collections.abc import Callable

import torch

import aqmap
import grefine
import pqmap
from grefine.demo import PROMPT, damage, photograph
from grefine_core import fit_size, load_encoder, resize
from grefine_mini.files import trunk_file
from grefine_mini.trunk import STRIDE, load_trunk


def median_seconds(work: Callable[[], object], runs: int) -> float:
    """Return the median time of `work` over `runs` calls, after one call that is not counted."""
    work()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=20)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    began = time.perf_counter()
    pq, aq = pqmap.load("mini", device="cpu"), aqmap.load("mini", device="cpu")
    print(f"torch {torch.__version__}, {platform.machine()}, {args.threads} threads, {args.runs} runs")
    print(f"load pqmap and aqmap: {time.perf_counter() - began:.2f} s")
    pixels = damage(photograph())
    trunk, _ = load_trunk(trunk_file())
    encoder = load_encoder("mini", device="cpu")
    small = resize(pixels, fit_size(*pixels.shape[-2:], longer=encoder.input_size, multiple=STRIDE))
    floor = median_seconds(lambda: trunk(small), args.runs)
    print(f"floor, trunk alone on {tuple(small.shape[-2:])}: {floor:.3f} s")
    for name, work in (
        ("encode_image", lambda: encoder.encode_image(pixels)),
        ("pqmap", lambda: pq(pixels)),
        ("aqmap, 3 phrases", lambda: aq(pixels, PROMPT)),
    ):
        seconds = median_seconds(work, args.runs)
        print(f"{name}: {seconds:.3f} s, {seconds / floor:.2f} of the floor")
    models = grefine.GRefiner.load(grefine.Settings(device="cpu", steps=args.steps))
    models.refine(pixels, PROMPT)
    began = time.perf_counter()
    outcome = models.refine(pixels, PROMPT)
    regions = len(outcome.refinement.found.regions)
    print(f"refine, {args.steps} steps, {regions} regions: {time.perf_counter() - began:.1f} s")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()

"""Where the time of `grefine eval` goes: the share that is spent inside encoders, with the preset `mini`.

    python benchmarks/eval_profile.py [--count 120] [--threads N] [--profile]

Pictures are damaged copies of scikit-image's photographs, in three sizes, with the severity of the damage as label. The
run is that of `grefine eval TABLE -o DIR --by model`: both scores, resumable, intervals of all figures, groups, all
forms of the tables. The clock of an encoder runs while `encode_image`, `encode_text` or `encode_token_embeddings`
does; loading the models is told apart. --profile also prints the functions that take most of the rest.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import csv
import io
import pstats
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageFilter

from grefine import Settings
from grefine.assessors import Assessors, load_assessors
from grefine.evaluate import Source, evaluate_data
from grefine_core.evaluation_run import EvaluationRequest
from grefine_core.run_scores import ScoreTable

PHOTOGRAPHS = {
    "coffee": "a cup of coffee on a wooden table",
    "chelsea": "a tabby cat, close-up",
    "astronaut": "a smiling woman in an orange suit, a flag behind her",
    "rocket": "a rocket on a launch pad at night",
}
SIZES = (320, 448, 640)
SEVERITIES = 5


def fill(folder: Path, count: int) -> Path:
    """Write the pictures and their table."""
    from skimage import data

    draw = random.Random(0)
    photographs = {name: Image.fromarray(getattr(data, name)()) for name in PHOTOGRAPHS}
    rows = []
    for number in range(count):
        name = draw.choice(list(PHOTOGRAPHS))
        severity, longer = draw.randrange(SEVERITIES), draw.choice(SIZES)
        picture = photographs[name].copy()
        picture.thumbnail((longer, longer))
        picture = picture.filter(ImageFilter.GaussianBlur(severity * 0.7))
        path = folder / f"{number:04}.jpg"
        picture.save(path, quality=90)
        row = {"image": path.name, "prompt": f"{PHOTOGRAPHS[name]}, version {draw.randrange(40)}"}
        labels = {"quality": SEVERITIES - severity + draw.gauss(0, 0.3), "alignment": draw.uniform(1, 5)}
        rows.append({**row, **labels, "model": f"model {number % 4}"})
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / "table.csv"


class Clocked:
    """An encoder with a clock for each of its passes."""

    def __init__(self, encoder: Any, seconds: Counter[str]) -> None:
        self._encoder, self._seconds = encoder, seconds
        for name in ("encode_image", "encode_text", "encode_token_embeddings"):
            setattr(self, name, self._clocked(name))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def _clocked(self, name: str) -> Callable[..., Any]:
        work = getattr(self._encoder, name)

        def call(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return work(*arguments)
            finally:
                self._seconds[name] += time.perf_counter() - began

        return call


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    seconds: Counter[str] = Counter()

    def load(settings: Settings) -> Assessors:
        began = time.perf_counter()
        assessors = load_assessors(settings)
        shared: Any = assessors.perception.encoder
        shared._encoder = Clocked(shared._encoder, seconds)
        seconds["loading"] = time.perf_counter() - began
        return assessors

    profile = cProfile.Profile()
    with tempfile.TemporaryDirectory() as folder:
        table = fill(Path(folder), args.count)
        out = Path(folder) / "out"
        request = EvaluationRequest(labels=(), usual=(), scores=(), by=("model",), folder=out)
        began = time.perf_counter()
        with profile if args.profile else contextlib.nullcontext(), contextlib.redirect_stdout(io.StringIO()):
            evaluate_data(Source(data=table), request, ScoreTable(folder=out), Settings(device="cpu"), load=load)
        wall = time.perf_counter() - began
    loading = seconds.pop("loading")
    encoders = sum(seconds.values())
    print(f"torch {torch.__version__}, {args.threads} threads, {args.count} pictures")
    print(f"wall {wall - loading:.1f} s, and {loading:.1f} s of loading the models before")
    for name, taken in seconds.most_common():
        print(f"{name:24} {taken:7.2f} s")
    print(f"inside encoders: {encoders / (wall - loading):.3f} of the wall time, {encoders / wall:.3f} with loading")
    if args.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()

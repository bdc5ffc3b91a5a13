"""Balance: what is bad gets better, what is good stays; table 8 of the paper in miniature, with the mini preset.

    python -m benchmarks.balance --data DATA [--scenes 60] [--steps 10] [--jobs 2] [--save DIR] [--journal FILE]

The scenes are those of `balance_masks`: clean ones, and as many that are damaged in one known box. Each is
refined six ways:

- full: both maps, both stages, guard; without stage 2 if the model is unfit for it (`Inpainter.mild_pass`);
- stage 1 only, stage 2 only (the mild pass on every picture: without stage 1 nobody asks where);
- PQ only, AQ only: as if there were no other assessor, so its map and its score are 1, for the guard as well;
- no guard: full, but every change stays.

The scores in the table are always those of both assessors. What several ways have in common is computed once,
and its time is counted for each. With a journal, a run that was stopped goes on with the scenes it lacks.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

import grefine
from balanced_refiner import BalancedRefiner, Inpainter, InpaintRequest, Refinement, RefineSettings, load_inpainter
from benchmarks.balance_masks import SIZE, Case, arguments, make_case, perfect, see_all, see_aq, see_pq
from grefine_core import Assessment, overlay, to_pil
from tools.mini.assets import Assets, data_folder
from tools.mini.damage import KINDS

STEPS = 10
"""Half of the default, which took twice as long; nothing else differs from the defaults."""
SHEETS = 12
"""Scenes that `--save` shows."""

Assess = Callable[[Tensor, str], Assessment]


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to refine: a row of the table."""

    name: str
    see: Callable[[Assessment], Assessment]
    """What the refiner is told of what was measured."""
    settings: RefineSettings
    masked: bool = True
    """Whether it has a mask to compare with the box."""


def _see_scores(found: Assessment) -> Assessment:
    """Hide where the picture fails, so that the mask is empty and stage 1 has nothing to do."""
    return replace(found, pq=perfect(found.pq), aq=perfect(found.aq))


WAYS = (
    Way(name="full", see=see_all, settings=RefineSettings()),
    Way(name="stage 1 only", see=see_all, settings=RefineSettings(stage2="never")),
    Way(name="stage 2 only", see=_see_scores, settings=RefineSettings(stage2="always"), masked=False),
    Way(name="PQ only (A = 1)", see=see_pq, settings=RefineSettings()),
    Way(name="AQ only (P = 1)", see=see_aq, settings=RefineSettings()),
    Way(name="no guard", see=see_all, settings=RefineSettings(guard=False)),
)


class Shared:
    """What was computed for one scene; whoever asks again is charged the time that it took."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[Any, float]] = {}
        self.charged = 0.0
        """Seconds of work that was asked for again, and not done again."""

    def get(self, key: Hashable, work: Callable[[], Any]) -> Any:
        """Return what `work` gives, or gave under this key."""
        if key in self._known:
            value, seconds = self._known[key]
            self.charged += seconds
            return value
        began = time.perf_counter()
        value = work()
        self._known[key] = (value, time.perf_counter() - began)
        return value


class SharedInpainter:
    """An Inpainter that paints a request once; all else is the model's own."""

    def __init__(self, inpainter: Inpainter, shared: Shared) -> None:
        self._inpainter, self._shared = inpainter, shared

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inpainter, name)

    def inpaint(self, request: InpaintRequest, **told: Any) -> Tensor:
        """Return what the model paints; see `Inpainter`."""
        key = ("inpaint", *(_key(getattr(request, field.name)) for field in fields(request)))
        painted: Tensor = self._shared.get(key, lambda: self._inpainter.inpaint(request, **told))
        return painted.clone()


def _key(value: object) -> Hashable:
    return value.contiguous().numpy().tobytes() if isinstance(value, Tensor) else repr(value)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one way made of one scene; scores are those of both assessors."""

    way: str
    kind: str | None
    """Of the damage; None for a clean picture."""
    changed: bool
    p: tuple[float, float]
    a: tuple[float, float]
    """Before and after."""
    psnr: tuple[float, float]
    """Inside the box against the clean original, in dB; nan for a clean picture."""
    iou: float
    """Of the mask and the box; nan for a clean picture, or where the way has no mask."""
    seconds: float

    @property
    def fall(self) -> float:
        """Return by how much p + a fell; below 0 where it rose."""
        return self.p[0] + self.a[0] - self.p[1] - self.a[1]


def refine(case: Case, assess: Assess, inpainter: Inpainter, steps: int) -> dict[str, tuple[Result, Refinement]]:
    """Refine a scene in all ways."""
    shared = Shared()
    painter = SharedInpainter(inpainter, shared)

    def measure(pixels: Tensor, prompt: str) -> Assessment:
        found: Assessment = shared.get(("assess", _key(pixels)), lambda: assess(pixels, prompt))
        return found

    made = {}
    for way in WAYS:

        def see(pixels: Tensor, prompt: str, way: Way = way) -> Assessment:
            return way.see(measure(pixels, prompt))

        refiner = BalancedRefiner(painter, see, replace(way.settings, steps=steps))
        began, charged = time.perf_counter(), shared.charged
        refinement = refiner(case.pixels, case.prompt)
        seconds = time.perf_counter() - began + shared.charged - charged
        scores = measure(case.pixels, case.prompt), measure(refinement.pixels, case.prompt)
        made[way.name] = (_result(way, case, refinement, scores, seconds), refinement)
    return made


def _result(way: Way, case: Case, made: Refinement, scores: tuple[Assessment, Assessment], seconds: float) -> Result:
    before, after = scores
    hard, nan = made.mask.hard, float("nan")
    return Result(
        way=way.name,
        kind=case.kind,
        changed=made.changed,
        p=(before.pq.score, after.pq.score),
        a=(before.aq.score, after.aq.score),
        psnr=(case.psnr(case.pixels), case.psnr(made.pixels)) if case.damaged else (nan, nan),
        iou=float((hard & case.box).sum() / (hard | case.box).sum()) if case.damaged and way.masked else nan,
        seconds=seconds,
    )


def print_table(results: Sequence[Result]) -> None:
    """Print one row a way."""
    print(
        "| way | clean untouched | damaged changed | p of damaged | a of damaged | PSNR in the box, dB "
        "| IoU of mask and box | largest fall of p + a | s a picture |\n" + "| --- " * 9 + "|"
    )
    for way in WAYS:
        rows = [row for row in results if row.way == way.name]
        bad, good = [row for row in rows if row.kind], [row for row in rows if not row.kind]
        cells = [
            way.name,
            f"{_mean([not row.changed for row in good]):.2f}",
            f"{_mean([row.changed for row in bad]):.2f}",
            _change([row.p for row in bad], 3),
            _change([row.a for row in bad], 3),
            _change([row.psnr for row in bad], 1),
            f"{_mean([row.iou for row in bad]):.2f}" if way.masked else "-",
            f"{max(0.0, *(row.fall for row in rows)):.3f}",
            f"{_mean([row.seconds for row in rows]):.1f}",
        ]
        print("| " + " | ".join(cells) + " |")


def print_factors(results: Sequence[Result]) -> None:
    """Print what the full way makes of each factor of damage."""
    print("\n| full, by factor of the damage | pictures | PSNR in the box, dB | better / worse / as before | IoU |")
    print("| --- " * 5 + "|")
    factors = {kind: factor for kind, (factor, _) in KINDS.items()}
    for factor in dict.fromkeys(factors.values()):
        rows = [row for row in results if row.way == "full" and row.kind and factors[row.kind] == factor]
        signs = [int(np.sign(row.psnr[1] - row.psnr[0])) for row in rows]
        counts = " / ".join(str(signs.count(sign)) for sign in (1, -1, 0))
        iou = _mean([row.iou for row in rows])
        print(f"| {factor} | {len(rows)} | {_change([row.psnr for row in rows], 1)} | {counts} | {iou:.2f} |")


def _change(pairs: Sequence[tuple[float, float]], digits: int) -> str:
    before, after = (_mean([pair[place] for pair in pairs]) for place in (0, 1))
    return f"{before:.{digits}f} to {after:.{digits}f}"


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def save_sheet(path: Path, case: Case, made: dict[str, tuple[Result, Refinement]]) -> None:
    """Write the clean picture, what came in, its mask with the box around the damage, and the results side by side."""
    full = made["full"][1]
    mask = overlay(case.pixels[0], 1 - full.mask.hard.float())
    rows, columns = (case.box.any(axis).nonzero().flatten().tolist() for axis in (1, 0))
    if case.damaged:
        ImageDraw.Draw(mask).rectangle((columns[0], rows[0], columns[-1], rows[-1]), outline="blue", width=2)
    outcomes = [to_pil(made[name][1].pixels) for name in ("full", "stage 2 only", "no guard")]
    sheet = Image.new("RGB", (SIZE * 6, SIZE))
    for place, image in enumerate((to_pil(case.clean), to_pil(case.pixels), mask, *outcomes)):
        sheet.paste(image, (SIZE * place, 0))
    sheet.save(path)


@cache
def _load(data: str) -> tuple[Assets, grefine.GRefine, Inpainter]:
    """Load the models, once a process."""
    torch.set_num_threads(1)  # the models are small: two processes gain more than two threads
    return Assets(data_folder(data), training=False), grefine.load(device="cpu"), load_inpainter("mini", device="cpu")


def run_scene(options: argparse.Namespace, number: int) -> list[Result]:
    """Refine one scene in all ways, and write its sheet if asked."""
    assets, models, inpainter = _load(options.data)
    case = make_case(assets, options.seed, number)
    made = refine(case, lambda pixels, prompt: models.score(pixels, prompt).assessment, inpainter, options.steps)
    if options.save and number < SHEETS:
        options.save.mkdir(parents=True, exist_ok=True)
        save_sheet(options.save / f"{number:02}-{case.kind or 'clean'}.png", case, made)
    return [result for result, _ in made.values()]


def run_scenes(options: argparse.Namespace) -> list[list[Result]]:
    """Return the results of each scene; those in the journal are not made again."""
    journal: Path | None = options.journal
    lines = journal.read_text(encoding="utf-8").splitlines() if journal and journal.is_file() else []
    run = [options.seed, options.steps, SIZE]
    kept = [record for record in map(json.loads, lines) if record["run"] == run]
    done = {record["scene"]: [Result(**row) for row in record["results"]] for record in kept}
    waiting = [number for number in range(options.scenes) if number not in done]
    began = time.perf_counter()
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(run_scene, options, number): number for number in waiting}
        for count, future in enumerate(as_completed(futures), start=1):
            number = futures[future]
            done[number] = future.result()
            print(f"{count} of {len(waiting)} scenes, {time.perf_counter() - began:.0f} s", file=sys.stderr)
            if journal:
                with journal.open("a", encoding="utf-8") as file:
                    rows = [asdict(result) for result in done[number]]
                    file.write(json.dumps({"run": run, "scene": number, "results": rows}) + "\n")
    return [done[number] for number in range(options.scenes)]


def main() -> None:
    """Print the tables."""
    parser = arguments(__doc__)
    parser.add_argument("--steps", type=int, default=STEPS, help="of both stages together")
    parser.add_argument("--jobs", type=int, default=2, help="processes, with one thread each")
    parser.add_argument("--save", type=Path, metavar="DIR", help="write the first scenes before and after, with masks")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="keep what is done, and go on from there")
    options = parser.parse_args()
    if not options.data:
        print("balance: needs the data folder, as --data or in GREFINE_DATA; not run.")
        return
    results = [result for scene in run_scenes(options) for result in scene]
    print(f"{options.scenes} scenes of {SIZE} px, seed {options.seed}, preset mini, {options.steps} steps, ", end="")
    print(f"torch {torch.__version__}, {platform.machine()}, {options.jobs} processes of one thread\n")
    print_table(results)
    print_factors(results)


if __name__ == "__main__":
    main()

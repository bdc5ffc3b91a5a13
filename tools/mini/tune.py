r"""Fine-tune a copy of the trunk together with the quality head, on damaged scenes that are drawn as it goes.

    python -m tools.mini.tune --data DATA --work CACHE --minutes 40
    python -m tools.mini.tune --data DATA --work CACHE --minutes 10 --device cuda --precision bf16 --cells 28 \
        --batch 64 --workers 14

The trunk itself stays as it is: meaning needs it. What is tuned is a second pyramid that looks at quality, and
its head, which starts from CACHE/quality.pt of `tools.mini.fit` if that is there. Goes
on from CACHE/tuned.pt, which it writes every two minutes; `tools.mini.fit` takes it from there. An H200
sees 577 pictures a second, two CPU cores 17 quarters of one: after 42 minutes of them it was no better than the frozen
trunk, and the shipped pack is without it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from grefine_mini.files import trunk_file
from grefine_mini.quality_head import QUALITY, QualityHead
from grefine_mini.statistics import CELL, cell_statistics
from grefine_mini.trunk import STRIDE, Pyramid, load_trunk
from tools.mini.assets import Assets, data_folder
from tools.mini.diffusion.run import Run, RunSettings, load_average
from tools.mini.fit_quality import Labels, labels, loss_of, predict, whole_of
from tools.mini.quality_scenes import CELLS, CLEAN, SOFT_CLEAN, DrawQualityScene, QualityScene
from tools.mini.stream import generator

TUNED = "tuned.pt"
SEED = 17
QUALITY_FILE = "quality.pt"
RATE, BATCH, SIDE = 3e-4, 16, 14
"""Of two CPU cores: the batch, and the side in cells of what is seen of a scene."""
SOFT = 0.4
"""Share of the pictures that were small once: see `DrawQualityScene`."""
SMALLER = 0.4
"""Share of the steps that see a part of every picture."""
FIRST_SCENES = 512
"""Of which the head's mean and deviation of clean cells are taken."""


class TunedSight(nn.Module):
    """The pyramid, its head, and the directions of the four scores."""

    def __init__(self) -> None:
        super().__init__()
        self.sight, self.head = Pyramid(), QualityHead()
        self.rows = nn.Parameter(torch.randn(4, QUALITY, generator=torch.Generator().manual_seed(2)))

    def statistics(self, pixels: Tensor) -> Tensor:
        """Return the statistics of cells, float32, of pictures (B, 3, H, W) in [0, 1]."""
        levels = self.sight(pixels)
        with torch.autocast(pixels.device.type, enabled=False):  # spreads are differences of large numbers
            return cell_statistics([level.float() for level in levels], pixels.float())

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of cells and wholes."""
        return predict(self.head, self.rows, self.statistics(pixels))


@dataclass(frozen=True, kw_only=True)
class Scenes(IterableDataset[dict[str, Any]]):
    """Scene after scene from `start`; which process makes which depends on their number, what it is does not."""

    assets: Assets
    start: int
    cells: int
    """Side of the part of each scene that is seen."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield pixels and what is known of them."""
        worker = get_worker_info()
        mine, many = (worker.id, worker.num_workers) if worker else (0, 1)
        cv2.setNumThreads(1)
        index = self.start + mine
        while True:
            yield record_of(draw_scene(self.assets, index), self.cells, generator(SEED + 1, index))
            index += many


def draw_scene(assets: Assets, index: int) -> QualityScene:
    """Return scene `index` of the stream."""
    rng = generator(SEED, index)
    soft = bool(rng.random() < SOFT)
    return DrawQualityScene(assets=assets, soft=soft, clean=SOFT_CLEAN if soft else CLEAN)(rng, index)


def record_of(scene: QualityScene, cells: int, rng: Generator) -> dict[str, Any]:
    """Return a part of a scene as tensors: `pixels` (3, H, W) uint8, `loss` (cells, cells), `factor`."""
    top, left = rng.integers(0, CELLS - cells + 1, 2)
    rows, columns = slice(top, top + cells), slice(left, left + cells)
    pixels = torch.from_numpy(scene.pixels).permute(2, 0, 1)
    part = pixels[:, top * CELL : (top + cells) * CELL, left * CELL : (left + cells) * CELL].contiguous()
    return {"pixels": part, "loss": scene.loss[rows, columns], "factor": scene.factor}


def cut(pixels: Tensor, target: Labels, draw: torch.Generator) -> tuple[Tensor, Labels]:
    """Return the batch mirrored or not, whole or a part of it."""
    if torch.rand((), generator=draw) < 0.5:
        pixels, target = pixels.flip(3), Labels(target.cells.flip(2), target.whole)
    most, step = target.cells.shape[1], STRIDE // CELL
    if torch.rand((), generator=draw) < SMALLER:
        side = step * int(torch.randint(most // step // 2, most // step, (), generator=draw))
        top, left = torch.randint(0, most - side + 1, (2,), generator=draw).tolist()
        rows, columns = slice(top, top + side), slice(left, left + side)
        pixels = pixels[..., top * CELL : (top + side) * CELL, left * CELL : (left + side) * CELL]
        cells = target.cells[:, rows, columns]
        target = Labels(cells, whole_of(cells))
    return pixels, target


@torch.no_grad()
def set_moments(model: TunedSight, assets: Assets) -> None:
    """Set the head's mean and deviation to those of clean cells of the first scenes."""
    cells = []
    for index in range(FIRST_SCENES):
        scene = draw_scene(assets, index)
        if scene.factor == 0:
            pixels = torch.from_numpy(scene.pixels).permute(2, 0, 1)[None].float() / 255
            cells.append(model.statistics(pixels).flatten(0, 2)[::5])
    clean = torch.cat(cells)
    model.head.mean.copy_(clean.mean(0))
    model.head.std.copy_(clean.std(0).clamp(min=1e-3))


def start_from(work: Path, assets: Assets) -> TunedSight:
    """Return a model whose pyramid is the trunk's, with the head that was fitted to it if there is one."""
    model = TunedSight()
    model.sight.load_state_dict(load_trunk(trunk_file())[0].pyramid.state_dict())
    file = work / QUALITY_FILE
    if file.is_file():
        state = torch.load(file, weights_only=True)
        model.head.load_state_dict(state["head"])
        model.rows.data.copy_(state["rows"])
    else:
        set_moments(model, assets)
    return model


def tune(run: Run, assets: Assets) -> None:
    """Train until the time is over."""
    settings, device = run.settings, run.settings.device
    run.model.train(False)  # batch norms keep ImageNet's statistics
    scenes = Scenes(assets=assets, start=FIRST_SCENES + run.step * settings.batch, cells=settings.size)
    loader = DataLoader(
        scenes,
        batch_size=settings.batch,
        num_workers=settings.workers,
        pin_memory=device.type == "cuda",
        multiprocessing_context="spawn" if settings.workers else None,  # a fork would share open files
        prefetch_factor=4 if settings.workers else None,
    )
    batches = iter(loader)
    draw = torch.Generator().manual_seed(run.step)
    for _ in run.steps():
        batch = {name: value.to(device, non_blocking=True) for name, value in next(batches).items()}
        pixels, target = cut(batch.pop("pixels").float() / 255, labels(batch), draw)
        with run.autocast():
            guess = run.model(pixels.contiguous(memory_format=torch.channels_last))
        run.update(loss_of(guess, target))
    run.save()


def load_tuned(file: Path) -> TunedSight:
    """Return the moving average of a run."""
    model = TunedSight()
    load_average(model, file)
    return model


def default_settings(minutes: float) -> RunSettings:
    """Return what suits two cores of a CPU."""
    return RunSettings(
        minutes=minutes, rate=RATE, batch=BATCH, size=SIDE, pool=0, device=torch.device("cpu"), workers=1
    )


def run(data: Path, work: Path, settings: RunSettings) -> None:
    """Tune for the given minutes, on from the checkpoint in `work`."""
    work.mkdir(parents=True, exist_ok=True)
    assets = Assets(data, training=True)
    tune(Run(start_from(work, assets), TunedSight(), work / TUNED, settings), assets)


def main() -> None:
    """Read the command line and tune."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the data folder (default: GREFINE_DATA)")
    parser.add_argument("--work", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--cells", type=int, default=SIDE, help=f"side of what is seen of a scene, up to {CELLS}")
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw scenes")
    args = parser.parse_args()
    torch.manual_seed(0)
    settings = replace(
        default_settings(args.minutes),
        rate=args.rate,
        batch=args.batch,
        size=args.cells,
        device=torch.device(args.device),
        precision=args.precision,
        workers=args.workers,
    )
    run(data_folder(args.data), args.work, settings)


if __name__ == "__main__":
    main()

"""Fit everything of the mini encoder that is ours: its heads and its quality pairs.

    python -m tools.mini.fit --data DATA --work CACHE [--out FOLDER] [--quick]

Features are computed into CACHE, once, piece by piece (about 25 minutes on a core), the fits take 20 more of two. What
`tools.mini.tune` left in CACHE is used: its pyramid and head for quality, which then are not fitted here. Writes
`heads.safetensors` and `pairs.safetensors`, after tuning `sight.safetensors` too, and renews `sha256.json`. New
pairs have no reference set: run `tools.mini.reference_set` after it; `tools.mini.evaluate` measures what came of it.
The shipped pack learnt from more photographs than the data folder has: see `tools.mini.fetch_photographs`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from grefine_mini.encoder import HEADS_FILE, SIGHT_FILE, MiniEncoder, load
from grefine_mini.files import MANIFEST, WEIGHTS, trunk_file
from grefine_mini.heads import Cells, Heads
from grefine_mini.quality_head import QualityHead
from grefine_mini.text import MiniText
from grefine_mini.trunk import Pyramid, Trunk, load_trunk
from tools.mini.assets import Assets, data_folder
from tools.mini.meaning_scenes import cached, clean_scenes, cut_outs
from tools.mini.quality_scenes import SOFT_CLEAN, DrawQualityScene, load_or_measure
from tools.mini.tune import QUALITY_FILE, TUNED, load_tuned

CLEAN, HELD = 300, 300
"""Clean scenes; damaged ones of other wallpapers and nouns."""
PART, PARTS, TUNED_PARTS = 500, (10, 4, 2), (2, 1, 0)
"""Scenes in a part; parts that are damaged, soft, and clean photographs, from which a quality head learns with a
frozen trunk; and after fine-tuning, where only the pairs are fitted on them."""
STEPS, OBJECT_STEPS = 6000, 700
"""Of the quality head with a frozen trunk, and of the object head."""


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Everything that the fits need."""

    objects: dict[str, Any]
    clean: list[dict[str, Any]]
    damaged: list[dict[str, Any]]
    held: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Images:
    """The image side: trunk and its classifier; the pyramid that looks at quality, and its head."""

    trunk: Trunk
    classifier: Tensor
    quality: QualityHead
    rows: Tensor
    """Shape (4, 32): the directions of its scores."""
    sight: Pyramid | None
    """None: the trunk's own."""

    @classmethod
    def load(cls, work: Path) -> Images:
        """Load the trunk, and what `tools.mini.tune` or else `fit_frozen` left in `work`."""
        trunk, classifier = load_trunk(trunk_file())
        if (work / TUNED).is_file():
            tuned = load_tuned(work / TUNED)
            rows = tuned.rows.detach()
            return cls(trunk=trunk, classifier=classifier, quality=tuned.head, rows=rows, sight=tuned.sight)
        quality, fitted = QualityHead(), torch.load(work / QUALITY_FILE, weights_only=True)
        quality.load_state_dict(fitted["head"])
        return cls(trunk=trunk, classifier=classifier, quality=quality, rows=fitted["rows"], sight=None)

    @property
    def pyramid(self) -> Pyramid:
        """What looks at quality."""
        return self.trunk.pyramid if self.sight is None else self.sight


def damaged_scenes(sight: Pyramid, train: Assets, own: Path, parts: Sequence[int], many: int) -> list[dict[str, Any]]:
    """Return so many parts of damaged, of soft and of clean photographic scenes, each of `many`; cached in `own`."""
    own.mkdir(parents=True, exist_ok=True)
    kinds = {
        "damaged": DrawQualityScene(assets=train),
        "soft": DrawQualityScene(assets=train, soft=True, clean=SOFT_CLEAN),
        "photographs": DrawQualityScene(assets=train, photographs=1, clean=1, vivid=0.6),
    }
    return [
        load_or_measure(own / f"{name}-{i}-{many}.pt", sight, draw, seed + i, many)
        for (name, draw), seed, count in zip(kinds.items(), (100, 200, 300), parts, strict=True)
        for i in range(count)
    ]


def fit_frozen(data: Path, work: Path, *, quick: bool) -> None:
    """Fit a quality head to the trunk as it is, into QUALITY_FILE of `work`; nothing to do if that is there."""
    from tools.mini.fit_quality import Pool, fit_quality

    if (work / QUALITY_FILE).is_file():
        return
    less, head = 10 if quick else 1, QualityHead()
    sight, train = load_trunk(trunk_file())[0].pyramid, Assets(data, training=True)
    rows = fit_quality(head, Pool(damaged_scenes(sight, train, work / "frozen", PARTS, PART // less)), STEPS // less)
    torch.save({"head": head.state_dict(), "rows": rows}, work / QUALITY_FILE)


def gather(images: Images, data: Path, work: Path, *, quick: bool) -> Gathered:
    """Return all cached features, computing those that are not there."""
    train, held = Assets(data, training=True), Assets(data, training=False)
    less, tuned, sight = 10 if quick else 1, images.sight is not None, images.pyramid
    own = work / ("tuned" if tuned else "frozen")
    damaged = damaged_scenes(sight, train, own, TUNED_PARTS if tuned else PARTS, PART // less)
    make_clean = partial(clean_scenes, images.trunk, sight, train, 1, CLEAN // less)
    out = Gathered(
        objects=cached(work / "objects.pt", partial(cut_outs, images.trunk, train, 5)),
        clean=cached(own / f"clean-{CLEAN // less}.pt", make_clean),
        damaged=damaged,
        held=load_or_measure(own / f"held-{HELD // less}.pt", sight, DrawQualityScene(assets=held), 4, HELD // less),
    )
    print(f"{len(out.objects['rows'])} cut-outs, {len(out.clean)} clean scenes, {len(damaged)} parts", flush=True)
    return out


def fit_heads(images: Images, text: MiniText, found: Gathered, data: Path, steps: int) -> Heads:
    """Return new heads around a trained quality head, objects fitted in so many steps; presence is calibrated last."""
    from tools.mini.fit_meaning import fit_colors, fit_means, fit_things, remember
    from tools.mini.fit_objects import fit_objects

    heads = Heads(memory=0, color_words=0).requires_grad_(False)
    heads.quality.load_state_dict(images.quality.state_dict())
    fit_objects(heads.objects, found.damaged, steps)
    remember(heads, text, images.classifier, found.objects)
    fit_colors(heads, text, Assets(data, training=True))
    nouns = sorted({row["noun"] for row in found.objects["rows"]})
    fit_things(heads, text, nouns, sorted({scene["ground"] for scene in found.clean}))
    fit_means(heads, found.clean)
    return heads


@torch.no_grad()
def contents_of(heads: Heads, clean: list[dict[str, Any]]) -> tuple[Tensor, Tensor]:
    """Return features of whole clean scenes (n, D), and of some of their cells and of them (m, D)."""
    from tools.mini.fit_meaning import color_roots

    wholes, cells = [], []
    for scene in clean:
        colors = color_roots(heads, scene).square()
        one = heads.image(Cells(*(x.float()[None] for x in (scene["head"], scene["statistics"], colors))))
        wholes.append(one.global_[0])
        cells.append(one.patches.flatten(1, 2)[0, ::29])
    whole = torch.stack(wholes)
    return whole, torch.cat([whole, *cells])


def write_manifest(folder: Path) -> None:
    """List the sha256 of every file of the pack's weights folder."""
    names = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
    digests = {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in names}
    (folder / MANIFEST).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


def _save(module: nn.Module, file: Path) -> None:
    state = {k: v.half().contiguous() for k, v in module.state_dict().items() if v.is_floating_point()}
    save_file(state, file)


def main() -> None:
    """Gather, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the data folder (default: GREFINE_DATA)")
    parser.add_argument("--work", type=Path, required=True, help="folder for cached features")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--quick", action="store_true", help="a tenth of the scenes: minutes, weak")
    args = parser.parse_args()
    torch.manual_seed(0)
    run(data_folder(args.data), args.work, args.out, quick=args.quick)


def run(folder: Path, work: Path, out: Path, *, quick: bool) -> None:
    """Do all of it for a data folder."""
    from tools.mini.fit_pairs import fit_quality_pairs
    from tools.mini.measure import SHARES, calibrate, photographs, scenes

    work.mkdir(parents=True, exist_ok=True)
    if not (work / TUNED).is_file():
        fit_frozen(folder, work, quick=quick)
    images = Images.load(work)
    found, text = gather(images, folder, work, quick=quick), MiniText.load()
    heads = fit_heads(images, text, found, folder, OBJECT_STEPS // (10 if quick else 1))
    heads.shares.copy_(torch.tensor(SHARES) / sum(SHARES))
    encoder = MiniEncoder(images.trunk, text, heads, images.sight)
    shown, wholes = photographs(encoder, folder, training=True), contents_of(heads, found.clean)[0]
    calibrate(encoder, *(torch.cat(pair) for pair in zip(shown, scenes(encoder, wholes, found.clean), strict=True)))
    out.mkdir(parents=True, exist_ok=True)
    _save(heads, out / HEADS_FILE)
    if images.sight is not None:
        _save(images.sight, out / SIGHT_FILE)
    # the pairs see the heads as they ship, rounded to half precision
    write_manifest(out)
    encoder = load(device=torch.device("cpu"), folder=out)
    contents = contents_of(encoder.heads, found.clean)[1]
    fit_quality_pairs(encoder, out, images.rows, (found.damaged, [found.held]), contents)
    write_manifest(out)


if __name__ == "__main__":
    main()

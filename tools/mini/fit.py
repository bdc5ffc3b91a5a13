"""Fit everything of the mini encoder that is ours: its heads and its quality pairs.

    python -m tools.mini.fit --data DATA --work CACHE [--out FOLDER] [--quick]

Features are computed into CACHE, once, piece by piece (about 25 minutes on a core), the fits take 15 more.
Writes `heads.safetensors` and `pairs.safetensors` and renews `sha256.json`. New pairs have no reference set:
run `tools.mini.reference_set` after it; `tools.mini.evaluate` measures what came of it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from grefine_mini.encoder import HEADS_FILE, MiniEncoder, load
from grefine_mini.files import MANIFEST, WEIGHTS, own_file, trunk_file
from grefine_mini.heads import Cells, Heads
from grefine_mini.text import MiniText
from grefine_mini.trunk import Trunk, load_trunk
from tools.mini.assets import Assets, data_folder
from tools.mini.meaning_scenes import cached, clean_scenes, cut_outs
from tools.mini.quality_scenes import load_or_measure

CLEAN, PART, PARTS, SOFT_PARTS, HELD = 300, 500, 10, 4, 300
"""Clean scenes; damaged ones in a part, parts of them, and of soft ones; damaged ones of other wallpapers and nouns."""
QUALITY_STEPS = 1700


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Everything that the fits need."""

    objects: dict[str, Any]
    clean: list[dict[str, Any]]
    damaged: list[dict[str, Any]]
    held: dict[str, Any]


def gather(trunk: Trunk, data: Path, work: Path, *, quick: bool) -> Gathered:
    """Return all cached features, computing those that are not there."""
    work.mkdir(parents=True, exist_ok=True)
    train, held = Assets(data, training=True), Assets(data, training=False)
    less = 10 if quick else 1
    many = PART // less
    damaged = [load_or_measure(work / f"damaged-{i}-{many}.pt", trunk, train, 100 + i, many) for i in range(PARTS)]
    damaged += [
        load_or_measure(work / f"soft-{i}-{many}.pt", trunk, train, 200 + i, many, soft=True) for i in range(SOFT_PARTS)
    ]
    out = Gathered(
        objects=cached(work / "objects.pt", partial(cut_outs, trunk, train, 5)),
        clean=cached(work / f"clean-{CLEAN // less}.pt", partial(clean_scenes, trunk, train, 1, CLEAN // less)),
        damaged=damaged,
        held=load_or_measure(work / f"held-{HELD // less}.pt", trunk, held, 4, HELD // less),
    )
    print(f"{len(out.objects['rows'])} cut-outs, {len(out.clean)} clean scenes, {len(damaged)} parts", flush=True)
    return out


def fit_heads(classifier: Tensor, text: MiniText, found: Gathered, data: Path) -> Heads:
    """Return new heads; the scale and the threshold of presence are set last."""
    from tools.mini.fit_meaning import fit_colors, fit_means, fit_things, remember

    heads = Heads(memory=0, color_words=0).requires_grad_(False)
    remember(heads, text, classifier, found.objects)
    fit_colors(heads, text, Assets(data, training=True))
    nouns = sorted({row["noun"] for row in found.objects["rows"]})
    fit_things(heads, text, found.clean, nouns, sorted({scene["ground"] for scene in found.clean}))
    fit_means(heads, found.clean)
    return heads


@torch.no_grad()
def contents_of(heads: Heads, clean: list[dict[str, Any]]) -> tuple[Tensor, Tensor]:
    """Return features of whole clean scenes (n, D), and of some of their cells and of them (m, D).

    Their quality part is that of average statistics.
    """
    from tools.mini.fit_meaning import color_roots

    wholes, cells = [], []
    for scene in clean:
        statistics = heads.quality.mean.expand(1, *scene["mask"].shape, -1)
        one = heads.image(Cells(scene["head"].float()[None], statistics, color_roots(heads, scene).square()[None]))
        wholes.append(one.global_[0])
        cells.append(one.patches.flatten(1, 2)[0, ::29])
    whole = torch.stack(wholes)
    return whole, torch.cat([whole, *cells])


def write_manifest(folder: Path) -> None:
    """List the sha256 of every file of the pack's weights folder."""
    names = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
    digests = {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in names}
    (folder / MANIFEST).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


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
    from tools.mini.fit_quality import Pool, fit_quality
    from tools.mini.measure import SHARES, calibrate, photographs, scenes

    trunk, classifier = load_trunk(trunk_file())
    found, text = gather(trunk, folder, work, quick=quick), MiniText.load()
    heads = fit_heads(classifier, text, found, folder)
    pool = Pool(found.damaged)
    fit_quality(heads.quality, pool, QUALITY_STEPS // (10 if quick else 1))
    heads.shares.copy_(torch.tensor(SHARES) / sum(SHARES))
    encoder = MiniEncoder(trunk, text, heads)
    shown, wholes = photographs(encoder, folder, training=True), contents_of(heads, found.clean)[0]
    calibrate(encoder, *(torch.cat(pair) for pair in zip(shown, scenes(encoder, wholes, found.clean), strict=True)))
    out.mkdir(parents=True, exist_ok=True)
    save_file({k: v.half().contiguous() for k, v in heads.state_dict().items()}, out / HEADS_FILE)
    # the pairs see the heads as they ship, rounded to half precision
    write_manifest(out)
    encoder = load(device=torch.device("cpu"), heads=own_file(HEADS_FILE, folder=out))
    fit_quality_pairs(encoder, out, pool, Pool([found.held]), contents_of(encoder.heads, found.clean)[1])
    write_manifest(out)


if __name__ == "__main__":
    main()

"""Fit everything of the mini encoder that is ours: its heads and its quality pairs.

    python -m tools.mini.fit --data DATA --work CACHE [--out FOLDER] [--quick]

Features are computed once into CACHE (about 20 minutes on two cores), the fits take a few more.
Writes `heads.safetensors` and `pairs.safetensors`, renews `sha256.json`, and prints what it
measured on nouns and wallpapers that were kept from training. New pairs have no reference set:
run `tools.mini.reference_set` after it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from grefine_mini.encoder import HEADS_FILE, MiniEncoder, load
from grefine_mini.files import MANIFEST, WEIGHTS, own_file, trunk_file
from grefine_mini.heads import Heads
from grefine_mini.text import MiniText
from grefine_mini.trunk import Trunk, load_trunk
from tools.mini.assets import Assets, data_folder
from tools.mini.cache import cached, objects, scenes

SIZES = {"clean": (600, 1), "clean-held": (200, 2), "damaged": (1200, 3), "damaged-held": (250, 4)}
"""Scenes and seed of each set; the held ones use other wallpapers and nouns."""


def gather(trunk: Trunk, data: Path, work: Path, *, quick: bool) -> dict[str, dict[str, Any]]:
    """Return all cached features by name, computing those that are not there."""
    work.mkdir(parents=True, exist_ok=True)
    train, held = Assets(data, training=True), Assets(data, training=False)
    out = {}
    for name, (count, seed) in SIZES.items():
        assets, share = held if name.endswith("held") else train, 0.75 if "damaged" in name else 0.0
        number = count // 10 if quick else count
        out[name] = cached(
            work / f"{name}-{number}.pt",
            partial(scenes, trunk, assets, seed, count=number, damaged=share),
        )
        print(f"{name}: {number} scenes", flush=True)
    for name, assets in (("objects", train), ("objects-held", held)):
        out[name] = cached(work / f"{name}.pt", partial(objects, trunk, assets, 5))
        print(f"{name}: {len(out[name]['rows'])}", flush=True)
    return out


def write_manifest(folder: Path) -> None:
    """List the sha256 of every file of the pack's weights folder."""
    names = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
    digests = {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in names}
    (folder / MANIFEST).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Gather, fit, write, report."""
    from tools.mini.fit_meaning import fit_meaning
    from tools.mini.fit_pairs import fit_quality_pairs
    from tools.mini.fit_quality import fit_quality
    from tools.mini.measure import calibrate, report

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the data folder (default: GREFINE_DATA)")
    parser.add_argument("--work", type=Path, required=True, help="folder for cached features")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--quick", action="store_true", help="a tenth of the scenes: minutes, weak")
    args = parser.parse_args()
    torch.manual_seed(0)
    folder = data_folder(args.data)
    trunk, classifier = load_trunk(trunk_file())
    data = gather(trunk, folder, args.work, quick=args.quick)
    text, heads = MiniText.load(), Heads().requires_grad_(False)
    fit_meaning(heads, text, classifier, data["objects"], data["clean"])
    fit_quality(heads.quality, [data["damaged"], data["clean"]], data["damaged-held"])
    calibrate(MiniEncoder(trunk, text, heads), folder)
    args.out.mkdir(parents=True, exist_ok=True)
    save_file({k: v.half().contiguous() for k, v in heads.state_dict().items()}, args.out / HEADS_FILE)
    # the pairs and the report see the heads as they ship, rounded to half precision
    write_manifest(args.out)
    encoder = load(device=torch.device("cpu"), heads=own_file(HEADS_FILE, folder=args.out))
    fit_quality_pairs(encoder, args.out, [data["damaged"], data["clean"]], data["damaged-held"])
    write_manifest(args.out)
    report(encoder, data)


if __name__ == "__main__":
    main()

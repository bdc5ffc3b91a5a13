"""Make all weights of the mini pack that are ours, in order: heads and pairs, reference set, diffusion.

    python -m tools.mini.train --data DATA --work FOLDER [--out FOLDER] [--tune 10] [--minutes 25 60] [--quick]

Everything is kept in `--work` and goes on from there after a stop. `--quick` makes a small version in some
minutes, of a tenth of the scenes and a minute of each network, to see that all works; its models are weak.
The parser has a program of its own (`tools.parser`).
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import torch

from grefine_mini.files import WEIGHTS
from tools.mini import fit, reference_set, train_diffusion, tune
from tools.mini.assets import data_folder
from tools.mini.diffusion.train import export

MINUTES = (25.0, 60.0)
"""Of the autoencoder and of the UNet; what was spent on the shipped ones is told in the model card."""
QUICK_MINUTES = (1.0, 1.0)
QUICK_POOL = 400


def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the data folder (default: GREFINE_DATA)")
    parser.add_argument("--work", type=Path, required=True, help="folder for features and checkpoints")
    parser.add_argument("--out", type=Path, help="folder for the weights (default: `out` in --work)")
    parser.add_argument("--minutes", type=float, nargs=2, metavar=("VAE", "UNET"))
    parser.add_argument(
        "--tune", type=float, default=0.0, metavar="MINUTES", help="of fine-tuning for quality, on a GPU"
    )
    parser.add_argument("--device", default="cpu", help="of fine-tuning and the diffusion model")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="bf16", help="of the UNet's training")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    data, out = data_folder(args.data), args.out or args.work / "out"
    torch.manual_seed(0)
    minutes = args.minutes or (QUICK_MINUTES if args.quick else MINUTES)
    if args.tune:
        fit.fit_frozen(data, args.work, quick=args.quick)
        tune.run(data, args.work, replace(tune.default_settings(args.tune), device=torch.device(args.device)))
    fit.run(data, args.work, out, quick=args.quick)
    reference_set.run(data, out, share=0.1 if args.quick else 1.0)
    for stage, spent in zip(("vae", "unet"), minutes, strict=True):
        settings = train_diffusion.default_settings(
            stage,
            minutes=spent,
            device=torch.device(args.device),
            precision=args.precision if stage == "unet" else "fp32",
            pool=QUICK_POOL if args.quick else None,
        )
        train_diffusion.train_stage(stage, settings, data, args.work)
    export(args.work, out / "diffusion")
    if out != WEIGHTS:  # a whole pack, so that `tools.mini.evaluate --weights` can measure it
        shutil.copytree(WEIGHTS / "parser", out / "parser", dirs_exist_ok=True)
    fit.write_manifest(out)


if __name__ == "__main__":
    main()

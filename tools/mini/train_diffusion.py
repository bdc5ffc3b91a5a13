"""Train the tiny latent inpainting model of the mini pack: first its VAE, then its UNet.

    python -m tools.mini.train_diffusion --data DATA --out RUN --stage vae --minutes 30
    python -m tools.mini.train_diffusion --data DATA --out RUN --stage unet --minutes 90 --precision bf16
    python -m tools.mini.train_diffusion --out RUN --export FOLDER

Each stage continues from RUN/<stage>.pt if it is there and writes it every two minutes. Layout:
stock `StableDiffusionInpaintPipeline` (9-channel UNet), text side MiniLM's token states. The program
is the same on a CPU and a GPU (`--device cuda --precision bf16 --batch 128`).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from tools.mini.assets import Assets, data_folder
from tools.mini.diffusion.models import build_unet, build_vae
from tools.mini.diffusion.run import Run, RunSettings
from tools.mini.diffusion.train import export, train_unet, train_vae, trained_vae

RATES = {"vae": 3e-4, "unet": 4e-4}
POOLS = {"vae": 16000, "unet": 6000}


def default_settings(
    stage: str, *, minutes: float, device: torch.device, precision: str = "fp32", pool: int | None = None
) -> RunSettings:
    """Return the settings that the shipped weights were trained with, but for what is given."""
    return RunSettings(
        minutes=minutes,
        rate=RATES[stage],
        batch=8,
        size=64,
        pool=pool or POOLS[stage],
        device=device,
        precision=precision,
    )


def train_stage(stage: str, settings: RunSettings, data: Path, out: Path) -> None:
    """Train `vae` or `unet` in a run folder, on from its checkpoint."""
    assets = Assets(data, training=True)
    build = build_vae if stage == "vae" else build_unet
    run = Run(build(), build(), out / f"{stage}.pt", settings)
    if stage == "vae":
        train_vae(run, assets)
    else:
        train_unet(run, trained_vae(out), assets)


def main() -> None:
    """Train one stage for the given minutes, or export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the data folder (default: GREFINE_DATA)")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints")
    parser.add_argument("--stage", choices=("vae", "unet"))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--size", type=int, default=64, help="side of the training pictures in pixels")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--pool", type=int, help="crops or tasks that are trained on, drawn once a run")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="bf16 ruins the VAE")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw tasks for the UNet")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--export", type=Path, help="write vae/, unet/ and scheduler/ there")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.stage:
        usual = default_settings(
            args.stage,
            minutes=args.minutes,
            device=torch.device(args.device),
            precision=args.precision,
            pool=args.pool,
        )
        settings = replace(usual, size=args.size, batch=args.batch, rate=args.rate or usual.rate, workers=args.workers)
        train_stage(args.stage, settings, data_folder(args.data), args.out)
    if args.export:
        export(args.out, args.export)


if __name__ == "__main__":
    main()

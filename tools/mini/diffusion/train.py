"""The two stages of training: the autoencoder, and the UNet in its latents."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional

from tools.mini.assets import Assets
from tools.mini.diffusion.models import build_scheduler, build_unet, build_vae
from tools.mini.diffusion.run import Run, load_average
from tools.mini.diffusion.tasks import DrawTask, draw_crops, to_tensor
from tools.mini.stream import stream

SEED = 11
CHUNK = 32
"""Tasks encoded at once."""
LOW_LEVELS = 0.9
"""Share of the steps at levels below `LOW_LEVEL`, where repairs happen."""
LOW_LEVEL = 60
PAINT_LEVEL = 500
"""Objects are painted from here on."""


def train_vae(run: Run, assets: Assets) -> None:
    """L1 and squared error of pixels, L1 of their gradients, and a faint KL that keeps latents near unit scale."""
    settings, device = run.settings, run.settings.device
    crops = draw_crops(assets, np.random.default_rng((13, run.step)), settings.size, settings.pool)
    print(f"{len(crops)} crops drawn", flush=True)
    for rng in run.steps():
        x = crops[rng.integers(0, len(crops), settings.batch)].to(device).float() / 127.5 - 1
        with run.autocast():
            posterior = run.model.encode(x).latent_dist
            y = run.model.decode(posterior.sample()).sample
        error = x - y.float()
        edges = sum(error.diff(dim=d).abs().mean() for d in (2, 3))
        kl = posterior.kl().float().mean()
        run.update(error.abs().mean() + 0.5 * edges + 2 * error.square().mean() + 1e-6 * kl)
    with torch.no_grad():  # the scale that makes latents unit variance, as in Stable Diffusion
        x = crops[:256].to(device).float() / 127.5 - 1
        run.extra["scaling_factor"] = float(1 / run.ema.encode(x).latent_dist.mode().std())
    run.save()


@torch.no_grad()
def encode_tasks(run: Run, vae: AutoencoderKL, assets: Assets) -> dict[str, Tensor]:
    """Draw tasks, in several processes where there are `workers`, and encode them once.

    Noise and levels are drawn anew each time one is used.

    Returns:
        `clean`, `start`, `masked` (n, 4, h, w) float16; `seen` (n, 1, h, w), the latent cells that the
        mask touches; `states` (n, 32, 384) float16; `painted` (n,), whether an object is to be made.
    """
    from grefine_mini.text import MiniText  # MiniLM, shared with the shipped pack

    settings, scale = run.settings, vae.config.scaling_factor
    text = MiniText.load(device=settings.device)
    parts: dict[str, list[Tensor]] = {k: [] for k in ("clean", "start", "masked", "seen", "states", "painted")}
    draw = DrawTask(assets=assets, size=settings.size)
    tasks = stream(draw, seed=SEED, start=run.step, stop=run.step + settings.pool, workers=settings.workers)
    while some := list(islice(tasks, CHUNK)):
        target, source = (
            to_tensor([getattr(task, name) for task in some]).to(settings.device) for name in ("target", "source")
        )
        mask = torch.from_numpy(np.stack([task.mask for task in some]))[:, None].to(settings.device).float()
        latents = vae.encode(torch.cat([target, source, target * (mask < 0.5)])).latent_dist.mode() * scale
        for name, value in zip(("clean", "start", "masked"), latents.half().chunk(3), strict=True):
            parts[name].append(value)
        parts["seen"].append(functional.max_pool2d(mask, 2).half())
        parts["states"].append(text.token_states([task.caption for task in some]).half())
        parts["painted"].append(torch.tensor([task.painted for task in some], device=settings.device))
    return {name: torch.cat(values) for name, values in parts.items()}


def train_unet(run: Run, vae: AutoencoderKL, assets: Assets) -> None:
    """Mean error of the clean latents that the prediction implies, heavier inside the mask.

    Most pictures are noised from a damaged version while the clean one is the target: at low noise the
    model restores, at high noise it paints. That is what stage 1 asks of it (eq. (10)); one UNet serves
    both stages. It predicts v, so that doing nothing is its zero; the loss is taken on the clean
    latents, where a damaged start does not blow up at low noise.
    """
    settings, device = run.settings, run.settings.device
    data = encode_tasks(run, vae.to(device), assets)
    print(f"{len(data['clean'])} tasks encoded", flush=True)
    alphas = build_scheduler().alphas_cumprod.to(device)
    for rng in run.steps():
        chosen = torch.from_numpy(rng.integers(0, len(data["clean"]), settings.batch)).to(device)
        clean, start, masked, seen, states = (
            data[k][chosen].float() for k in ("clean", "start", "masked", "seen", "states")
        )
        low = rng.random(settings.batch) < LOW_LEVELS
        levels = np.where(low, rng.integers(0, LOW_LEVEL, settings.batch), rng.integers(0, 1000, settings.batch))
        steps = torch.from_numpy(levels).to(device)
        steps = torch.where(data["painted"][chosen], PAINT_LEVEL + steps % (1000 - PAINT_LEVEL), steps)
        a = alphas[steps].view(-1, 1, 1, 1)
        noise = torch.from_numpy(rng.standard_normal(clean.shape, dtype=np.float32)).to(device)
        noisy = a.sqrt() * start + (1 - a).sqrt() * noise
        with run.autocast():
            velocity = run.model(torch.cat([noisy, seen, masked], 1), steps, states).sample
        guess = a.sqrt() * noisy - (1 - a).sqrt() * velocity.float()
        weight = 0.1 + 0.9 * seen
        error = (guess - clean).square() + 0.2 * (guess - clean).abs()
        run.update((error * weight).sum() / (weight.sum() * clean.shape[1]))
    run.save()


def trained_vae(folder: Path) -> AutoencoderKL:
    """Return the trained autoencoder of a run folder, its scaling factor set."""
    vae = build_vae()
    vae.register_to_config(scaling_factor=load_average(vae, folder / "vae.pt")["extra"]["scaling_factor"])
    return vae


def export(folder: Path, to: Path) -> None:
    """Write the trained parts as diffusers folders in float16."""
    vae, unet = trained_vae(folder), build_unet()
    load_average(unet, folder / "unet.pt")
    vae.half().save_pretrained(to / "vae")
    unet.half().save_pretrained(to / "unet")
    build_scheduler().save_pretrained(to / "scheduler")

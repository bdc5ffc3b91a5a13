"""Train the tiny latent inpainting model of the mini pack: first its VAE, then its UNet.

    python -m tools.mini.train_diffusion --data DATA --out RUN --stage vae --minutes 10
    python -m tools.mini.train_diffusion --data DATA --out RUN --stage unet --minutes 50
    python -m tools.mini.train_diffusion --out RUN --export FOLDER

Each stage continues from RUN/<stage>.pt if it is there and writes it every two minutes. Layout:
stock `StableDiffusionInpaintPipeline` (9-channel UNet), text side MiniLM's token states.

Most pictures are noised from a damaged version while the clean one is the target: at middle noise
levels the model restores, at high ones it paints. That is what stage 1 asks of it (eq. (10)); one
UNet serves both stages. It predicts v, so that doing nothing is its zero; the loss is taken on the
clean latents, where a damaged start does not blow up at low noise.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from numpy.random import Generator
from torch import Tensor, nn
from torch.nn import functional

from tools.mini.assets import Assets, data_folder
from tools.mini.damage import Array, blob, damage_image
from tools.mini.scenes import compose

CHECKPOINT_SECONDS = 120


def build_vae() -> AutoencoderKL:
    """Return the factor-2 autoencoder: a mild compression keeps good pixels good."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(32, 48),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=16,
        sample_size=128,
        mid_block_add_attention=False,
    )


def build_unet() -> UNet2DConditionModel:
    """Return the 9-channel UNet; attention only at an eighth of the latent size."""
    return UNet2DConditionModel(
        sample_size=64,
        in_channels=9,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(32, 64, 128, 160),
        down_block_types=("DownBlock2D",) * 3 + ("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * 3,
        attention_head_dim=[1, 2, 4, 5],
        cross_attention_dim=384,
        norm_num_groups=16,
        use_linear_projection=True,
    )


def build_scheduler() -> DDIMScheduler:
    """Return the noise schedule of Stable Diffusion, with v prediction."""
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=True,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
    )


def to_tensor(images: list[Array]) -> Tensor:
    """Return (B, 3, H, W) in [-1, 1] from a list of (H, W, 3) in [0, 1]."""
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous() * 2 - 1


def train_vae(run: Run, batch: int) -> None:
    """L1 on pixels and on their gradients, with a faint KL so that latents stay near unit scale."""
    assert run.assets is not None
    for rng in run.steps():
        scenes = [compose(run.assets, rng, run.size, count=int(rng.integers(0, 3))).image for _ in range(batch)]
        worse = [damage_image(s, rng).image if rng.random() < 0.3 else s for s in scenes]
        x = to_tensor(worse)
        posterior = run.model.encode(x).latent_dist
        y = run.model.decode(posterior.sample()).sample
        edges = sum((x.diff(dim=d) - y.diff(dim=d)).abs().mean() for d in (2, 3))
        run.update((x - y).abs().mean() + 0.5 * edges + 1e-6 * posterior.kl().mean())
    with torch.no_grad():  # the scale that makes latents unit variance, as in Stable Diffusion
        rng = np.random.default_rng(1)
        x = to_tensor([compose(run.assets, rng, 128, count=1).image for _ in range(64)])
        run.extra["scaling_factor"] = float(1 / run.ema.encode(x).latent_dist.mode().std())
    run.save()


def draw_task(assets: Assets, rng: Generator, size: int) -> tuple[Array, Array, Array, str, bool]:
    """Return (target, source that is noised, mask, caption, missing object?)."""
    scene = compose(assets, rng, size, count=int(rng.integers(0, 3)))
    target = source = scene.image
    caption = scene.caption if rng.random() < 0.8 else ""
    if rng.random() < 0.2:  # stage 2: everything may change, the source has mild damage or none
        if rng.random() < 0.7:
            source = damage_image(
                target, rng, severity=float(rng.uniform(0.05, 0.4)), everywhere=rng.random() < 0.5
            ).image
        return target, source, np.ones((size, size), np.float32), caption, False
    if scene.objects and rng.random() < 0.35:
        rows, columns = np.nonzero(scene.objects[-1].mask > 0.1)
        if len(rows) > 16:
            mask = np.zeros((size, size), np.float32)
            margin = int(rng.integers(1, max(2, size // 10)))
            top, left = max(0, rows.min() - margin), max(0, columns.min() - margin)
            mask[top : rows.max() + margin + 1, left : columns.max() + margin + 1] = 1
            return target, scene.before_last, mask, scene.objects[-1].caption, True
    mask = (blob(size, size, rng) > 0.3).astype(np.float32)
    if rng.random() < 0.7:
        worse = damage_image(target, rng, everywhere=True).image
        source = target * (1 - mask[..., None]) + worse * mask[..., None]
    return target, source, mask, caption, False


@torch.no_grad()
def encode_tasks(run: Run, vae: AutoencoderKL, count: int) -> dict[str, Tensor]:
    """Draw tasks and encode them once; noise and levels are drawn anew each time one is used.

    Returns:
        `clean`, `start`, `masked` (n, 4, h, w); `seen` (n, 1, h, w), the latent cells that the mask
        touches; `states` (n, 32, 384); `painted` (n,), whether an object is to be made.
    """
    from grefine_mini.text import MiniText  # MiniLM, shared with the shipped pack

    assert run.assets is not None
    text, scale = MiniText.load(), vae.config.scaling_factor
    parts: dict[str, list[Tensor]] = {k: [] for k in ("clean", "start", "masked", "seen", "states", "painted")}
    rng = np.random.default_rng((11, run.step))
    for _ in range(0, count, 8):
        tasks = [draw_task(run.assets, rng, run.size) for _ in range(8)]
        target, source = to_tensor([t[0] for t in tasks]), to_tensor([t[1] for t in tasks])
        mask = torch.from_numpy(np.stack([t[2] for t in tasks]))[:, None]
        latents = vae.encode(torch.cat([target, source, target * (mask < 0.5)])).latent_dist.mode() * scale
        for name, value in zip(("clean", "start", "masked"), latents.chunk(3), strict=True):
            parts[name].append(value)
        parts["seen"].append(functional.max_pool2d(mask, 2))
        parts["states"].append(text.token_states([t[3] for t in tasks]))
        parts["painted"].append(torch.tensor([t[4] for t in tasks]))
    return {name: torch.cat(values) for name, values in parts.items()}


def train_unet(run: Run, batch: int, vae: AutoencoderKL, pool: int) -> None:
    """Mean squared error of the clean latents that the prediction implies, heavier inside the mask."""
    data = encode_tasks(run, vae, pool)
    print(f"{pool} tasks encoded", flush=True)
    alphas = build_scheduler().alphas_cumprod
    for rng in run.steps():
        chosen = torch.from_numpy(rng.integers(0, len(data["clean"]), batch))
        clean, start, masked, seen, states = (data[k][chosen] for k in ("clean", "start", "masked", "seen", "states"))
        steps = torch.from_numpy(rng.integers(0, 1000, batch))
        steps = torch.where(data["painted"][chosen], 500 + steps // 2, steps)
        a = alphas[steps].view(-1, 1, 1, 1)
        noise = torch.from_numpy(rng.standard_normal(clean.shape, dtype=np.float32))
        noisy = a.sqrt() * start + (1 - a).sqrt() * noise
        velocity = run.model(torch.cat([noisy, seen, masked], 1), steps, states).sample
        guess = a.sqrt() * noisy - (1 - a).sqrt() * velocity
        weight = 0.1 + 0.9 * seen
        run.update(((guess - clean).square() * weight).sum() / (weight.sum() * clean.shape[1]))
    run.save()


class Run:
    """A resumable training run of one model: weights, their moving average, optimiser, step."""

    model: Any  # nn.Module knows no `encode`, and diffusers' types are not read
    ema: Any

    def __init__(self, model: nn.Module, average: nn.Module, file: Path, args: argparse.Namespace) -> None:
        self.model, self.ema, self.file = model, average, file
        self.assets = Assets(data_folder(args.data), training=True)
        self.size, self.deadline = args.size, time.time() + 60 * args.minutes
        self.rate, self.step, self.extra = args.rate, 0, dict[str, float]()
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=args.rate, weight_decay=0.01)
        self.seconds, self._began, self._saved, self._losses = 0.0, time.time(), time.time(), list[float]()
        if file.is_file():
            state = torch.load(file, weights_only=True)
            model.load_state_dict(state["model"])
            average.load_state_dict(state["ema"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.seconds, self.extra = state["step"], state["seconds"], state["extra"]
        else:
            average.load_state_dict(model.state_dict())
        average.requires_grad_(False)

    def steps(self) -> Any:
        """Yield one generator a step until the deadline; the same step draws the same data."""
        while time.time() < self.deadline:
            left = (self.deadline - time.time()) / max(1.0, self.deadline - self._began)
            warm = min(1.0, (self.step + 1) / 100)
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate * warm * min(1.0, 0.05 + left * 3)  # falls in the last third
            yield np.random.default_rng((7, self.step))

    def update(self, loss: Tensor) -> None:
        """Step the optimiser and the average; print and save from time to time."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        keep = min(0.999, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for slow, fast in zip(self.ema.parameters(), self.model.parameters(), strict=True):
                slow.lerp_(fast, 1 - keep)
        self.step += 1
        self._losses.append(loss.item())
        if self.step % 100 == 0:
            print(
                f"step {self.step} loss {np.mean(self._losses[-100:]):.4f} {time.time() - self._began:.0f} s",
                flush=True,
            )
        if time.time() - self._saved > CHECKPOINT_SECONDS:
            self.save()

    def save(self) -> None:
        """Write the checkpoint to a temporary name and rename it."""
        self.seconds += time.time() - self._saved
        self._saved = time.time()
        state = {"model": self.model.state_dict(), "ema": self.ema.state_dict(), "step": self.step}
        state |= {"optimizer": self.optimizer.state_dict(), "seconds": self.seconds, "extra": self.extra}
        torch.save(state, self.file.with_suffix(".tmp"))
        self.file.with_suffix(".tmp").replace(self.file)


def load_average(model: nn.Module, file: Path) -> dict[str, Any]:
    """Load the moving average of a run into `model`; return the run's state."""
    state: dict[str, Any] = torch.load(file, weights_only=True)
    model.load_state_dict(state["ema"])
    model.eval().requires_grad_(False)
    return state


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


def main() -> None:
    """Train one stage for the given minutes, or export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the data folder (default: GREFINE_DATA)")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints")
    parser.add_argument("--stage", choices=("vae", "unet"))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--size", type=int, default=64, help="side of the training pictures in pixels")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--pool", type=int, default=4000, help="tasks that the UNet is trained on, drawn once a run")
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--export", type=Path, help="write vae/, unet/ and scheduler/ there")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.stage == "vae":
        train_vae(Run(build_vae(), build_vae(), args.out / "vae.pt", args), args.batch)
    elif args.stage == "unet":
        train_unet(
            Run(build_unet(), build_unet(), args.out / "unet.pt", args), args.batch, trained_vae(args.out), args.pool
        )
    if args.export:
        export(args.out, args.export)


if __name__ == "__main__":
    main()

"""What a refinement costs above its diffusion model: against two bare calls of the stock pipeline.

    python benchmarks/refine_overhead.py [--runs 5] [--size 256] [--guidance 1] [--data FOLDER]
    python benchmarks/refine_overhead.py --gpu [--runs 5] [--data FOLDER]

Both sides run as many UNet evaluations on pictures of the same size: 10 for a region and 10 for the
whole picture. Ours does all that a refinement does but the guard: the mask, the region, the window,
both stages, pasting. The assessor is a stand-in that costs nothing. The two take turns, and the
medians are compared; on a CPU in seconds of one thread, which other work on the machine disturbs
less than a clock would.

Without `--gpu`: the mini pack at its own size, and `compact_base` of the data folder, or another of its
model configurations, with random weights. With it: SDXL's inpainting model in full size with random
weights in bfloat16 at 1024 px, with and without compiled blocks, and the peak memory.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from balanced_refiner import BalancedRefiner, DiffusersInpainter, PainterSettings, RefineSettings, TextStates
from balanced_refiner.diffusion.conditioning import Conditioner, PackConditioner
from balanced_refiner.diffusion.loading import open_pack
from grefine_core import Assessment, QualityMap, load_preset

STEPS = 10
"""Denoising operations of each stage."""
STRONG, MILD = 0.6, 0.1
"""Strengths of the two stages."""
TARGET = 1.10


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model to measure, with its text side."""

    name: str
    pipe: Any
    text: Conditioner
    size: int
    guidance: float
    codec_sigma: float = 0.0


def clock() -> float:
    """Return seconds: of the device where there is one, of this process on a CPU."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def assess(pixels: torch.Tensor, _prompt: str) -> Assessment:
    """Call the middle of every picture poor, at no cost, so that stage 1 has the strength `STRONG`."""
    side = pixels.shape[2]
    quality = torch.ones(pixels.shape[2:])
    quality[side // 4 : side // 2, side // 4 : side // 2] = 0
    return Assessment(
        pq=QualityMap(score=1 - STRONG, map=quality),
        aq=QualityMap(score=1 - STRONG, map=torch.ones_like(quality)),
    )


def refinement(case: Case, picture: torch.Tensor) -> Callable[[], Any]:
    """Return a whole refinement without guard."""
    settings = PainterSettings(working_size=case.size, guidance_scale=case.guidance, codec_sigma=case.codec_sigma)
    inpainter = DiffusersInpainter(case.pipe, case.text, settings, name=case.name)
    refiner = BalancedRefiner(inpainter, assess, RefineSettings(steps=2 * STEPS, delta=MILD, guard=False))

    def run() -> Any:
        result = refiner(picture, "a harbour at dusk")
        assert dict(result.steps) == {"stage1": STEPS, "stage2": STEPS}, result.steps
        return result

    return run


def bare_calls(case: Case, picture: torch.Tensor) -> Callable[[], Any]:
    """Return two calls of the stock pipeline: a box, and the whole picture."""
    box = torch.zeros_like(picture[:, :1])
    box[..., case.size // 4 : case.size // 2, case.size // 4 : case.size // 2] = 1
    place = {"device": case.pipe._execution_device, "dtype": case.pipe.unet.dtype}

    def call(mask: torch.Tensor, strength: float) -> Any:
        states = case.text("a harbour at dusk", ())
        options: dict[str, Any] = {}
        if states.pooled is not None:
            pooled = states.pooled.to(**place)
            options = {"pooled_prompt_embeds": pooled[1:], "negative_pooled_prompt_embeds": pooled[:1]}
        hidden = states.hidden.to(**place)
        return case.pipe(
            prompt_embeds=hidden[1:],
            negative_prompt_embeds=hidden[:1],
            image=picture,
            mask_image=mask,
            height=case.size,
            width=case.size,
            strength=strength,
            num_inference_steps=math.ceil(STEPS / strength - 1e-9),
            guidance_scale=case.guidance,
            generator=[torch.Generator().manual_seed(0)],
            output_type="pt",
            **options,
        ).images.cpu()

    return lambda: (call(box, STRONG), call(torch.ones_like(box), MILD))


def count_evaluations(unet: torch.nn.Module, work: Callable[[], Any]) -> int:
    """Return how often `work` calls the UNet."""
    calls: list[int] = []
    handle = unet.register_forward_hook(lambda *_: calls.append(1))
    work()
    handle.remove()
    return len(calls)


def measure(case: Case, runs: int) -> None:
    """Print one row: medians, their ratio, memory."""
    picture = torch.rand(1, 3, case.size, case.size, generator=torch.Generator().manual_seed(0))
    works = {"ours": refinement(case, picture), "stock": bare_calls(case, picture)}
    counts = {name: count_evaluations(case.pipe.unet, work) for name, work in works.items()}  # warms up, too
    assert counts == {"ours": 2 * STEPS, "stock": 2 * STEPS}, counts
    seconds: dict[str, list[float]] = {name: [] for name in works}
    peaks = dict.fromkeys(works, 0.0)
    for number in range(runs):
        for name in sorted(works, reverse=bool(number % 2)):  # neither is always first
            if torch.cuda.is_available():
                torch.cuda.reset_peak_memory_stats()
            began = clock()
            works[name]()
            seconds[name].append(clock() - began)
            if torch.cuda.is_available():
                peaks[name] = max(peaks[name], torch.cuda.max_memory_allocated() / 2**30)
    ours, stock = (statistics.median(seconds[name]) for name in ("ours", "stock"))
    ratios = [a / b for a, b in zip(seconds["ours"], seconds["stock"], strict=True)]
    verdict = "met" if ours / stock <= TARGET else "missed"
    memory = f", peak {peaks['ours']:.2f} and {peaks['stock']:.2f} GiB" if any(peaks.values()) else ""
    print(
        f"{case.name}, {case.size} px, guidance {case.guidance:g}: ours {ours:.3f} s, stock {stock:.3f} s, "
        f"ratio {ours / stock:.3f} (runs {min(ratios):.3f} to {max(ratios):.3f}), at most {TARGET}: {verdict}{memory}"
    )


def mini_case() -> Case:
    """Return the mini pack."""
    device = torch.device("cpu")
    pack = load_preset("grefine.diffusion", "mini").load(device=device)
    return Case(
        name="mini",
        pipe=open_pack(pack, device),
        text=PackConditioner(pack),
        size=pack.working_size,
        guidance=pack.guidance_scale,
        codec_sigma=pack.codec_sigma,
    )


def random_case(name: str, configs: Path, device: str, *, size: int, guidance: float) -> Case:
    """Return SDXL's inpainting pipeline around a UNet and VAE of the data folder with random weights."""
    import diffusers

    def build(kind: Any, file: str, **changes: object) -> Any:
        with torch.device(device):
            return kind.from_config(json.loads((configs / file).read_text()) | changes).eval().requires_grad_(False)

    small = name.startswith("compact")
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float32 if device == "cpu" else torch.bfloat16)
    unet = build(diffusers.UNet2DConditionModel, f"{name}_unet.json" if small else "sdxl_inpaint_unet.json")
    vae = build(diffusers.AutoencoderKL, f"{name}_vae.json" if small else "sdxl_vae.json")
    torch.set_default_dtype(torch.float32)
    schedule = json.loads((configs / "sdxl_scheduler.json").read_text()) | {"timestep_spacing": "trailing"}
    pipe = diffusers.StableDiffusionXLInpaintPipeline(
        vae=vae,
        text_encoder=None,
        text_encoder_2=None,
        tokenizer=None,
        tokenizer_2=None,
        unet=unet,
        scheduler=diffusers.EulerDiscreteScheduler.from_config(schedule),
        add_watermarker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    config = unet.config
    pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
    states = TextStates(hidden=torch.randn(2, 77, config.cross_attention_dim), pooled=torch.randn(2, pooled))
    return Case(name=f"{name}, random weights", pipe=pipe, text=lambda *_: states, size=size, guidance=guidance)


def on_gpu(configs: Path, runs: int) -> None:
    """Print the rows of a CUDA device."""
    print(f"{torch.cuda.get_device_name()}, bfloat16")
    case = random_case("sdxl", configs, "cuda", size=1024, guidance=7.5)
    measure(case, runs)
    began = clock()
    case.pipe.unet.compile_repeated_blocks(fullgraph=True)
    refinement(case, torch.rand(1, 3, 1024, 1024))()
    print(f"compiling and the first refinement: {clock() - began:.1f} s; with compiled blocks:")
    measure(case, runs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--size", type=int, default=256, help="pixels of the random model")
    parser.add_argument("--guidance", type=float, default=1.0, help="of the random model")
    parser.add_argument("--model", default="compact_base", help="its configuration, compact_base, _small or _nano")
    parser.add_argument("--data", default=os.environ.get("GREFINE_DATA"), help="holds configs/ (default: GREFINE_DATA)")
    parser.add_argument("--gpu", action="store_true", help="SDXL in full size on a CUDA device")
    args = parser.parse_args()
    if args.gpu and not torch.cuda.is_available():
        print("Skipped: --gpu needs a CUDA device.")
        return
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")  # the stock call logs a line each time it casts its VAE
    warnings.simplefilter("ignore", DeprecationWarning)  # of numpy, about how the stock schedulers read tensors
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, {platform.machine()}, 1 thread, {args.runs} runs in turns, seed 0")
    configs = Path(args.data, "configs") if args.data else None
    if args.gpu:
        if configs is None:
            raise SystemExit("Give the data folder in --data or GREFINE_DATA.")
        on_gpu(configs, args.runs)
        return
    measure(mini_case(), args.runs)
    if configs is None:
        print("Skipped: the random model needs --data or GREFINE_DATA.")
        return
    measure(random_case(args.model, configs, "cpu", size=args.size, guidance=args.guidance), args.runs)


if __name__ == "__main__":
    main()

"""What PQ-Map costs over a plain forward of ViT-B/16, and over the authors' way of getting four factors.

    python benchmarks/pq_speed.py [--runs 5] [--threads N] [--device cpu] [--dtype float32] [--sizes 224 512]

Random weights: time does not depend on them. Every round runs all cases once, so that a slow minute of
the machine meets all of them; medians and their ratios come from the same rounds. Memory is the highest
use above what was in use before, in a run of its own.
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from grefine_core.clip.encoder import OpenClipEncoder
from grefine_core.clip.models import build_model, make_tokenizer, require_open_clip, wrap
from pqmap import FACTORS, PerceptionAssessor, TextPairs

DUAL_BLOCKS = 6
BATCH = 16
LENGTH = 77


def build(size: int, device: torch.device, dtype: torch.dtype) -> OpenClipEncoder:
    """Return a random ViT-B/16 whose own input side is `size`."""
    library = require_open_clip()
    config = library.get_model_config("ViT-B-16-quickgelu")
    config["vision_cfg"]["image_size"] = size
    torch.manual_seed(0)
    model = build_model(config)
    tokenizer = make_tokenizer(config["text_cfg"])
    return wrap(model.to(device), tokenizer, name="random", normalisation=(None, None), dtype=dtype)


def random_pairs(encoder: OpenClipEncoder) -> TextPairs:
    """Return pairs as long as the authors': 77 positions, read at 20."""
    width = encoder.model.token_embedding.weight.shape[1]
    embeddings = torch.randn(len(FACTORS), 2, LENGTH, width, generator=torch.Generator().manual_seed(1))
    eot = torch.full((len(FACTORS), 2), 20)
    return TextPairs(embeddings=embeddings, eot=eot, encoder=encoder.name, temperature=10.0)


def reference_surgery(visual: Any, pixels: Tensor) -> Tensor:
    """Do the work of the authors' tower: both streams for all tokens, attention matrices written out."""
    x = visual._embeds(pixels)
    blocks = visual.transformer.resblocks
    for block in blocks[:-DUAL_BLOCKS]:
        x = block(x)
    new = x
    for block in blocks[-DUAL_BLOCKS:]:
        attention, y = block.attn, block.ln_1(x)
        qkv = functional.linear(y, attention.in_proj_weight, attention.in_proj_bias)
        q, k, v = (part.unflatten(-1, (attention.num_heads, -1)).transpose(1, 2) for part in qkv.chunk(3, dim=-1))
        scale = v.shape[-1] ** -0.5
        original = (q @ k.mT * scale).softmax(-1) @ v
        valued = (v @ v.mT * scale).softmax(-1) @ v
        new = new + attention.out_proj(valued.transpose(1, 2).flatten(2))
        x = x + attention.out_proj(original.transpose(1, 2).flatten(2))
        x = x + block.mlp(block.ln_2(x))
    tokens: Tensor = visual.ln_post(torch.cat([x[:, :1], new[:, 1:]], dim=1)) @ visual.proj
    return tokens


def reference_multi(encoder: OpenClipEncoder, pairs: TextPairs, pixels: Tensor) -> Tensor:
    """Get four factors as the authors' script does: image and texts encoded anew for each."""
    model, scores = encoder.model, []
    for embeddings, eot in zip(pairs.embeddings.to(pixels), pairs.eot, strict=True):
        x = model.transformer(embeddings + model.positional_embedding, attn_mask=model.attn_mask)
        text = model.ln_final(x)[torch.arange(2), eot] @ model.text_projection
        tokens = reference_surgery(model.visual, pixels)
        scores.append((tokens / tokens.norm(dim=1, keepdim=True))[:, 0] @ text.T)
    return torch.stack(scores)


def cases(encoder: OpenClipEncoder, size: int, dtype: torch.dtype) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name; the first is the floor."""
    pairs = random_pairs(encoder)
    assessor = PerceptionAssessor(encoder, pairs)
    generator = torch.Generator().manual_seed(2)
    images = torch.rand(BATCH, 3, size, size, generator=generator)
    normalised = ((images[:1] - 0.5) * 4).to(encoder.device, dtype)
    return {
        "plain image forward": lambda: encoder.model.encode_image(normalised),
        "pqmap, four factors and the map": lambda: assessor.assess(images[0]).map,
        "the authors' surgery": lambda: reference_surgery(encoder.model.visual, normalised),
        "the authors' four factors": lambda: reference_multi(encoder, pairs, normalised),
        f"pqmap, {BATCH} singles": lambda: [assessor.assess(image) for image in images],
        f"pqmap, a batch of {BATCH}": lambda: assessor.assess_all(images, batch_size=BATCH),
    }


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Return the time of one call, the device's queue included."""
    began = time.perf_counter()
    with torch.no_grad():
        work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def peak_mebibytes(work: Callable[[], object], device: torch.device) -> float:
    """Return how far memory rises above what is in use now, while `work` runs once."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        allocated = torch.cuda.memory_allocated()
        seconds(work, device)
        return (torch.cuda.max_memory_allocated() - allocated) / 2**20
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return float("nan")

    def resident() -> float:
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20

    before, highest, done = resident(), 0.0, threading.Event()

    def watch() -> None:
        nonlocal highest
        while not done.wait(0.002):
            highest = max(highest, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    seconds(work, device)
    done.set()
    watcher.join()
    return max(highest - before, 0.0)


def measure(size: int, args: argparse.Namespace) -> None:
    """Measure all cases at one size and print a table."""
    device, dtype = torch.device(args.device), getattr(torch, args.dtype)
    timed = cases(build(size, device, dtype), size, dtype)
    peaks = {name: peak_mebibytes(work, device) for name, work in timed.items()}  # warms up, too
    rounds = [{name: seconds(work, device) for name, work in timed.items()} for _ in range(args.runs)]
    medians = {name: statistics.median(one[name] for one in rounds) for name in timed}
    plain, ours, surgery, theirs, singles, batch = medians.values()
    print(f"\n{size} px\n{'':34} {'seconds':>9} {'of plain':>9} {'peak MiB':>9}")
    for name, median in medians.items():
        print(f"{name:34} {median:9.4f} {median / plain:9.2f} {peaks[name]:9.0f}")
    print(f"(a) ours over plain {ours / plain:.2f}; the authors' surgery over plain {surgery / plain:.2f}")
    print(f"(b) the authors' four factors over ours {theirs / ours:.2f}")
    print(f"(c) {BATCH} singles over a batch of {BATCH} {singles / batch:.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"])
    parser.add_argument("--sizes", type=int, nargs="+", default=[224, 512])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    machine = torch.cuda.get_device_name() if args.device.startswith("cuda") else platform.machine()
    print(f"torch {torch.__version__}, {machine}, {args.threads} threads, {args.dtype}, {args.runs} rounds")
    for size in args.sizes:
        measure(size, args)


if __name__ == "__main__":
    main()

"""Score a folder of 1,000 mixed pictures, some broken: speed against the encoder's own, and a resume after a kill.

    python benchmarks/folder_speed.py [--count 1000] [--threads N] [--data FOLDER] [--keep FOLDER]

Pictures are random parts of photographs, in sizes from 200 to 1,600 pixels, as JPEG, PNG and WebP; 2% are
broken in ten ways. With --data (or GREFINE_DATA) the photographs are the backgrounds of its `assets`,
otherwise those of scikit-image. The floor is the encoder alone on the same pictures, prepared ahead, in the
same batches. Then `pqmap score` runs as a command, is killed with SIGKILL in the middle and resumed; its
table must have the bytes of one that was never stopped.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from PIL import Image

import pqmap
from grefine_core import InputError
from pqmap.folders.scoring import score_files
from pqmap.prepare import Prepared

BATCH = 16
FORMATS = ("jpg", "png", "webp")
BROKEN_SHARE = 0.02
TIMEOUT = 1800
COMMAND = (sys.executable, "-c", "from pqmap.cli import main; main()", "score")
"""`pqmap score` of this very environment."""


def photographs(data: Path | None) -> list[Image.Image]:
    """Return what the pictures are cut from."""
    if data is None:
        from skimage import data as bundled

        names = ("coffee", "chelsea", "astronaut", "rocket")
        return [Image.fromarray(getattr(bundled, name)()) for name in names]
    with zipfile.ZipFile(data / "assets" / "backgrounds-photo.zip") as archive:
        names = sorted(archive.namelist())[:60]
        return [Image.open(io.BytesIO(archive.read(name))).convert("RGB") for name in names]


BREAKERS: tuple[Callable[[bytes], bytes], ...] = (
    lambda _: b"",
    lambda _: b"this is no picture",
    lambda _: bytes(5000),
    lambda content: content[: len(content) // 2],
    lambda content: content[:40],
    lambda content: content[40:],
    lambda content: b"GIF89a" + content[6:],
    lambda content: content[::-1],
    lambda _: b"\x89PNG\r\n\x1a\n" + bytes(100),
    lambda content: b"II*\0" + content[4:],
)
"""Ten ways to lose a picture: from its bytes to what is written instead."""


def fill(folder: Path, count: int, sources: list[Image.Image]) -> int:
    """Write the pictures into subfolders and return how many of them are broken."""
    draw = random.Random(0)
    broken = set(draw.sample(range(count), round(count * BROKEN_SHARE)))
    for index in range(count):
        source = draw.choice(sources)
        width, height = (round(side * draw.uniform(0.5, 1)) for side in source.size)
        left, top = draw.randrange(source.width - width + 1), draw.randrange(source.height - height + 1)
        longer = draw.choice([200, 448, 512, 768, 1024, 1600])
        scale = longer / max(width, height)
        part = source.crop((left, top, left + width, top + height))
        part = part.resize((max(1, round(width * scale)), max(1, round(height * scale))))
        path = folder / f"part{index % 7}" / f"{index:05}.{FORMATS[index % 3]}"
        path.parent.mkdir(exist_ok=True)
        block = io.BytesIO()
        part.save(block, {"jpg": "JPEG"}.get(path.suffix[1:], path.suffix[1:].upper()))
        content = block.getvalue()
        path.write_bytes(BREAKERS[index % len(BREAKERS)](content) if index in broken else content)
    return len(broken)


def prepared_batches(paths: list[Path], assessor: pqmap.PerceptionAssessor) -> Iterator[torch.Tensor]:
    """Yield the pictures' pixels in batches of one size, as a run over the folder makes them."""
    waiting: dict[tuple[int, ...], list[Prepared]] = defaultdict(list)
    for path in paths:
        try:
            one = assessor.prepare(path)
        except InputError:
            continue
        bucket = waiting[tuple(one.pixels.shape)]
        bucket.append(one)
        if len(bucket) == BATCH:
            yield torch.cat([item.pixels for item in waiting.pop(tuple(one.pixels.shape))])
    yield from (torch.cat([item.pixels for item in bucket]) for bucket in waiting.values())


def encoder_seconds(paths: list[Path], assessor: pqmap.PerceptionAssessor) -> float:
    """Return the time that the encoder alone needs for the pictures."""
    batches = list(prepared_batches(paths, assessor))
    began = time.perf_counter()
    with torch.no_grad():
        for batch in batches:
            assessor.encoder.encode_image(batch)
    return time.perf_counter() - began


def folder_seconds(paths: list[Path], assessor: pqmap.PerceptionAssessor) -> tuple[float, int]:
    """Return the time of a run from files to rows, and how many rows have an error."""
    began = time.perf_counter()
    errors = sum(result is None for _, _, result in score_files(paths, assessor, batch_size=BATCH))
    return time.perf_counter() - began, errors


def run_killed(folder: Path, out: Path, threads: int, after: float) -> None:
    """Run the command twice: killed after some seconds, then resumed."""
    command = [*COMMAND, str(folder), "-o", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = out.with_name(out.name + ".partial.jsonl")
    began = time.perf_counter()
    while not journal.exists() and process.poll() is None and time.perf_counter() - began < TIMEOUT:
        time.sleep(0.1)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    rows = max(len(journal.read_bytes().splitlines()) - 1, 0) if journal.exists() else 0
    print(f"killed with {rows} rows in the journal, table written: {out.exists()}")
    subprocess.run([*command, "--resume"], env=environment, check=True, stdout=subprocess.DEVNULL, timeout=TIMEOUT)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--data", type=Path, default=os.environ.get("GREFINE_DATA"))
    parser.add_argument("--skip-kill", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"torch {torch.__version__}, {args.threads} threads for the model, {args.count} pictures", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "pictures"
        folder.mkdir()
        broken = fill(folder, args.count, photographs(Path(args.data) if args.data else None))
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        assessor = pqmap.load("mini", device="cpu")
        encoder_seconds(paths[: 2 * BATCH], assessor)  # warms up
        floor = encoder_seconds(paths, assessor)
        seconds, errors = folder_seconds(paths, assessor)
        print(f"encoder alone {floor:.1f} s, {(len(paths) - broken) / floor:.1f} pictures/s")
        print(f"folder {seconds:.1f} s, {(len(paths) - broken) / seconds:.1f} pictures/s, {seconds / floor:.2f} of it")
        print(f"{errors} rows with an error; {broken} pictures were broken")
        if not args.skip_kill:
            whole, resumed = Path(temporary) / "whole.csv", Path(temporary) / "resumed.csv"
            command = [*COMMAND, str(folder), "-o", str(whole)]
            environment = {**os.environ, "OMP_NUM_THREADS": str(args.threads)}
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=TIMEOUT)
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
            print(f"peak memory of `pqmap score` {peak:.2f} GiB")
            run_killed(folder, resumed, args.threads, after=seconds / 2)
            print(f"rows {len(whole.read_bytes().splitlines()) - 1}; resumed table has the same bytes: ", end="")
            print(whole.read_bytes() == resumed.read_bytes())


if __name__ == "__main__":
    main()

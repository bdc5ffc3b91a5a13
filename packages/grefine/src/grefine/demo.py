"""A demonstration that needs no network: `python -m grefine.demo`.

Without a picture it takes a photograph that scikit-image brings, damages a known rectangle of it,
asks for a thing that is not there, and shows that both are found.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grefine.settings import Settings, load_settings
from grefine_core.cli_support import one_sentence_errors
from grefine_core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from grefine.pipeline import OnProgress
    from grefine.run import Finished, Load

PROMPT = "a cup of coffee and a bicycle"
"""The photograph shows the first thing and not the second."""
ABSENT = "bicycle"
DAMAGED = (0.6, 0.72, 0.94, 0.95)
"""Top, left, bottom, right of the damage, as shares of the height and width."""
NOISE, BLOCK, SEED = 0.35, 3, 7
"""Standard deviation of the noise, side of the mosaic's blocks in pixels, seed of the noise."""
INPUT = "input.png"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Demonstration:
    """A finished run on the damaged photograph."""

    finished: Finished
    inside: float
    """Mean of P over the damaged rectangle, before the repair; 1 is good."""
    outside: float
    """Mean of P over the rest."""
    inside_after: float
    """Mean of P over the rectangle in the result."""


def photograph() -> Tensor:
    """Return the bundled photograph of a cup of coffee, (1, 3, 400, 600), float32 in [0, 1]."""
    import torch
    from skimage import data

    return torch.from_numpy(data.coffee().copy()).permute(2, 0, 1)[None].float() / 255


def damage(pixels: Tensor) -> Tensor:
    """Return a picture (1, 3, H, W) with noise and a mosaic in one rectangle, always the same.

    Values keep to [0, 1]; outside the rectangle every pixel stays as it is.
    """
    import torch
    from torch.nn import functional

    rows, columns = rectangle((pixels.shape[2], pixels.shape[3]))
    part = pixels[:, :, rows, columns]
    noise = torch.randn(part.shape, generator=torch.Generator().manual_seed(SEED))
    height, width = part.shape[2:]
    blocks = functional.adaptive_avg_pool2d(part, (max(1, height // BLOCK), max(1, width // BLOCK)))
    damaged = pixels.clone()
    damaged[:, :, rows, columns] = (functional.interpolate(blocks, (height, width)) + NOISE * noise).clamp(0, 1)
    return damaged


def rectangle(size: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of the damage in a picture of (height, width)."""
    height, width = size
    top, left, bottom, right = DAMAGED
    return slice(round(top * height), round(bottom * height)), slice(round(left * width), round(right * width))


def demonstrate(
    folder: Path, settings: Settings, *, load: Load | None = None, on_progress: OnProgress | None = None
) -> Demonstration:
    """Damage the bundled photograph, refine it, and measure the damaged rectangle apart.

    Raises:
        InputError: If a preset is not installed or the folder cannot be written.
        WeightsError: If a weights file is absent or altered.
    """
    from grefine.outputs import output_folder
    from grefine.run import refine_file
    from grefine_core import write_image

    source = folder / INPUT
    with output_folder(folder):
        write_image(source, damage(photograph()))
        try:
            finished = refine_file(source, PROMPT, folder, settings, load=load, on_progress=on_progress)
        except BaseException:
            source.unlink()
            raise
    return _measure(finished)


def _measure(finished: Finished) -> Demonstration:
    import torch

    before, after = finished.outcome.before.perception.map, finished.outcome.after.perception.map
    rows, columns = rectangle((before.shape[0], before.shape[1]))
    damaged = torch.zeros(before.shape, dtype=torch.bool)
    damaged[rows, columns] = True
    return Demonstration(
        finished=finished,
        inside=float(before[damaged].mean()),
        outside=float(before[~damaged].mean()),
        inside_after=float(after[damaged].mean()),
    )


@app.command()
@one_sentence_errors
def run(
    path: Annotated[Path | None, typer.Argument(metavar="PICTURE", help="Your own picture, undamaged.")] = None,
    prompt: Annotated[str | None, typer.Option(help="What your picture should show.")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder for the result.")] = Path(
        "grefine-demo"
    ),
    device: Annotated[str, typer.Option(help="`auto`, `cpu`, `cuda`, `mps`, ...")] = "auto",
) -> None:
    """Refine a damaged photograph that comes along, or a picture of yours, with the small offline models."""
    if (path is None) != (prompt is None):
        raise InputError("A picture of yours needs its --prompt, and a --prompt needs a picture.")
    settings = load_settings(flags={"device": device})
    from grefine.run import refine_file
    from grefine.summary import print_damage, print_outcome, progress_bar

    with progress_bar() as on_progress:
        if path is not None and prompt is not None:
            shown = None
            finished = refine_file(path, prompt, output, settings, on_progress=on_progress)
        else:
            shown = demonstrate(output, settings, on_progress=on_progress)
            finished = shown.finished
    if shown is not None:
        print_damage(shown)
    print_outcome(finished)


if __name__ == "__main__":
    app()

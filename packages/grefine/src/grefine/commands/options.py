"""Options that commands share, as typer reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grefine.settings import Value

EXIT_VIOLATED = 1
"""Of `check` and `replay`: the input was good, the answer is no."""

Flags = dict[str, Value | None]
"""Settings by name; None where the command line says nothing."""

Picture = Annotated[Path, typer.Argument(metavar="PICTURE", help="Picture file of any format that Pillow reads.")]
Prompt = Annotated[str, typer.Option(help="What the picture should show.", show_default=False)]
# the defaults below stand in the settings, so that a settings file can change them
Preset = Annotated[str | None, typer.Option(help="Installed model pack for the scores. (default: mini)")]
Diffusion = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="`mini`, `sdxl`, `sd15`, a diffusers folder, .safetensors file or hub repository. (default: mini)",
    ),
]
Device = Annotated[str | None, typer.Option(help="`auto`, `cpu`, `cuda`, `mps`, ... (default: auto)")]
Config = Annotated[Path | None, typer.Option(metavar="F.toml", help="Settings file; flags win over it.")]
Literal = Annotated[
    bool | None, typer.Option("--literal", help="Use eq. (6) and (9) of the paper as they are printed.")
]
Mask = Annotated[str | None, typer.Option(help="`otsu`, `fixed`, `quantile` or `soft`. (default: otsu)")]
Threshold = Annotated[float | None, typer.Option(help="Deficit of 2 from which to repair. (default: 0.5)")]
MinArea = Annotated[float | None, typer.Option(help="Least share of the picture of a region. (default: 0.001)")]
Rounds = Annotated[int | None, typer.Option(help="Rounds of repair at most. (default: 1)")]
MaxRegions = Annotated[int | None, typer.Option(help="Regions of a round at most, the worst. (default: 8)")]
Order = Annotated[str | None, typer.Option(help="`worst`, `largest` or `reading`. (default: worst)")]
Strength = Annotated[float | None, typer.Option(help="Of the repairs; 0: from the scores. (default: 0)")]
MildPass = Annotated[
    str | None,
    typer.Option(
        "--pass",
        help="Stage 2: `auto`, after a repair that was kept, but not with a model that would harm good pixels, as "
        "`mini` would; `always`; `never`. (default: auto)",
    ),
]
Stage2 = Annotated[
    str | None, typer.Option("--stage2", help="Model of stage 2: as --diffusion, or a restorer's file. (default: same)")
]
Seed = Annotated[int | None, typer.Option(help="Same seed, same picture. (default: 0)")]
Steps = Annotated[int | None, typer.Option(help="Denoising steps of both stages. (default: 20)")]
NoGuard = Annotated[bool, typer.Option("--no-guard", help="Keep changes even where scores fall.")]
NumberType = Annotated[str | None, typer.Option(help="Its number type, such as `float16`. (default: auto)")]
Offload = Annotated[
    str | None, typer.Option(help="Keep its weights on the CPU: `model`, `sequential`, `group`. (default: none)")
]
Tiling = Annotated[bool | None, typer.Option("--vae-tiling", help="Decode in tiles, with less memory.")]
Compile = Annotated[bool | None, typer.Option("--compile", help="Compile its UNet.")]
Format = Annotated[
    str | None,
    typer.Option("--format", help="`exact`: JPEG becomes PNG; `keep`: stays JPEG, all pixels differ. (default: exact)"),
]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder for the result.")]
Locked = Annotated[
    str | None, typer.Option(metavar="MASK.png", help="White, or painted on nothing, is what must not change.")
]
DatabaseName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of `grefine data list`, or `table`.  [default: the one whose files are there]"),
]
ColumnMapping = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="NAME=COLUMN",
        help="What a column of a table of your own means: id, image, prompt, model, style, split, spread:LABEL, or any"
        " name for a label; may be repeated.",
    ),
]


def read_columns(pairs: list[str] | None) -> dict[str, str]:
    """Return column by what it means.

    Raises:
        InputError: If one is not written as NAME=COLUMN, or a name comes twice.
    """
    from grefine_core.errors import InputError

    found: dict[str, str] = {}
    for pair in pairs or []:
        name, mark, column = pair.partition("=")
        if not (name and mark and column) or name in found:
            raise InputError(f"--column takes NAME=COLUMN, each name once, got {pair}.")
        found[name] = column
    return found

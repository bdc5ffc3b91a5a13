"""`pqmap pairs`: look at a pairs file, or convert the ones that the authors released."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from grefine_core.cli_options import Device
from grefine_core.cli_support import one_sentence_errors

app = typer.Typer(no_args_is_help=True, help="Look at pairs files, or convert released ones.", rich_markup_mode=None)

Files = Annotated[
    list[Path],
    typer.Argument(
        help="PQ-overall.pth, PQ-technical.pth, PQ-rational.pth and PQ-natural.pth, or one .safetensors of them.",
        show_default=False,
    ),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="F.safetensors", help="Where the pairs go.", show_default=False)
]
Encoder = Annotated[
    str, typer.Option(metavar="PRESET", help="Model whose encoder will read the pairs.", show_default=False)
]
Temperature = Annotated[
    float | None, typer.Option(help="Scale s_p of eq. (2).  [default: the encoder's scale for alignment]")
]
File = Annotated[Path, typer.Argument(help="A pairs file.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command(name="import")
@one_sentence_errors
def import_(
    files: Files, output: Output, encoder: Encoder, temperature: Temperature = None, device: Device = "cpu"
) -> None:
    """Convert the authors' released pairs to a pairs file for an encoder.

    A PyTorch file is read without running code from it: one that holds anything but the tensors is refused. The
    release says neither which text encoder the pairs were trained with nor a temperature; vit-b-16 is what its script
    uses. The numbers of that script itself come from the preset `official`, which needs no conversion.
    """
    from pqmap.import_pairs import import_official

    pairs = import_official(files, output, preset=encoder, temperature=temperature, device=device)
    typer.echo(f"Wrote {output} for {pairs.encoder}, temperature {pairs.temperature:g}: {', '.join(pairs.names)}.")


@app.command()
@one_sentence_errors
def show(file: File, as_json: AsJson = False) -> None:
    """Print what a pairs file says of itself: encoder, names, temperature, bounds, data, metrics, reference."""
    from pqmap.pairs import TextPairs

    pairs = TextPairs.read(file)
    content = {
        "file": str(file),
        "encoder": pairs.encoder,
        "names": list(pairs.names),
        "texts": "2 of at most {} tokens, width {}, for each name".format(*pairs.embeddings.shape[2:]),
        "temperature": pairs.temperature,
        "alpha": list(pairs.alpha),
        "data": pairs.data,
        "metrics": dict(pairs.metrics),
        "reference": None if pairs.reference is None else pairs.reference.to_json(),
    }
    if as_json:
        typer.echo(json.dumps(content))
        return
    if pairs.reference is not None:
        content["reference"] = f"{pairs.reference.count} pictures, {pairs.reference.data}"
    for key, value in content.items():
        typer.echo(f"{key:<12} {_line(value)}".rstrip())


def _line(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_line(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_line, value))
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value) if value else "none"

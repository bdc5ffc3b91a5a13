"""The command `grefine`. Heavy imports are in the commands, so that `--help` is fast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grefine.settings import Value, load_settings
from grefine_core.cli_support import EXIT_BAD_INPUT, one_sentence_errors

# plain help: the decorated kind takes half a second to import
app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)

EXIT_VIOLATED = 1

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
MildPass = Annotated[str | None, typer.Option("--pass", help="Stage 2: `auto`, `always`, `never`. (default: auto)")]
Stage2 = Annotated[
    str | None, typer.Option("--stage2", help="Model of stage 2: as --diffusion, or a restorer's file. (default: same)")
]
Locked = Annotated[
    str | None, typer.Option(metavar="MASK.png", help="White, or painted on nothing, is what must not change.")
]


@app.callback()
def _commands() -> None:
    """Score a generated picture and its prompt, find where it fails, and repair it there."""


@app.command()
@one_sentence_errors
def score(
    path: Picture,
    prompt: Prompt,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    preset: Preset = None,
    device: Device = None,
    literal: Literal = None,
    config: Config = None,
) -> None:
    """Score the quality of a picture and how well it follows its prompt, from 0 (bad) to 1 (good)."""
    settings = load_settings(config, {"preset": preset, "device": device, "literal": literal})
    from grefine.run import score_file

    result = score_file(path, prompt, settings)
    if as_json:
        import json

        typer.echo(json.dumps({"path": str(path), "prompt": prompt, **result.to_json()}))
        return
    from grefine.summary import print_score

    print_score(result)


@app.command()
@one_sentence_errors
def refine(
    path: Picture,
    prompt: Prompt,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder for the result.")],
    seed: Annotated[int | None, typer.Option(help="Same seed, same picture. (default: 0)")] = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps of both stages. (default: 20)")] = None,
    no_guard: Annotated[bool, typer.Option("--no-guard", help="Keep changes even where scores fall.")] = False,
    mask: Mask = None,
    threshold: Threshold = None,
    min_area: MinArea = None,
    rounds: Rounds = None,
    max_regions: MaxRegions = None,
    order: Order = None,
    strength: Strength = None,
    mild_pass: MildPass = None,
    locked: Locked = None,
    stage2: Stage2 = None,
    diffusion: Diffusion = None,
    dtype: Annotated[str | None, typer.Option(help="Its number type, such as `float16`. (default: auto)")] = None,
    offload: Annotated[
        str | None, typer.Option(help="Keep its weights on the CPU: `model`, `sequential`, `group`. (default: none)")
    ] = None,
    vae_tiling: Annotated[bool | None, typer.Option("--vae-tiling", help="Decode in tiles, with less memory.")] = None,
    compile_unet: Annotated[bool | None, typer.Option("--compile", help="Compile its UNet.")] = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", help="`exact`: JPEG becomes PNG; `keep`: stays JPEG, all pixels differ. (default: exact)"
        ),
    ] = None,
    preset: Preset = None,
    device: Device = None,
    literal: Literal = None,
    config: Config = None,
) -> None:
    """Assess a picture, repair the regions that fail, assess again, and keep what helped."""
    run: Flags = {"preset": preset, "device": device, "literal": literal, "seed": seed, "steps": steps}
    repairs: Flags = {"mask": mask, "threshold": threshold, "min_area": min_area, "order": order, "locked": locked}
    amounts: Flags = {"rounds": rounds, "max_regions": max_regions, "strength": strength, "mild_pass": mild_pass}
    models: Flags = {"diffusion": diffusion, "dtype": dtype, "offload": offload, "vae_tiling": vae_tiling}
    rest: Flags = {"stage2": stage2, "compile": compile_unet, "format": format_, "guard": False if no_guard else None}
    settings = load_settings(config, {**run, **repairs, **amounts, **models, **rest})
    from grefine.run import refine_file
    from grefine.summary import print_outcome, progress_bar

    with progress_bar() as on_progress:
        finished = refine_file(path, prompt, output, settings, on_progress=on_progress)
    print_outcome(finished)


@app.command()
@one_sentence_errors
def check(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The input.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The result.")],
    mask: Annotated[Path, typer.Option(metavar="M", help="Picture of the size of both; only black must not change.")],
    whole: Annotated[
        bool | None,
        typer.Option(help="Whether all pixels may differ a little. (default: as AFTER's own report.json says)"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Compute the certificate of a result from its files: what is as it was in the input.

    The exit code is 1 if a check is violated, and 0 otherwise.
    """
    from grefine.certificate import REPORT, certify, whole_by_report
    from grefine.comparison import read_mask

    told = ""
    by_report = whole is None and whole_by_report(before, after)
    if by_report:
        told = f"{after.parent / REPORT} says that the mild pass went over the whole picture (--no-whole ignores it)."
    certificate = certify(before, after, read_mask(mask), whole=whole or by_report)
    if as_json:
        import json

        typer.echo(json.dumps(certificate.to_json()))
    else:
        from grefine.summary import print_certificate

        print_certificate(certificate, told=told)
    if certificate.violations:
        raise typer.Exit(EXIT_VIOLATED)


@app.command()
@one_sentence_errors
def plan(
    path: Picture,
    prompt: Prompt,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder for the plan.")],
    mask: Mask = None,
    threshold: Threshold = None,
    min_area: MinArea = None,
    max_regions: MaxRegions = None,
    order: Order = None,
    strength: Strength = None,
    locked: Locked = None,
    preset: Preset = None,
    device: Device = None,
    literal: Literal = None,
    config: Config = None,
) -> None:
    """Write what should be repaired: masks, regions and the emphasised prompt, for any inpainting program."""
    run: Flags = {"preset": preset, "device": device, "literal": literal, "mask": mask, "threshold": threshold}
    amounts: Flags = {"min_area": min_area, "max_regions": max_regions, "strength": strength}
    settings = load_settings(config, {**run, **amounts, "order": order, "locked": locked})
    from grefine.plan import plan_file
    from grefine.summary import print_plan

    print_plan(plan_file(path, prompt, output, settings))


@app.command()
@one_sentence_errors
def replay(
    report: Annotated[Path, typer.Argument(metavar="report.json", help="Receipt of a refinement.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder for the new result; else none is kept.")
    ] = None,
    image: Annotated[Path | None, typer.Option(metavar="PICTURE", help="Where the picture is now.")] = None,
) -> None:
    """Repeat a refinement from its receipt; exit code 1 if the result is not the same, byte for byte."""
    from grefine.receipts import read_receipt, replay
    from grefine.summary import print_replay, progress_bar

    receipt = read_receipt(report, image=image)
    with progress_bar() as on_progress:
        done = replay(receipt, output, on_progress=on_progress)
    print_replay(done, kept=output is not None)
    if not done.identical:
        raise typer.Exit(EXIT_VIOLATED)


@app.command()
@one_sentence_errors
def doctor(
    verify: Annotated[bool, typer.Option("--verify", help="Also compare the sha256 of every weights file.")] = False,
) -> None:
    """Print versions, devices and installed presets, and how to fix what is missing.

    The exit code is 2 if something is missing, and 0 otherwise.
    """
    from grefine.doctor import examine
    from grefine.summary import print_findings

    findings = list(examine(verify=verify))
    print_findings(findings)
    if any(finding.fix for finding in findings):
        raise typer.Exit(EXIT_BAD_INPUT)


def main() -> None:
    """Run the command line."""
    app()

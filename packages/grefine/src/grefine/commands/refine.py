"""`grefine refine`: repair a picture where it fails."""

from __future__ import annotations

from grefine.commands.options import (
    Compile,
    Config,
    Device,
    Diffusion,
    Flags,
    Format,
    Literal,
    Locked,
    Mask,
    MaxRegions,
    MildPass,
    MinArea,
    NoGuard,
    NumberType,
    Offload,
    Order,
    Output,
    Picture,
    Preset,
    Prompt,
    Rounds,
    Seed,
    Stage2,
    Steps,
    Strength,
    Threshold,
    Tiling,
)
from grefine.settings import load_settings
from grefine_core.cli_support import one_sentence_errors


@one_sentence_errors
def refine(
    path: Picture,
    prompt: Prompt,
    output: Output,
    seed: Seed = None,
    steps: Steps = None,
    no_guard: NoGuard = False,
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
    dtype: NumberType = None,
    offload: Offload = None,
    vae_tiling: Tiling = None,
    compile_unet: Compile = None,
    format_: Format = None,
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

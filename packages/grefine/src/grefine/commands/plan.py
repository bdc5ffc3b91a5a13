"""`grefine plan`: say what should be repaired, for other programs."""

from __future__ import annotations

from grefine.commands.options import (
    Config,
    Device,
    Flags,
    Literal,
    Locked,
    Mask,
    MaxRegions,
    MinArea,
    Order,
    Output,
    Picture,
    Preset,
    Prompt,
    Strength,
    Threshold,
)
from grefine.settings import load_settings
from grefine_core.cli_support import one_sentence_errors


@one_sentence_errors
def plan(
    path: Picture,
    prompt: Prompt,
    output: Output,
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

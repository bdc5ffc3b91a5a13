"""The model packs that a run needs, looked up and checked before anything is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from balanced_refiner.diffusion.options import DiffusionOptions, check_options
from balanced_refiner.presets import DIFFUSION, check_model_options, find_model, find_stage2
from grefine.settings import Settings, Value
from grefine_core.presets import Preset, load_preset, preset_entries
from grefine_core.weights import WeightsFile

if TYPE_CHECKING:
    import torch

ENCODERS, PAIRS, PARSERS = "grefine.encoders", "grefine.pairs", "grefine.parsers"
GROUPS = (ENCODERS, PAIRS, PARSERS, DIFFUSION)
"""Entry point groups in which model packs announce their presets."""


@dataclass(frozen=True, kw_only=True)
class Pack:
    """One preset in use, and the sha256 of each of its files."""

    group: str
    preset: str
    files: dict[str, str]

    def to_json(self) -> dict[str, Value | dict[str, str]]:
        """Return the fields as plain values that json can write."""
        return {"group": self.group, "preset": self.preset, "files": self.files}


def check_packs(settings: Settings, *, diffusion: bool = True) -> tuple[Pack, ...]:
    """Find the presets and compare the checksums of all their files; loads no model.

    What a first use downloads is downloaded now.

    Args:
        settings: Names the presets.
        diffusion: Whether the refiner's model is needed too.

    Raises:
        InputError: If a preset is not installed; the message names those that are.
        WeightsError: If a file is absent or altered.
    """
    names = [(ENCODERS, settings.preset)]
    if settings.preset in preset_entries(PAIRS):  # others are read with plain words, which need no file
        names.append((PAIRS, settings.preset))
    names.append((PARSERS, settings.parser))
    if diffusion:
        names.append((DIFFUSION, settings.diffusion))
    # all names first: hashing takes longer than noticing a typing error
    presets = [(group, name, find_preset(group, name)) for group, name in names]
    if diffusion and settings.stage2:
        presets.append((DIFFUSION, settings.stage2, find_stage2(settings.stage2)))
    return tuple(
        Pack(group=group, preset=name, files={_label(f.verify()): f.sha256 for f in _bring_files(preset)})
        for group, name, preset in presets
    )


def packs_digest(packs: Sequence[Pack]) -> str:
    """Return the beginning of a sha256 of the presets and of all their files."""
    text = json.dumps([pack.to_json() for pack in packs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def diffusion_digest(name: str) -> str:
    """Return the same of a diffusion model that is there already."""
    files = {_label(file.path): file.sha256 for file in find_preset(DIFFUSION, name).files()}
    return packs_digest([Pack(group=DIFFUSION, preset=name, files=files)])


def diffusion_options(settings: Settings) -> DiffusionOptions:
    """Return how the refiner's model is loaded and run.

    Raises:
        InputError: If a setting is none of those that it may be.
    """
    chosen = {name: getattr(settings, name) for name in ("dtype", "offload", "vae_tiling", "compile")}
    return DiffusionOptions(**chosen)


def check_diffusion(settings: Settings, device: torch.device) -> None:
    """Refuse settings that the refiner's model or the device would not keep; loads nothing.

    Raises:
        InputError: If so, or if the model is unknown.
    """
    options = diffusion_options(settings)
    check_options(options, device)
    check_model_options(settings.diffusion, find_preset(DIFFUSION, settings.diffusion), options)
    if settings.stage2:
        find_stage2(settings.stage2)


def _bring_files(preset: Preset) -> Sequence[WeightsFile]:
    """Return the files of a preset, downloaded if need be: only then some presets know which they are."""
    files = preset.files()
    absent = [file.download for file in files if file.download and not file.path.exists()]
    for download in absent:
        download()
    return preset.files() if absent else files


def _label(path: Path) -> str:
    """Return a file's name with its folder's, since a model of several parts repeats `config.json`."""
    return "/".join(path.parts[-2:])


def find_preset(group: str, name: str) -> Preset:
    """Return a preset without the log line that its use brings.

    Raises:
        InputError: If it is not installed and has none of the forms that the group takes besides; the message
            names what is installed.
    """
    entries = preset_entries(group)
    if name not in entries:
        if group == DIFFUSION:
            return find_model(name)
        return load_preset(group, name)  # raises, in the wording that all packages share
    preset: Preset = entries[name].load()
    return preset

"""The model packs that a run needs, looked up and checked before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grefine.settings import Settings, Value
from grefine_core.presets import Preset, load_preset, preset_entries

ENCODERS, PAIRS, PARSERS, DIFFUSION = "grefine.encoders", "grefine.pairs", "grefine.parsers", "grefine.diffusion"
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

    Args:
        settings: Names the presets.
        diffusion: Whether the refiner's model is needed too.

    Raises:
        InputError: If a preset is not installed; the message names those that are.
        WeightsError: If a file is absent or altered.
    """
    names = {ENCODERS: settings.preset}
    if settings.preset in preset_entries(PAIRS):  # others are read with plain words, which need no file
        names[PAIRS] = settings.preset
    names[PARSERS] = settings.parser
    if diffusion:
        names[DIFFUSION] = settings.diffusion
    # all names first: hashing takes longer than noticing a typing error
    presets = {group: find_preset(group, name) for group, name in names.items()}
    return tuple(
        Pack(group=group, preset=names[group], files={_label(f.verify()): f.sha256 for f in preset.files()})
        for group, preset in presets.items()
    )


def _label(path: Path) -> str:
    """Return a file's name with its folder's, since a model of several parts repeats `config.json`."""
    return "/".join(path.parts[-2:])


def find_preset(group: str, name: str) -> Preset:
    """Return a preset without the log line that its use brings.

    Raises:
        InputError: If it is not installed; the message names those that are.
    """
    entries = preset_entries(group)
    if name not in entries:
        return load_preset(group, name)  # raises, in the wording that all packages share
    preset: Preset = entries[name].load()
    return preset

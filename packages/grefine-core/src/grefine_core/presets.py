"""Find model packs that other installed packages offer, by entry point, without importing them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from grefine_core.errors import InputError
from grefine_core.weights import WeightsFile

DEFAULT_PRESET = "mini"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One model that a pack offers; making this record loads nothing."""

    summary: str
    """One line for listings."""
    load: Callable[..., Any]
    """Load the model; its keywords and result depend on the entry point group."""
    files: Callable[[], Sequence[WeightsFile]]
    """The weights files it needs, with their checksums."""


def preset_entries(group: str) -> dict[str, EntryPoint]:
    """Return the installed presets of a group by name, in alphabetical order."""
    return {entry.name: entry for entry in sorted(entry_points(group=group), key=lambda e: e.name)}


def load_preset(group: str, name: str) -> Preset:
    """Return the record of one preset; an encoder may also be a path or `arch/tag` of open_clip.

    Raises:
        InputError: If it is not installed; the message names those that are and what brings `mini`.
    """
    from grefine_core.clip import presets as clip_presets

    entries = preset_entries(group)
    if name not in entries:
        if group == clip_presets.GROUP and (found := clip_presets.find(name)):
            return found
        forms = f"; an encoder may also be {clip_presets.FORMS}" if group == clip_presets.GROUP else ""
        hint = " (`pip install grefine-mini` brings `mini`)" if DEFAULT_PRESET not in entries else ""
        installed = ", ".join(entries) or "none"
        raise InputError(f"Preset `{name}` is not installed for {group}; installed: {installed}{hint}{forms}.")
    if name == DEFAULT_PRESET:
        _note_default()
    preset: Preset = entries[name].load()
    return preset


@cache  # a refinement loads from several groups; one line is enough
def _note_default() -> None:
    """Say once a process what `mini` is, so that nobody takes it for the method's best."""
    _log.info("Using the preset `%s`: small and offline; `vit-b-16` and `vit-l-14` see more.", DEFAULT_PRESET)

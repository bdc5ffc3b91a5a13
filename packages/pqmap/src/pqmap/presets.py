"""Text pairs that installed packages offer by name."""

from __future__ import annotations

from grefine_core import Encoder, WeightsFile, load_preset
from pqmap.pairs import TextPairs

PAIRS = "grefine.pairs"
"""Entry point group; each entry is a `Preset` whose `load()` returns the `WeightsFile` of a pairs file."""


def load_pairs(preset: str, encoder: Encoder) -> TextPairs:
    """Load the text pairs of an installed preset for its encoder.

    Raises:
        InputError: If no installed package offers the preset.
        WeightsError: If the file is absent or altered, or fitted for another encoder.
    """
    file: WeightsFile = load_preset(PAIRS, preset).load()
    return TextPairs.load(file, encoder=encoder)

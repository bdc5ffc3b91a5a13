"""From a preset's name to an assessor: which encoder, which text pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from grefine_core import Encoder, InputError, WeightsFile, load_encoder, load_preset, preset_entries
from pqmap.pairs import TextPairs

if TYPE_CHECKING:
    from pqmap.assessor import PerceptionAssessor

PAIRS = "grefine.pairs"
"""Entry point group; each entry is a `Preset` whose `load()` returns the `WeightsFile` of a pairs file."""
OFFICIAL = "official"
"""The authors' own encoder, pairs and arithmetic."""


def load(
    preset: str = "mini",
    *,
    device: str = "auto",
    dtype: torch.dtype = torch.float32,
    pairs: str | Path | None = None,
    dimensions: str | Path | None = None,
) -> PerceptionAssessor:
    """Load an encoder and its text pairs.

    Args:
        preset: `mini` comes with `pip install pqmap[mini]`, works offline and on a CPU; `official` is
            the authors' script, number for number; otherwise what `grefine_core.load_encoder` takes,
            such as `vit-b-16`, `ViT-B-32/laion2b_s34b_b79k` or `local-dir:FOLDER`.
        device: `auto`, or a name that torch knows, such as `cpu` or `cuda:1`.
        dtype: Of the encoder's weights where it leaves the choice; scores are float32 always.
        pairs: A pairs file of `pqmap fit` or `pqmap pairs import` instead of the preset's own.
        dimensions: A TOML file of own pairs of words (see `pqmap.read_dimensions`), or a file of such pairs
            that `pqmap fit` made.

    Raises:
        InputError: If the preset is unknown, the device is absent, or a file says what it must not.
        WeightsError: If a weights file is absent or altered, or fitted for another encoder.
    """
    from pqmap.assessor import PerceptionAssessor

    if preset == OFFICIAL:
        from pqmap.official import load_official

        if dimensions is not None:
            raise InputError("The preset `official` takes no own dimensions: the authors' script has none.")
        return load_official(device=device, pairs=pairs)
    encoder = load_encoder(preset, device=device, dtype=dtype)
    texts = load_pairs(preset, encoder) if pairs is None else TextPairs.load(pairs, encoder=encoder)
    return PerceptionAssessor(encoder, texts, dimensions=_load_dimensions(dimensions, encoder, texts.temperature))


def load_pairs(preset: str, encoder: Encoder) -> TextPairs:
    """Return the text pairs that belong to a preset; plain words where nobody has fitted any.

    Raises:
        WeightsError: If their file is absent or altered, or fitted for another encoder.
    """
    if preset in preset_entries(PAIRS):
        file: WeightsFile = load_preset(PAIRS, preset).load()
        return TextPairs.load(file, encoder=encoder)
    from pqmap.dimensions import DEFAULT_WORDS
    from pqmap.pairs import pairs_from_words

    # CLIP's own scale, with which CLIP-IQA (arXiv:2207.12396) reads such words
    return pairs_from_words(encoder, DEFAULT_WORDS, temperature=encoder.logit_scale)


def _load_dimensions(path: str | Path | None, encoder: Encoder, temperature: float) -> TextPairs | None:
    if path is None:
        return None
    from pqmap.dimensions import load_dimensions

    return load_dimensions(path, encoder=encoder, temperature=temperature)

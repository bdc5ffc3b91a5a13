from __future__ import annotations

import hashlib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import torch

from grefine_core import Preset, WeightsError, WeightsFile, presets as core_presets
from pqmap import TextPairs, load_pairs, pairs_from_words
from pqmap.dimensions import DEFAULT_WORDS


def install(monkeypatch: pytest.MonkeyPatch, file: WeightsFile) -> None:
    """Offer `file` as the pairs of the preset `tiny`."""
    preset = Preset(summary="tiny", load=lambda: file, files=lambda: [file])
    entry = EntryPoint("tiny", "tests:PAIRS", "grefine.pairs")
    monkeypatch.setattr(EntryPoint, "load", lambda _: preset)
    monkeypatch.setattr(core_presets, "entry_points", lambda group: [entry] if group == "grefine.pairs" else [])


def test_pairs_of_an_installed_preset_are_loaded(
    pairs: TextPairs, encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pairs.save(tmp_path / "pairs.safetensors")
    install(monkeypatch, WeightsFile(path, hashlib.sha256(path.read_bytes()).hexdigest()))
    assert torch.equal(load_pairs("tiny", encoder).embeddings, pairs.embeddings)


def test_altered_file_of_a_preset_is_refused(
    pairs: TextPairs, encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, WeightsFile(pairs.save(tmp_path / "pairs.safetensors"), "f" * 64))
    with pytest.raises(WeightsError, match=r"pairs\.safetensors has sha256 \w{64}, expected f{64}"):
        load_pairs("tiny", encoder)


def test_encoder_that_nobody_fitted_pairs_for_is_read_with_plain_words_at_its_own_scale(encoder: Any) -> None:
    found = load_pairs("huge", encoder)
    assert torch.equal(found.embeddings, pairs_from_words(encoder, DEFAULT_WORDS).embeddings)
    assert found.temperature == encoder.logit_scale

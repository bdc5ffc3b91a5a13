from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest
import torch

from grefine_core import Encoder, InputError, Preset, load_encoder, presets


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Install an encoder `tiny`; the list names what its loader was asked for."""
    calls: list[dict[str, Any]] = []
    preset = Preset(summary="tiny", load=lambda **keywords: calls.append(keywords) or "encoder", files=lambda: ())
    entry = EntryPoint("tiny", "pack:TINY", "grefine.encoders")
    monkeypatch.setattr(EntryPoint, "load", lambda _: preset)
    monkeypatch.setattr(presets, "entry_points", lambda group: [entry] if group == "grefine.encoders" else [])
    return calls


def test_loader_gets_device_and_dtype(asked: list[dict[str, Any]]) -> None:
    assert load_encoder("tiny", device="cpu", dtype=torch.float64) == "encoder"
    assert asked == [{"device": torch.device("cpu"), "dtype": torch.float64}]


def test_unknown_encoder_is_refused(asked: list[dict[str, Any]]) -> None:
    with pytest.raises(InputError, match=r"`none` is not installed for grefine\.encoders; installed: tiny"):
        load_encoder("none")


def test_absent_device_is_refused_before_loading(asked: list[dict[str, Any]]) -> None:
    with pytest.raises(InputError, match="Device `abacus`"):
        load_encoder("tiny", device="abacus")
    assert asked == []


def test_protocol_can_be_checked_at_run_time() -> None:
    assert not isinstance(object(), Encoder)

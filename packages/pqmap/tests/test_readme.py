"""The Python code of the README runs as it stands there, with a tiny encoder for the preset."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

import grefine_core
import pqmap
from grefine_core import to_pil
from pqmap import PerceptionAssessor, TextPairs, presets

README = Path(__file__).parents[1] / "README.md"


def code(index: int) -> str:
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[index]


def test_assessing_works_as_documented(
    encoder: Any, pairs: TextPairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(presets, "load_encoder", lambda *_, **__: encoder)
    monkeypatch.setattr(presets, "load_pairs", lambda *_: pairs)
    to_pil(torch.rand(3, 16, 24)).save("picture.png")
    exec(compile(code(0), str(README), "exec"), {})
    assert "torch.Size([16, 24]) torch.Size([4, 16, 24])" in capsys.readouterr().out


def test_loss_works_as_documented(encoder: Any, pairs: TextPairs) -> None:
    names: dict[str, Any] = {"assess": PerceptionAssessor(encoder, pairs), "pqmap": pqmap}
    exec(compile(code(1), str(README), "exec"), names)
    assert names["images"].grad.abs().max() > 0


def test_fitting_works_as_documented(encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(grefine_core, "load_encoder", lambda *_: encoder)
    Path("pictures").mkdir()
    for index in range(20):
        to_pil(torch.rand(3, 16, 24)).save(f"pictures/{index:02}.png")
    torch.save(torch.rand(20, 4), "labels.pt")
    names: dict[str, Any] = {}
    exec(compile(code(2), str(README), "exec"), names)
    found = TextPairs.load("my-pairs.safetensors", encoder=encoder)
    assert torch.equal(found.embeddings, names["pairs"].embeddings)
    assert isinstance(names["assess"], PerceptionAssessor)

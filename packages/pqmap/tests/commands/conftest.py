"""The command line with a tiny model for every preset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner, Result

from grefine_core import to_pil
from pqmap import PerceptionAssessor, TextPairs, presets
from pqmap.cli import app

Loads = list[tuple[str, str]]


@pytest.fixture
def loads(encoder: Any, pairs: TextPairs, monkeypatch: pytest.MonkeyPatch) -> Loads:
    """Replace the loader of presets by a tiny one; the list names each preset and device asked for."""
    calls: Loads = []

    def load(preset: str, *, device: str, pairs: Path | None, dimensions: Path | None) -> PerceptionAssessor:
        calls.append((preset, device))
        own = presets._load_dimensions(dimensions, encoder, 10.0)
        return PerceptionAssessor(encoder, texts, dimensions=own)

    texts = pairs
    monkeypatch.setattr(presets, "load", load)
    return calls


@pytest.fixture
def run() -> Callable[..., Result]:
    """Return what calls `pqmap` with arguments, on a wide screen."""
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "300"})


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "good [red].png"
    to_pil(torch.rand(3, 24, 40)).save(path)
    return path


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "damaged.png"
    path.write_bytes(b"no picture")
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return `pics` in the working folder: six pictures of three sizes, two of one name, and a damaged one."""
    monkeypatch.chdir(tmp_path)
    for index, name in enumerate(["a.png", "größe.png", "sub/a.png", "sub/c.jpg", "sub/d.png", "z.webp"]):
        path = Path("pics") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        to_pil(torch.rand(3, 24, 24 + 16 * (index % 3))).save(path)
    Path("pics/bad.png").write_bytes(b"no picture")
    return Path("pics")

"""The command line with the planted encoder for every preset; trees are written down, or made by rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from typer.testing import CliRunner, Result

from aqmap import presets
from aqmap.alignment import AlignmentAssessor
from aqmap.cli import app
from aqmap.parsing.rules.chunker import Chunker
from grefine_core import ImageFeatures, to_pil

PROMPT = "a red cat on a hat"


class Reader:
    """The written trees, and rules for what they lack."""

    name = "reader"

    def __init__(self, written: Any) -> None:
        self.written, self.rules = written, Chunker()

    def parse(self, segments: Any) -> list[Any]:
        known = self.written.trees
        return [(self.written if segment in known else self.rules).parse([segment])[0] for segment in segments]


@pytest.fixture
def encoder(plant: Any, towards: Any) -> Any:
    """Return an encoder that sees a cat, the more the brighter the picture; beside it nothing."""

    class Planted(plant):
        def __init__(self) -> None:
            super().__init__(towards(cat=0.8, empty=0.6), torch.stack([towards(cat=1.0), towards(empty=1.0)])[:, None])

        def encode_image(self, pixels: Any) -> ImageFeatures:
            self.image_calls += len(pixels)
            light = pixels.mean((1, 2, 3)).clamp(0.1, 0.9)
            whole = torch.stack([towards(cat=float(cat), empty=float((1 - cat**2).sqrt())) for cat in light])
            return ImageFeatures(global_=whole, patches=self.features.patches.expand(len(pixels), -1, -1, -1))

    return Planted()


@pytest.fixture
def loads(encoder: Any, parser: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Replace the loader of presets; the list has its arguments and options, call by call."""
    calls: list[Any] = []

    def load(*args: Any, **options: Any) -> AlignmentAssessor:
        calls.append((args, options))
        return AlignmentAssessor(encoder, Reader(parser), options["settings"])

    monkeypatch.setattr(presets, "load", load)
    return calls


@pytest.fixture
def run() -> Callable[..., Result]:
    """Return what calls `aqmap score`, on a wide screen: `run("a.png", "--json", FORCE_COLOR="1")`."""

    def call(*arguments: object, **environment: str) -> Result:
        return CliRunner(env={"COLUMNS": "200", **environment}).invoke(app, ["score", *map(str, arguments)])

    return call


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    to_pil(torch.full((3, 40, 20), 0.8)).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return `pics` in the working folder: seven pictures of three sizes with their prompts, one of them damaged.

    One is without a prompt, and one has a prompt that is all punctuation.
    """
    monkeypatch.chdir(tmp_path)
    prompts = [PROMPT, "cat on a mat asleep", "a dog, red hat", "!!", None, "red cat\nNegative prompt: dog, hat"]
    for index, (name, prompt) in enumerate(zip("abcdef", prompts, strict=True)):
        info = PngInfo()
        if prompt:
            info.add_text("parameters", prompt)
        path = Path("pics") / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        light = 40 * (index + 1)
        Image.new("RGB", (16 + 16 * (index % 3), 32), (light, light, light)).save(path, pnginfo=info)
    Path("pics/bad.png").write_bytes(b"no picture")
    return Path("pics")

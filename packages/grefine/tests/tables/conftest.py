"""A data folder of four small pictures, and runs of the tables with models that need no weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from grefine import Settings
from grefine.indicators.own import OwnModels
from grefine.tables.bench import Bench
from grefine.tables.options import TableOptions
from grefine_core import write_table

STANDS_FOR = {
    "GenImage": {},
    "AIGIQA-20K": {},
    "AGIQA-3K": {"split": "second"},
    "SD1.5": {"model": "weak"},
    "SD Cascade": {"model": "good"},
}
COUNT = 6


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a stand-in of six pictures, the redder the better, of two generators and two parts."""
    folder = tmp_path / "data"
    folder.mkdir()
    rows = []
    for number in range(COUNT):
        picture = Image.new("RGB", (48, 40), (40 * number + 20, 90, 90))
        picture.paste((0, 0, 0), (16, 8, 40, 24))
        picture.save(folder / f"{number}.png")
        rows.append(
            {
                "image": f"{number}.png",
                "prompt": "a red bicycle" if number % 3 == 0 else "a cat",
                "quality": [0.1, 0.3, 0.2, 0.5, 0.9, 0.8][number],
                "alignment": number / 5,
                "model": ("weak", "good")[number % 2],
                "split": "second" if number < 5 else "first",
            }
        )
    write_table(folder / "items.csv", rows, tuple(rows[0]))
    known = {"name": "coloured squares", "table": "items.csv", "stands_for": STANDS_FOR}
    (folder / "stand-in.json").write_text(json.dumps(known), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path) -> None:
    """Let no published weights be there, nor be asked for."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def options(data, tmp_path) -> Callable[..., TableOptions]:
    """Return a maker of options for the data folder."""

    def make(**changes: object) -> TableOptions:
        settings = Settings(device="cpu", steps=4, **changes.pop("settings", {}))
        return TableOptions(data=data, out=tmp_path / "out", settings=settings, **changes)

    return make


@pytest.fixture
def bench(models) -> Callable[[TableOptions], Bench]:
    """Return a maker of benches around the fakes."""
    return lambda options: Bench(options, load_own=lambda settings: OwnModels(models.load(settings)))

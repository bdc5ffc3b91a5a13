from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from grefine_core import InputError
from grefine_core.tables import read_table
from pqmap import EpochResult
from pqmap.fitting.curve import check_plotting, plot_curve, write_curve

CURVE = (
    EpochResult(epoch=0, loss=None, srcc=0.1, by_name={"overall": 0.0, "sharpness": 0.2}),
    EpochResult(epoch=1, loss=0.5, srcc=0.3, by_name={"overall": 0.2, "sharpness": 0.4}),
)


def test_table_has_a_row_for_each_epoch(tmp_path: Path) -> None:
    rows = read_table(write_curve(tmp_path / "curve.csv", CURVE))
    assert rows == [
        {"epoch": 0, "loss": None, "srcc": 0.1, "srcc_overall": 0.0, "srcc_sharpness": 0.2},
        {"epoch": 1, "loss": 0.5, "srcc": 0.3, "srcc_overall": 0.2, "srcc_sharpness": 0.4},
    ]


def test_picture_is_a_png_and_needs_no_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # an import of it fails
    with Image.open(plot_curve(tmp_path / "curve.png", CURVE, best_epoch=1)) as image:
        assert image.format == "PNG"
        assert min(image.size) > 500


def test_start_alone_can_be_drawn(tmp_path: Path) -> None:
    assert plot_curve(tmp_path / "curve.png", CURVE[:1], best_epoch=0).stat().st_size > 0


def test_missing_matplotlib_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(InputError, match=r"needs matplotlib: pip install pqmap\[fit\]"):
        check_plotting()

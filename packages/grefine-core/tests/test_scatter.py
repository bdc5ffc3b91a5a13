from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grefine_core import InputError
from grefine_core.agreement import measure_agreement
from grefine_core.scatter import plot_scatter


@pytest.fixture
def values() -> tuple[np.ndarray, np.ndarray]:
    scores = np.random.default_rng(1).random(30)
    return scores, 4 * scores + 1


def test_plot_is_a_picture_with_points_and_curve(values: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    path = plot_scatter(tmp_path / "a.png", *values, measure_agreement(*values, resamples=0))
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("PNG", (600, 600))
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    assert any(blue > red + 60 for red, _, blue in colours)  # points
    assert (0, 0, 0) in colours  # curve


def test_plots_leave_no_figure_behind(values: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    plot_scatter(tmp_path / "a.png", *values, measure_agreement(*values, resamples=0))
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


def test_missing_library_is_told_in_one_sentence(
    values: tuple[np.ndarray, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(InputError, match=r"Plots need matplotlib: pip install 'grefine-core\[plots\]'"):
        plot_scatter(tmp_path / "a.png", *values, measure_agreement(*values, resamples=0))

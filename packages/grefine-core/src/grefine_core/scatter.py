"""Scores against labels as a picture, with the fitted curve. Needs matplotlib, the extra `plots`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grefine_core.agreement import Agreement
from grefine_core.errors import InputError
from grefine_core.files import write_atomically

CURVE_POINTS = 200
MANY = 500
"""From so many items on the points are small and half transparent."""


def check_plotting() -> None:
    """Refuse to begin where pictures could not be drawn at the end.

    Raises:
        InputError: If matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise InputError("Plots need matplotlib: pip install 'grefine-core[plots]'.") from error


def plot_scatter(
    path: Path,
    scores: NDArray[np.float64],
    labels: NDArray[np.float64],
    agreement: Agreement,
    *,
    names: tuple[str, str] = ("score", "label"),
) -> Path:
    """Draw one point an item, and the curve of the agreement, as PNG.

    Args:
        path: The file.
        scores: Shape (n,), to the right.
        labels: Shape (n,), upwards.
        agreement: Of these scores and labels.
        names: What both are called.

    Raises:
        InputError: If matplotlib is not installed or the file cannot be written.
    """
    check_plotting()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # objects of its own, not pyplot: that keeps every figure for ever and may want a display
    figure = Figure(figsize=(5, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    many = len(scores) >= MANY
    axes.scatter(scores, labels, s=4 if many else 14, alpha=0.35 if many else 0.8, color="tab:blue", linewidths=0)
    line = np.linspace(float(scores.min()), float(scores.max()), CURVE_POINTS)
    axes.plot(line, agreement.curve(line), color="black", label="logistic fit")
    told = f"n {agreement.n}   SRCC {agreement.srcc:.3f}   PLCC {agreement.plcc:.3f}   RMSE {agreement.rmse:.3f}"
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.set_title(told, fontsize="medium")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="best")
    return write_atomically(path, lambda file: figure.savefig(file, format="png", dpi=120))

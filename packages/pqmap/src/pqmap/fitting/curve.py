"""The training curve of a fit as a table and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grefine_core.errors import InputError
from grefine_core.files import write_atomically
from grefine_core.tables import write_table

if TYPE_CHECKING:
    from pqmap.fitting.checkpoint import EpochResult


def check_plotting() -> None:
    """Refuse to begin where the picture of the curve could not be drawn at the end.

    Raises:
        InputError: If matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise InputError("The picture of the curve needs matplotlib: pip install pqmap[fit].") from error


def write_curve(path: Path, curve: Sequence[EpochResult]) -> Path:
    """Write a row for each epoch, the start included: loss, mean SRCC, and that of each name.

    Raises:
        InputError: If the file cannot be written.
    """
    names = list(curve[0].by_name)
    rows = [
        {
            "epoch": point.epoch,
            "loss": point.loss,
            "srcc": point.srcc,
            **{f"srcc_{name}": point.by_name[name] for name in names},
        }
        for point in curve
    ]
    return write_table(path, rows, ["epoch", "loss", "srcc", *(f"srcc_{name}" for name in names)])


def plot_curve(path: Path, curve: Sequence[EpochResult], *, best_epoch: int) -> Path:
    """Draw the loss and, below it, the SRCC on validation rows as PNG.

    Raises:
        InputError: If matplotlib is not installed or the file cannot be written.
    """
    check_plotting()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # objects of its own, not pyplot: that keeps every figure for ever and may want a display
    figure = Figure(figsize=(7, 6), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True)
    epochs = [point.epoch for point in curve]
    above.plot(epochs[1:], [point.loss for point in curve[1:] if point.loss is not None], color="black", marker=".")
    above.set(ylabel="loss on training rows", title="Fit of text pairs")
    names = list(curve[0].by_name)
    for name in names:
        below.plot(epochs, [point.by_name[name] for point in curve], marker=".", label=name)
    if len(names) > 1:
        below.plot(epochs, [point.srcc for point in curve], color="black", linestyle="--", label="mean")
    below.set(xlabel="epoch (0: before the fit)", ylabel="SRCC on validation rows")
    for axes in (above, below):
        axes.axvline(best_epoch, color="gray", linestyle=":", label=f"kept: epoch {best_epoch}")
        axes.grid(visible=True, alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    below.legend(loc="lower right")
    return write_atomically(path, lambda file: figure.savefig(file, format="png", dpi=120))

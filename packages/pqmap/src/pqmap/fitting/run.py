"""From the checked tables of a plan to fitted pairs on disk: encode, arrange, fit, write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from grefine_core import Encoder, InputError
from grefine_core.labelled_table import LabelledPicture, LabelledTable
from grefine_core.splits import split_pictures
from pqmap.fitting.curve import plot_curve, write_curve
from pqmap.fitting.data import Rows, normalise_labels
from pqmap.fitting.feature_cache import Feature, FeatureCache
from pqmap.fitting.fit import FitReport, fit_pairs
from pqmap.fitting.plan import FitPlan, FitTables
from pqmap.pairs import TextPairs


@dataclass(frozen=True, kw_only=True)
class EncodedTable:
    """The rows of a table with their features."""

    pictures: tuple[LabelledPicture, ...]
    features: tuple[Feature, ...]
    bad: tuple[str, ...] = ()
    """One sentence for each row whose picture could not be read."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FitRows:
    """Rows ready to fit on."""

    training: Rows
    validation: Rows
    ranges: dict[str, tuple[float, float]]
    """By name: the labels that became 0 and 1."""
    shared: int
    """Validation rows whose picture is trained on too; they flatter the result."""


def encode_table(
    table: LabelledTable, cache: FeatureCache, *, skip_bad: bool, on_picture: Callable[[], object]
) -> EncodedTable:
    """Encode each picture that is in no cache yet; `on_picture` is called after each.

    Raises:
        InputError: If a picture cannot be read (row, column and file are named; not if `skip_bad`).
    """
    pictures, features, bad = [], [], []
    for picture in table.pictures:
        try:
            features.append(cache.feature(picture.path))
            pictures.append(picture)
        except InputError as error:
            message = f"Row {picture.row} of {table.path}: `{table.columns.image}`: {error}"
            if not skip_bad:
                raise InputError(message) from error
            bad.append(message)
        on_picture()
    return EncodedTable(pictures=tuple(pictures), features=tuple(features), bad=tuple(bad))


def arrange_rows(
    plan: FitPlan, names: Sequence[str], table: EncodedTable, validation: EncodedTable | None = None
) -> FitRows:
    """Scale the labels to [0, 1] and part the rows for training and validation.

    One range holds for both sides, so that a label means the same on each. Without a validation table
    or split column, whole pictures are held out by chance.

    Raises:
        InputError: If no rows are left on a side, or all labels of a name are equal.
    """
    pictures = [*table.pictures, *(validation.pictures if validation else ())]
    features = [*table.features, *(validation.features if validation else ())]
    if not table.pictures or (validation is not None and not validation.pictures):
        raise InputError(f"No picture of {plan.table if not table.pictures else plan.validation} can be read.")
    labels = torch.tensor([picture.labels for picture in pictures], dtype=torch.float64)  # (n, K)
    scaled, ranges = _scale(labels, names, limits=plan.limits)
    rows = Rows(torch.stack([feature.values for feature in features]), scaled)
    if validation is not None:
        kept, held = torch.arange(len(table.pictures)), torch.arange(len(table.pictures), len(pictures))
    else:
        kept, held = _part(plan, table)
    trained = {features[place].digest for place in kept.tolist()}
    return FitRows(
        training=Rows(rows.features[kept], rows.labels[kept]),
        validation=Rows(rows.features[held], rows.labels[held]),
        ranges=ranges,
        shared=sum(features[place].digest in trained for place in held.tolist()),
    )


def _scale(
    labels: Tensor, names: Sequence[str], *, limits: tuple[float, float] | None
) -> tuple[Tensor, dict[str, tuple[float, float]]]:
    """Return labels (n, K) in [0, 1], float32, and the range of each name."""
    if limits is not None:
        low, high = limits
        return ((labels - low) / (high - low)).clamp(0, 1).float(), dict.fromkeys(names, limits)
    scaled = normalise_labels(labels, names)
    lows, highs = labels.amin(dim=0).tolist(), labels.amax(dim=0).tolist()
    return scaled, dict(zip(names, zip(lows, highs, strict=True), strict=True))


def _part(plan: FitPlan, table: EncodedTable) -> tuple[Tensor, Tensor]:
    """Return the places of training and validation rows of one table."""
    settings = plan.settings
    if plan.split_column is None:
        digests = [feature.digest for feature in table.features]
        return split_pictures(digests, share=settings.validation_share, seed=settings.seed)
    sides = [picture.split for picture in table.pictures]
    if "train" not in sides or "validation" not in sides:
        missing = "train" if "train" not in sides else "validation"
        raise InputError(f"The column `{plan.split_column}` of {plan.table} says `{missing}` in no row.")
    kept, held = ([place for place, side in enumerate(sides) if side == name] for name in ("train", "validation"))
    return torch.tensor(kept), torch.tensor(held)


def fit_rows(plan: FitPlan, start: TextPairs, encoder: Encoder, rows: FitRows) -> tuple[TextPairs, FitReport]:
    """Fit the pairs that the rows have labels of, and return them among the others of `start`.

    Where others stay as they are, so does the temperature, which all of them share.

    Raises:
        InputError: If the rows cannot be fitted on, or the checkpoint is of another fit.
        WeightsError: If `start` is for another encoder, or the checkpoint cannot be read.
    """
    chosen = start.select(tuple(rows.ranges))
    whole = set(chosen.names) == set(start.names)
    settings = replace(
        plan.settings,
        checkpoint=plan.checkpoint,
        train_temperature=plan.settings.train_temperature and whole,
    )
    fitted, report = fit_pairs(chosen, encoder, *rows.training, settings, rows.validation)
    ends = {f"label_min_{name}": low for name, (low, _) in rows.ranges.items()}
    ends |= {f"label_max_{name}": high for name, (_, high) in rows.ranges.items()}
    fitted = replace(fitted, metrics={**report.metrics, **ends}, data=_describe(plan, rows))
    if whole:
        return fitted.select(start.names), report
    before = f"{start.data}; " if start.data else ""
    return replace(start.replace_pairs(fitted), data=f"{before}{', '.join(chosen.names)}: {fitted.data}"), report


def _describe(plan: FitPlan, rows: FitRows) -> str:
    held = f" of {plan.validation.name}" if plan.validation else ""
    return (
        f"{plan.table.name}, {len(rows.training.labels)} rows fitted on, "
        f"{len(rows.validation.labels)} rows{held} validated on, labels of each name scaled to [0, 1]"
    )


def write_results(plan: FitPlan, pairs: TextPairs, report: FitReport) -> tuple[Path, Path, Path]:
    """Write the pairs and the curve as csv and PNG, each whole; then the checkpoint can go.

    Raises:
        InputError: If a file cannot be written; the checkpoint stays.
    """
    files = (
        write_curve(plan.curve, report.curve),
        plot_curve(plan.curve.with_suffix(".png"), report.curve, best_epoch=report.best_epoch),
        pairs.save(plan.output),
    )
    plan.checkpoint.unlink(missing_ok=True)
    return files[2], files[0], files[1]


def dropped(tables: FitTables, *encoded: EncodedTable) -> list[str]:
    """Return one sentence for each row that was dropped, of the tables and of the pictures."""
    return [*tables.bad, *(message for table in encoded for message in table.bad)]

"""What `pqmap fit` is asked to do, and all of it that can be checked before a model is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grefine_core import Encoder, InputError, Row, check_output_folder
from grefine_core.labelled_table import LabelledTable, TableColumns, check_labels, read_rows
from pqmap.dimensions import is_words, pair_names, read_dimensions
from pqmap.fitting.curve import check_plotting
from pqmap.fitting.settings import FitSettings
from pqmap.pairs import TextPairs, pairs_from_words
from pqmap.perception import FACTORS
from pqmap.presets import load_pairs


@dataclass(frozen=True, kw_only=True)
class FitPlan:
    """A fit from a table of labelled pictures to a pairs file."""

    table: Path
    output: Path
    """The pairs file; curve and checkpoint lie beside it."""
    preset: str
    """The encoder's."""
    factors: tuple[str, ...] = ()
    """Names of the pairs to change; empty for all that the table has a column of."""
    label: str | None = None
    """Column of the labels, where one pair is changed and its column has another name."""
    start: Path | None = None
    """A pairs file, or TOML of own dimensions; None for the preset's own pairs."""
    validation: Path | None = None
    """A table with the same columns to validate on."""
    image_column: str | None = None
    split_column: str | None = None
    limits: tuple[float, float] | None = None
    """Lowest and highest label that there can be; None for those of the rows."""
    skip_bad: bool = False
    settings: FitSettings = field(default_factory=FitSettings)
    """The checkpoint is the plan's own."""

    @property
    def checkpoint(self) -> Path:
        """Where an interrupted fit goes on from."""
        return self.output.with_name(f"{self.output.stem}.checkpoint.pt")

    @property
    def curve(self) -> Path:
        """The curve's table; the picture has the same name with `.png`."""
        return self.output.with_name(f"{self.output.stem}.curve.csv")


@dataclass(frozen=True, kw_only=True)
class FitTables:
    """The checked tables of a plan."""

    names: tuple[str, ...]
    """Of the pairs to change, in the order of the labels."""
    table: LabelledTable
    validation: LabelledTable | None

    @property
    def bad(self) -> tuple[str, ...]:
        """One sentence for each row that was dropped."""
        return (*self.table.bad, *(self.validation.bad if self.validation else ()))


def read_tables(plan: FitPlan) -> FitTables:
    """Check all of a plan that needs no model, and return its tables.

    Raises:
        InputError: If matplotlib is missing, a file cannot be read or written, a column is missing, or
            a row cannot be used (unless `skip_bad`).
        WeightsError: If `start` is a broken pairs file.
    """
    check_plotting()
    _check_output(plan)
    if plan.validation is not None and plan.split_column is not None:
        raise InputError("A validation table and a split column say two things about what to validate on; give one.")
    if plan.limits is not None and not plan.limits[0] < plan.limits[1]:
        raise InputError(f"The range of labels must rise, got {plan.limits[0]:g} to {plan.limits[1]:g}.")
    rows = read_rows(plan.table, image=plan.image_column)
    labels = _label_columns(plan, there=list(rows[0]))
    table = _checked(plan, plan.table, rows, labels, split=plan.split_column)
    validation = None
    if plan.validation is not None:
        others = read_rows(plan.validation, image=plan.image_column)
        validation = _checked(plan, plan.validation, others, labels, split=None)
    return FitTables(names=tuple(labels), table=table, validation=validation)


def load_start(plan: FitPlan, encoder: Encoder) -> TextPairs:
    """Return the pairs that a fit begins with; words get the temperature that the preset's pairs have.

    Raises:
        InputError: If words are too long for the encoder.
        WeightsError: If pairs are for another encoder.
    """
    if plan.start is None:
        return load_pairs(plan.preset, encoder)
    if is_words(plan.start):
        temperature = load_pairs(plan.preset, encoder).temperature
        return pairs_from_words(encoder, read_dimensions(plan.start), temperature=temperature)
    return TextPairs.load(plan.start, encoder=encoder)


def _check_output(plan: FitPlan) -> None:
    if plan.output.suffix != ".safetensors":
        raise InputError(f"The pairs are written as .safetensors, got the name {plan.output.name}.")
    if plan.output.is_dir():
        raise InputError(f"{plan.output} is a folder.")
    check_output_folder(plan.output.parent)


def _label_columns(plan: FitPlan, *, there: list[str]) -> Mapping[str, str]:
    """Return the label's column by the name of each pair to change."""
    names = FACTORS if plan.start is None else pair_names(plan.start)
    unknown = [name for name in plan.factors if name not in names]
    if unknown:
        hint = "" if plan.start else "; own dimensions come from a TOML file as the start"
        raise InputError(f"There is no pair `{unknown[0]}` to fit; there are {', '.join(names)}{hint}.")
    if plan.label is not None:
        if len(plan.factors) != 1:
            raise InputError(f"A label column goes with exactly one named factor, got {len(plan.factors)}.")
        return {plan.factors[0]: plan.label}
    chosen = [name for name in names if name in (plan.factors or there)]
    if not chosen:
        raise InputError(
            f"{plan.table} has no column named {', '.join(names)}; it has {', '.join(there)}. "
            "Name one factor and its label column."
        )
    return {name: name for name in chosen}


def _checked(
    plan: FitPlan, path: Path, rows: Sequence[Row], labels: Mapping[str, str], *, split: str | None
) -> LabelledTable:
    columns = TableColumns.find(rows, table=path, labels=labels, image=plan.image_column, split=split)
    return check_labels(rows, columns, table=path, limits=plan.limits, skip_bad=plan.skip_bad)

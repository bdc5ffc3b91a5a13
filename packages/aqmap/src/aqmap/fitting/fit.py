"""Fit temperature, beta and a_bound on one part of labelled rows, and keep what helps on the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from aqmap.calibration import Calibration
from aqmap.fitting.agreement import Agreement, agree, rank_gain, score_rows
from aqmap.fitting.bound import separate, try_bound
from aqmap.fitting.evidence import Evidence, Floats, RowEvidence
from aqmap.fitting.scale import Numbers, choose_scale
from aqmap.settings import A_BOUND, BETA
from grefine_core import Encoder, InputError
from grefine_core.bootstrap import Interval
from grefine_core.splits import split_pictures

MIN_ROWS = 40
"""Fewer rows leave too little to choose three numbers by and to validate them on."""
MAX_SHARE = 0.5
"""Of the rows, to validate on: no fewer may be left to choose by."""
Part = Literal["training", "validation"]


@dataclass(frozen=True, kw_only=True)
class FitReport:
    """What a fit found, and what of it was kept."""

    start: Numbers
    fitted: Numbers
    """The best on the training rows."""
    kept: Numbers
    rows: Mapping[Part, int]
    before: Mapping[Part, Agreement]
    """Of the start."""
    after: Mapping[Part, Agreement]
    """Of the fitted temperature and beta, kept or not."""
    youden: tuple[float, float] | None
    """J of the kept temperature's a_bound on the validation rows, at the start and fitted; None where there
    is too little to part."""
    notes: tuple[str, ...]
    """Why each was kept or not, one sentence each."""

    @property
    def moved(self) -> bool:
        """Whether temperature and beta are no longer those of the start."""
        return (self.kept.temperature, self.kept.beta) != (self.start.temperature, self.start.beta)

    def to_json(self) -> dict[str, Any]:
        """Return all of it, ready for `json.dumps`."""
        numbers = {name: getattr(self, name)._asdict() for name in ("start", "fitted", "kept")}
        figures = {
            name: {part: asdict(agreement) for part, agreement in getattr(self, name).items()}
            for name in ("before", "after")
        }
        return {**numbers, "rows": dict(self.rows), **figures, "youden": self.youden, "notes": list(self.notes)}

    def to_calibration(self, *, encoder: str, data: str) -> Calibration:
        """Return what was kept, for an encoder's name and a description of the rows."""
        now, then = (self.after if self.moved else self.before)["validation"], self.before["validation"]
        metrics = {"srcc": now.srcc, "plcc": now.plcc, "srcc_at_start": then.srcc, "plcc_at_start": then.plcc}
        if self.youden is not None:
            metrics["youden"] = self.youden[1 if self.kept.a_bound != self.start.a_bound else 0]
        return Calibration(
            encoder=encoder,
            temperature=self.kept.temperature,
            beta=self.kept.beta,
            a_bound=self.kept.a_bound,
            data=f"{data}, {self.rows['training']} rows fitted on, {self.rows['validation']} rows validated on",
            rows=sum(self.rows.values()),
            metrics=metrics,
        )


def fit_calibration(rows: Sequence[RowEvidence], start: Numbers, *, share: float = 0.2, seed: int = 0) -> FitReport:
    """Choose three numbers on some of the rows, and keep those that help on the others.

    Temperature and beta are kept where the SRCC of a with the labels rises on the validation rows,
    a_bound where it parts good from bad there clearly better than chance, and better than the start.

    Args:
        rows: In any order; those of one picture stay on one side.
        start: Where the search begins and what stands if nothing helps.
        share: Of the rows to hold out for validation, above 0 and at most 0.5.
        seed: Decides which, and the draws of the intervals.

    Raises:
        InputError: If `share` is outside its range, there are fewer than `MIN_ROWS` rows, or all labels of
            a side are equal.
    """
    both = _part(rows, share=share, seed=seed)
    training, validation = both["training"], both["validation"]
    fitted = choose_scale(training, start)
    before, after = (
        {part: agree(_scores(side, one), side.labels, seed=seed) for part, side in both.items()}
        for one in (start, fitted)
    )
    rose = after["validation"].srcc > before["validation"].srcc
    kept = fitted if rose else start
    middle = float(np.median(training.labels))
    parted = [separate(side, temperature=kept.temperature, middle=middle) for side in (training, validation)]
    bound = try_bound(parted[0], parted[1], start.a_bound, seed=seed)
    gain = rank_gain(_scores(validation, start), _scores(validation, fitted), validation.labels, seed=seed)
    return FitReport(
        start=start,
        fitted=fitted._replace(a_bound=bound.fitted),
        kept=kept._replace(a_bound=bound.kept),
        rows={part: len(side) for part, side in both.items()},
        before=before,
        after=after,
        youden=bound.youden,
        notes=(_why(start, fitted, before["validation"].srcc, after["validation"].srcc, gain), bound.why),
    )


def start_of(encoder: Encoder) -> Numbers:
    """Return where a fit begins: the paper's bounds and the encoder's own temperature."""
    return Numbers(temperature=encoder.alignment_scale, beta=BETA, a_bound=A_BOUND)


def check_size(count: int, *, share: float) -> None:
    """Refuse too few rows to fit on.

    Raises:
        InputError: If there are fewer than `MIN_ROWS`, or `share` is outside its range.
    """
    if not 0 < share <= MAX_SHARE:
        raise InputError(f"The share of rows to validate on must be above 0 and at most {MAX_SHARE}, got {share}.")
    if count < MIN_ROWS:
        raise InputError(f"A calibration needs at least {MIN_ROWS} rows that can be used, got {count}.")


def _part(rows: Sequence[RowEvidence], *, share: float, seed: int) -> dict[Part, Evidence]:
    """Return the rows to choose by and those to validate on."""
    check_size(len(rows), share=share)
    whole = Evidence(rows)
    kept, held = split_pictures([row.picture for row in rows], share=share, seed=seed)
    both: dict[Part, Evidence] = {"training": whole.select(kept.tolist()), "validation": whole.select(held.tolist())}
    if len(both["training"]) < MIN_ROWS * MAX_SHARE:
        raise InputError(
            f"{len(rows)} rows show too few pictures: {len(held)} are held out with the pictures that they show."
        )
    for part, side in both.items():
        if np.ptp(side.labels) == 0:
            raise InputError(f"All labels of the {len(side)} {part} rows are equal, so nothing can follow them.")
    return both


def _scores(side: Evidence, numbers: Numbers) -> Floats:
    return score_rows(side, temperature=numbers.temperature, beta=numbers.beta)


def _why(start: Numbers, fitted: Numbers, before: float, after: float, gain: Interval) -> str:
    if fitted == start:
        return "Temperature and beta stay as they are: none follow the labels of the training rows better."
    ends = f"SRCC on the validation rows goes from {before:.3f} to {after:.3f}"
    if after <= before:
        return f"Temperature and beta stay as they are: {ends} with those fitted."
    doubt = ", which may be chance" if gain.low <= 0 else ""
    return f"Temperature and beta are the fitted ones: {ends}, a gain of {gain.low:.3f} to {gain.high:.3f}{doubt}."

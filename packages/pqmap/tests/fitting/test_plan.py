from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest

from grefine_core import InputError, WeightsError
from pqmap import FACTORS, TextPairs
from pqmap.fitting import plan as fit_plan
from pqmap.fitting.plan import FitPlan, load_start, read_tables

OWN = '[sharpness]\npositive = "sharp"\nnegative = "blurry"\n'


@pytest.fixture
def plan(tmp_path: Path) -> FitPlan:
    (tmp_path / "a.png").touch()
    (tmp_path / "labels.csv").write_text("image,overall,technical,sharp\na.png,1,2,3\n")
    (tmp_path / "own.toml").write_text(OWN)
    return FitPlan(table=tmp_path / "labels.csv", output=tmp_path / "pairs.safetensors", preset="tiny")


def change(plan: FitPlan, **changes: Any) -> FitPlan:
    return dataclasses.replace(plan, **changes)


def test_factors_are_those_that_the_table_has_columns_of(plan: FitPlan) -> None:
    tables = read_tables(plan)
    assert tables.names == ("overall", "technical")
    assert tables.table.pictures[0].labels == (1.0, 2.0)


def test_named_factors_and_label_decide(plan: FitPlan) -> None:
    assert read_tables(change(plan, factors=("technical",))).names == ("technical",)
    tables = read_tables(change(plan, factors=("naturalness",), label="sharp"))
    assert (tables.names, tables.table.pictures[0].labels) == (("naturalness",), (3.0,))


def test_own_dimension_is_fitted_by_its_name(plan: FitPlan) -> None:
    own = change(plan, start=plan.table.with_name("own.toml"), factors=("sharpness",), label="sharp")
    assert read_tables(own).names == ("sharpness",)


def test_files_lie_beside_the_output(plan: FitPlan) -> None:
    assert plan.checkpoint.name == "pairs.checkpoint.pt"
    assert plan.curve.name == "pairs.curve.csv"
    assert plan.curve.parent == plan.checkpoint.parent == plan.output.parent


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output": Path("pairs.pt")}, r"written as \.safetensors, got the name pairs\.pt"),
        ({"factors": ("sharpness",)}, "no pair `sharpness` to fit; there are overall.*own dimensions come from a TOML"),
        ({"factors": ("rationality",)}, "has no column `rationality`; it has image, overall, technical, sharp"),
        ({"label": "sharp"}, "A label column goes with exactly one named factor, got 0"),
        ({"limits": (5.0, 1.0)}, "The range of labels must rise, got 5 to 1"),
        ({"limits": (0.0, 1.0)}, "Row 1 of .*: `technical` must lie between 0 and 1, got 2"),
        ({"split_column": "s", "validation": Path("v.csv")}, "give one"),
        ({"validation": Path("none.csv")}, r"none\.csv does not exist"),
        ({"start": Path("none.toml")}, r"none\.toml cannot be read"),
    ],
)
def test_plan_that_cannot_be_done_is_refused(changes: dict[str, Any], message: str, plan: FitPlan) -> None:
    with pytest.raises(InputError, match=message):
        read_tables(change(plan, **changes))


def test_table_without_labels_names_its_columns(plan: FitPlan) -> None:
    plan.table.write_text("image,mos\na.png,1\n")
    with pytest.raises(InputError, match=r"no column named overall, technical.*it has image, mos"):
        read_tables(plan)


def test_missing_matplotlib_is_told_first(plan: FitPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(InputError, match="needs matplotlib"):
        read_tables(change(plan, table=Path("none.csv")))


def test_start_is_the_presets_pairs_or_a_file(
    plan: FitPlan, pairs: TextPairs, encoder: Any, make_encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit_plan, "load_pairs", lambda *_: dataclasses.replace(pairs, temperature=4.0))
    assert load_start(plan, encoder).names == FACTORS
    words = load_start(change(plan, start=plan.table.with_name("own.toml")), encoder)
    assert (words.names, words.temperature) == (("sharpness",), 4.0)
    file = words.save(plan.output)
    assert load_start(change(plan, start=file), encoder).names == ("sharpness",)
    assert read_tables(change(plan, start=file, factors=("sharpness",), label="sharp")).names == ("sharpness",)
    with pytest.raises(WeightsError, match="not `tiny-2`"):
        load_start(change(plan, start=file), make_encoder("tiny-2"))

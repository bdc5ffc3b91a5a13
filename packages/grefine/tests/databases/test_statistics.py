from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from grefine.databases import DATABASES, Item
from grefine.databases.statistics import statistics_tables
from grefine_core import InputError, ResultTable
from grefine_core.result_tables import flat_rows


def _item(number: int, *, model: str = "m", spread: float | None = None) -> Item:
    labels = {"quality": float(number), "alignment": float(-number)}
    told = {} if spread is None else {"quality": spread, "alignment": spread}
    return Item(id=str(number), image=Path(f"{number}.png"), prompt="", labels=labels, model=model, spread=told)


def _by_title(tables: list[ResultTable]) -> dict[str, ResultTable]:
    return {table.title: table for table in tables}


def test_labels_are_described() -> None:
    table = statistics_tables([_item(number) for number in range(5)])[0]
    quality = flat_rows(table)[0]
    assert (quality["n"], quality["mean"], quality["median"], quality["highest"]) == (5, 2, 2, 4)
    assert quality["SD"] == pytest.approx(np.std(range(5)))
    assert quality["SD of raters"] is None


def test_groups_have_their_means_and_one_group_has_no_table() -> None:
    items = [_item(1, model="a"), _item(3, model="a"), _item(9, model="b"), _item(10, model="")]
    tables = _by_title(statistics_tables(items))
    assert "Means by style" not in tables
    rows = flat_rows(tables["Means by model"])
    assert [(row["model"], row["n"], row["quality"]) for row in rows] == [("(none)", 1, 10), ("a", 2, 2), ("b", 1, 9)]


def test_labels_are_set_against_each_other() -> None:
    (row,) = flat_rows(
        _by_title(statistics_tables([_item(number) for number in range(5)]))["Labels against each other"]
    )
    assert (row["SRCC"], row["PLCC"]) == pytest.approx((-1, -1))


def test_ceiling_needs_raters_and_their_deviations() -> None:
    rated, plain = ([_item(number, spread=spread) for number in range(9)] for spread in (0.5, None))
    assert "Human ceiling" not in _by_title(statistics_tables(rated))
    assert "Human ceiling" not in _by_title(statistics_tables(plain, raters=5))
    assert len(_by_title(statistics_tables(rated, raters=5))["Human ceiling"].rows) == 2


def test_ceiling_that_does_not_follow_is_a_note() -> None:
    table = _by_title(statistics_tables([_item(number, spread=90.0) for number in range(9)], raters=2))["Human ceiling"]
    assert table.rows == ()
    assert "quality: The means of 2 raters differ less between items than raters do" in table.notes[1]


def test_items_without_labels_are_refused() -> None:
    with pytest.raises(InputError, match="The items have no labels"):
        statistics_tables([Item(id="a", image=Path("a"), prompt="")])


def test_released_table_of_agiqa_3k_is_described(data_folder: Path) -> None:
    items = DATABASES["agiqa-3k"].read(data_folder / "prompts" / "agiqa3k.csv")
    tables = _by_title(statistics_tables(items, raters=21))
    quality = [item.labels["quality"] for item in items]
    alignment = [item.labels["alignment"] for item in items]
    (against,) = flat_rows(tables["Labels against each other"])
    assert against["SRCC"] == stats.spearmanr(quality, alignment).statistic
    models = {row["model"]: row["quality"] for row in flat_rows(tables["Means by model"])}
    assert min(models, key=models.__getitem__) == "AttnGAN_normal"
    assert max(models, key=models.__getitem__) == "midjourney_normal"
    ceiling = {row["label"]: row for row in flat_rows(tables["Human ceiling"])}
    assert ceiling["quality"]["perfect PLCC"] == pytest.approx(0.9903, abs=5e-4)
    assert ceiling["alignment"]["one person PLCC"] == pytest.approx(0.7684, abs=5e-4)

from __future__ import annotations

import pytest
from scipy import stats

from grefine.paper_tables.paper import paper_table
from grefine.tables.assessment import assessment_table
from grefine_core import read_table, write_table


@pytest.mark.parametrize(("number", "ours"), [(6, "p"), (7, "a")])
def test_every_row_of_the_paper_is_there_with_its_numbers(number: int, ours: str, options, bench) -> None:
    table = assessment_table(number, options(), bench(options()))
    paper = paper_table(number)
    assert [row.key for row in table.rows] == [row.key for row in paper.rows]
    for row in paper.rows:
        cells = [table.cell(row.key, column.key, column.database) for column in paper.columns]
        assert tuple(cell.paper for cell in cells) == row.values
    assert table.cell(ours, "srcc", "AIGIQA-20K").value is not None


def test_srcc_is_scipys_over_the_pictures_of_the_part(options, bench) -> None:
    table = assessment_table(6, options(), bench(options()))
    rows = read_table(options().data / "items.csv")
    labels = {row["image"]: row["quality"] for row in rows if row["split"] == "second"}
    scores = {item.id: item.values["p"] for item in table.items if item.database == "AGIQA-3K"}
    expected = stats.spearmanr([scores[name] for name in labels], list(labels.values())).statistic
    cell = table.cell("p", "srcc", "AGIQA-3K")
    assert cell.value == pytest.approx(expected)
    assert cell.low <= cell.value <= cell.high
    assert cell.n == 5


def test_papers_best_and_weak_cells_are_marked(options, bench) -> None:
    table = assessment_table(6, options(), bench(options()))
    assert table.cell("pyiqa:nima", "srcc", "AGIQA-3K").paper_mark.place == "best"
    assert table.cell("pyiqa:paq2piq", "srcc", "AIGIQA-20K").paper_mark.negative
    assert not table.cell("p", "srcc", "AIGIQA-20K").paper_mark.negative


def test_maps_are_told(options, bench) -> None:
    table = assessment_table(7, options(), bench(options()))
    assert {row.key for row in table.rows if row.gives_map} == {"clip-surgery", "a"}


def test_few_pictures_are_a_reason_and_no_crash(options, bench) -> None:
    chosen = options(limit=2)
    cell = assessment_table(6, chosen, bench(chosen)).cell("p", "srcc", "AGIQA-3K")
    assert cell.missing == "PQ-Map on AGIQA-3K: A correlation needs at least 4 items, got 2"


def test_database_without_the_label_is_a_reason(options, bench, data) -> None:
    rows = read_table(data / "items.csv")
    columns = ("image", "prompt", "alignment", "model", "split")
    write_table(data / "items.csv", [{name: row[name] for name in columns} for row in rows], columns)
    cell = assessment_table(6, options(), bench(options())).cell("p", "srcc", "AGIQA-3K")
    assert cell.missing == "AGIQA-3K: its pictures have no label `quality`"


def test_ours_is_compared_with_the_others_on_the_same_pictures(options, bench) -> None:
    chosen = options(also=("p",))
    table = assessment_table(7, chosen, bench(chosen))
    (note,) = [note for note in table.notes if note.startswith("AIGIQA-20K: SRCC of AQ-Map less that of PQ-Map")]
    assert "(Williams)" in note

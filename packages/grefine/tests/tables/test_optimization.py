from __future__ import annotations

import pytest

from grefine.paper_tables.paper import paper_table
from grefine.tables.optimization import optimization_table


def test_table_2_has_every_row_and_column_of_the_paper_and_our_own_columns(options, bench) -> None:
    table = optimization_table(2, options(), bench(options()))
    paper = paper_table(2)
    assert [row.key for row in table.rows] == [row.key for row in paper.rows]
    assert [column.key for column in table.columns if column.printed] == [column.key for column in paper.columns]
    assert [column.key for column in table.columns if not column.printed] == ["p", "a"]


def test_every_cell_has_a_number_or_a_reason(options, bench) -> None:
    table = optimization_table(2, options(), bench(options()))
    assert all((cell.value is None) == bool(cell.missing) for row in table.cells for cell in row)
    assert any("RFDN" in reason for reason in table.missing)
    assert any("HPSv2" in reason for reason in table.missing)


def test_papers_numbers_stand_beside_ours(options, bench) -> None:
    table = optimization_table(2, options(), bench(options()))
    cell = table.cell("ours", "hpsv2", "GenImage")
    assert (cell.paper, cell.paper_mark.place) == ("0.2604", "best")
    assert table.cell("sd", "hpsv2", "GenImage").paper_mark.negative


def test_mean_interval_and_gain_are_those_of_the_pictures(options, bench, models) -> None:
    table = optimization_table(2, options(), bench(options()))
    cells = {key: table.cell(key, "p", "GenImage") for key in ("original", "ours")}
    values = {
        key: [item.values["p"] for item in table.items if item.row == key and item.database == "GenImage"]
        for key in cells
    }
    for key, cell in cells.items():
        assert cell.value == pytest.approx(sum(values[key]) / 6)
        assert cell.low < cell.value < cell.high
        assert cell.n == 6
    assert cells["ours"].gain == pytest.approx(cells["ours"].value - cells["original"].value)
    assert cells["original"].gain is None


def test_negative_optimisation_is_marked(options, bench, models) -> None:
    models.red = 0.0  # what the inpainter paints makes things worse
    chosen = options(settings={"guard": False})
    table = optimization_table(2, chosen, bench(chosen))
    assert table.cell("q-refine", "p", "GenImage").mark.negative
    assert not table.cell("original", "p", "GenImage").mark.negative


def test_table_8_ablates_on_two_generators(options, bench) -> None:
    table = optimization_table(8, options(), bench(options()))
    assert [row.key for row in table.rows] == ["ours", "no-pq", "no-aq", "no-stage2", "original"]
    assert table.cell("ours", "p", "SD1.5").n == table.cell("ours", "p", "SD Cascade").n == 3
    assert table.cell("ours", "pickscore", "SD1.5").paper == "-0.1216"
    assert any("another scale" in note for note in table.notes)


def test_bad_picture_becomes_a_row_with_its_error(options, bench, data) -> None:
    (data / "3.png").write_bytes(b"no picture")
    table = optimization_table(2, options(), bench(options()))
    assert table.cell("ours", "p", "GenImage").n == 5
    assert table.cell("ours", "p", "GenImage").failed == 1
    assert [item.id for item in table.items if item.row == "ours" and item.error] == ["3.png"]


def test_additions_of_the_user_have_rows_and_columns(options, bench) -> None:
    chosen = options(also=("no-stage2", "clip-surgery"), only=("no-stage2", "p"))
    table = optimization_table(2, chosen, bench(chosen))
    assert table.rows[-1].key == "no-stage2"
    assert not table.rows[-1].printed
    assert table.columns[-1].key == "clip-surgery"
    assert table.cell("no-stage2", "p", "GenImage").value is not None


def test_missing_database_is_a_reason_in_each_of_its_cells(options, bench) -> None:
    table = optimization_table(3, options(), bench(options()))
    assert all("DiffusionDB: coloured squares does not stand for" in cell.missing for cell in table.cells[0])

from __future__ import annotations

from decimal import Decimal

import pytest

from grefine.paper_tables.paper import NUMBERS, paper_table
from grefine_core import InputError

# Added up from the paper's text by other means than those that made the data.
SUMS = {
    2: "10.1724 16.5875 52.9442 8.7299 8.2816 9.1223 985.010 336.296 58.3950 14.7134 0.5604 10.4995 3.8404",
    3: "10.1884 13.4814 51.0771 8.8907 8.3787 9.0228 970.293 228.029 57.2987 14.6633 -1.4050 10.6690 3.8200",
    4: "10.0795 20.8925 59.5768 9.2713 9.1595 9.8197 1075.714 451.9682 55.9885 11.4577 -17.5475 7.2154 3.7456",
    5: "9.6021 16.2334 54.4340 8.5520 8.4845 9.4124 992.342 450.6537 57.6905 14.4344 -0.4640 10.5549 3.7785",
    6: "4.7445 4.5546 4.6918 4.3009",
    7: "3.7949 4.1007 4.4130 4.9510",
    8: "-1.2193 19.5758 4.1226 22.5737",
}


@pytest.mark.parametrize("number", NUMBERS)
def test_columns_add_up_to_the_sums_of_the_text(number: int) -> None:
    table = paper_table(number)
    sums = [sum(Decimal(row.values[place]) for row in table.rows) for place in range(len(table.columns))]
    assert sums == [Decimal(value) for value in SUMS[number].split()]


@pytest.mark.parametrize(("number", "rows", "columns"), [(n, 15, 13) for n in (2, 3, 4, 5)] + [(8, 5, 4)])
def test_table_has_every_row_and_column(number: int, rows: int, columns: int) -> None:
    table = paper_table(number)
    assert (len(table.rows), len(table.columns)) == (rows, columns)
    assert {len(row.values) for row in table.rows} == {columns}
    assert len({row.key for row in table.rows}) == rows


@pytest.mark.parametrize(
    ("number", "key", "place", "value"),
    [
        (2, "ours", 6, "73.004"),
        (3, "diffbir", 7, "11.438"),
        (4, "stablesr", 0, "0.7664"),
        (5, "q-refine", 6, "89.897"),
        (6, "p", 3, "0.7084"),
        (7, "clip-surgery", 0, "0.4160"),
        (8, "no-pq", 2, "0.8647"),
    ],
)
def test_cells_are_where_the_paper_has_them(number: int, key: str, place: int, value: str) -> None:
    assert paper_table(number).row(key).values[place] == value


def test_only_brisque_is_better_when_lower() -> None:
    assert {column.key for n in NUMBERS for column in paper_table(n).columns if not column.higher} == {"brisque"}


def test_two_databases_are_named_in_their_order() -> None:
    assert paper_table(6).databases == ("AIGIQA-20K", "AGIQA-3K")


@pytest.mark.parametrize("number", [0, 1, 9])
def test_other_numbers_are_refused(number: int) -> None:
    with pytest.raises(InputError, match=f"tables 2 to 8 with numbers, got {number}"):
        paper_table(number)


def test_unknown_row_is_refused() -> None:
    with pytest.raises(InputError, match="Table 6 of the paper has no row `nobody`"):
        paper_table(6).row("nobody")

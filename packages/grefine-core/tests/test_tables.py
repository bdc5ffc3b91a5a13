from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from grefine_core import InputError, Row, printable, read_table, write_table

ROWS: list[Row] = [
    {"path": "größe, 北京.png", "p": 0.1 + 0.2, "width": 640, "flags": "flat;tiny", "error": None},
    {"path": '007 "q"\n.png', "p": 1.0, "width": None, "flags": None, "error": None},
    {"path": "1", "p": None, "width": 3, "flags": None, "error": "no picture"},
]
COLUMNS = ("path", "p", "width", "flags", "error")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_every_format_gives_back_the_same_rows(suffix: str, tmp_path: Path) -> None:
    table = write_table(tmp_path / f"t{suffix}", ROWS, COLUMNS)
    found = read_table(table)
    assert found == ROWS  # 0.1 + 0.2 to the last bit, too
    assert [[type(value) for value in row.values()] for row in found] == [
        [type(value) for value in row.values()] for row in ROWS
    ]


def test_columns_are_written_in_the_order_asked_for(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", [{"b": 1, "a": "x"}], ["a", "b"])
    assert table.read_bytes() == b"a,b\nx,1\n"


def test_parquet_column_without_values_is_text(tmp_path: Path) -> None:
    from pyarrow import parquet

    write_table(tmp_path / "t.parquet", [{"error": None}], ["error"])
    assert str(parquet.read_schema(tmp_path / "t.parquet").field("error").type) == "string"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-20", "+3"], [1, -20, 3]),
        (["1", "2.5", ".5e-1"], [1.0, 2.5, 0.05]),
        (["1", "", "3"], [1, None, 3]),
        (["007", "8"], ["007", "8"]),
        (["00.5"], ["00.5"]),
        (["1", "two"], ["1", "two"]),
        (["1_000"], ["1_000"]),
        (["True"], ["True"]),
        (["0x10"], ["0x10"]),
    ],
)
def test_csv_column_has_the_one_type_that_suits_all_its_cells(
    cells: list[str], expected: list[object], tmp_path: Path
) -> None:
    table = tmp_path / "t.csv"
    table.write_text("n,x\n" + "".join(f"a,{cell}\n" for cell in cells))
    found = [row["x"] for row in read_table(table)]
    assert found == expected
    assert list(map(type, found)) == list(map(type, expected))


def test_csv_number_may_be_nan_for_the_caller_to_judge(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x\nnan\n0.5\n")
    assert math.isnan(read_table(tmp_path / "t.csv")[0]["x"])


def test_column_of_text_stays_text_though_it_looks_like_numbers(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path,image,n\n1e5,1e5,1\n")
    assert read_table(tmp_path / "t.csv") == [{"path": "1e5", "image": 1e5, "n": 1}]
    assert read_table(tmp_path / "t.csv", text=("image",)) == [{"path": 1e5, "image": "1e5", "n": 1}]


def test_csv_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("\ufeffpath,p\r\nä.png,0.5\r\n\r\n".encode())
    assert read_table(tmp_path / "t.csv") == [{"path": "ä.png", "p": 0.5}]


def test_jsonl_rows_share_the_columns_of_all(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"a": 1}\n\n{"b": "x"}\n')
    assert read_table(tmp_path / "t.jsonl") == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.txt", b"a\n1\n", "The name of a table must end in .csv, .jsonl, .parquet, got t.txt."),
        ("t.csv", b"", "The table {} has no rows."),
        ("t.csv", b"a,b\n", "The table {} has no rows."),
        ("t.csv", b"a,b\n1,2\n3\n", "Row 2 of {} has 1 cells, its header 2."),
        ("t.csv", b"a,a\n1,2\n", "The table {} has a column twice: a, a."),
        ("t.csv", b'a\n"x', "The table {} is no csv: unexpected end of data."),
        ("t.csv", b"a\n\xff\n", "The table {} is not in UTF-8: byte 2 cannot be read."),
        ("t.jsonl", b"\n", "The table {} has no rows."),
        ("t.jsonl", b'{"a": 1}\n{"a": \n', "Row 2 of {} is no JSON: Expecting value: line 2 column 1 (char 7)."),
        ("t.jsonl", b"[1]\n", "Row 1 of {} must be a JSON object, got list."),
        ("t.parquet", b"PAR1", "The table {} is no parquet file: "),
    ],
)
def test_broken_table_is_refused_in_one_sentence(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    table = tmp_path / name
    table.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_table(table)
    assert str(caught.value).startswith(message.format(table))


@pytest.mark.parametrize(
    ("make", "message"),
    [(Path.mkdir, "is a folder, not a table"), (lambda _: None, "The table .* does not exist")],
)
def test_what_is_no_file_is_refused(make: object, message: str, tmp_path: Path) -> None:
    make(tmp_path / "t.csv")
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / "t.csv")


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"needs pyarrow, the extra `parquet`: pip install pyarrow\."):
        write_table(tmp_path / "t.parquet", ROWS, COLUMNS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_number_that_is_not_finite_is_never_written(suffix: str, number: float, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"The row of a\.png has (nan|inf) as `p`; it must be finite\."):
        write_table(tmp_path / f"t{suffix}", [{"path": "a.png", "p": number}], ["path", "p"])
    assert list(tmp_path.iterdir()) == []


def test_file_name_that_is_no_utf8_can_be_written() -> None:
    assert printable(Path("ä\udcff.png")) == "ä\\udcff.png"


def test_reading_tables_imports_nothing_heavy() -> None:
    code = "import sys, grefine_core.tables; print(*({'torch', 'numpy', 'pyarrow', 'PIL'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == ""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from grefine_core import InputError, JournalHeader, TableJournal, read_table, write_table

COLUMNS = ("path", "p", "error")
HEADER = JournalHeader(run={"encoder": "tiny-1", "pqmap": "0.1.0"}, columns=COLUMNS)


def row(path: str, p: float | None = 0.1) -> dict[str, Any]:
    return {"path": path, "p": p, "error": None if p is not None else "no picture"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


def journal_of(out: Path) -> Path:
    return out.with_name("out.csv.partial.jsonl")


def begin(out: Path, *paths: str) -> None:
    """Leave the journal of a run that was stopped after some rows."""
    with TableJournal(out, HEADER) as journal:
        for path in paths:
            journal.append(row(path))


def test_table_has_the_order_asked_for_and_the_journal_is_gone(out: Path) -> None:
    with TableJournal(out, HEADER) as journal:
        for path in ("c", "a", "b"):
            journal.append(row(path))
        assert journal.finish(["a", "b", "c"]) == out
    assert [line["path"] for line in read_table(out)] == ["a", "b", "c"]
    assert list(out.parent.iterdir()) == [out]


def test_row_is_on_disk_as_soon_as_it_is_appended(out: Path) -> None:
    with TableJournal(out, HEADER) as journal:
        journal.append(row("ä"))
        lines = journal_of(out).read_text(encoding="utf-8").splitlines()
        assert json.loads(lines[0]) == {"run": dict(HEADER.run), "columns": list(COLUMNS)}
        assert json.loads(lines[1]) == row("ä")
        assert (journal["ä"], "ä" in journal, "b" in journal, len(journal)) == (row("ä"), True, False, 1)
    assert not out.exists()


def test_rows_survive_a_kill(out: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from grefine_core import JournalHeader, TableJournal
journal = TableJournal(Path({str(out)!r}), JournalHeader(run={dict(HEADER.run)!r}, columns={COLUMNS!r}))
for path in "abc":
    journal.append({{"path": path, "p": 0.1, "error": None}})
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    with TableJournal(out, HEADER, resume=True) as journal:
        assert [path in journal for path in "abcd"] == [True, True, True, False]


@pytest.mark.parametrize("cut", [1, 5, 30])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_torn_journal_gives_the_bytes_of_a_run_without_stop(suffix: str, cut: int, tmp_path: Path) -> None:
    keys = ["a", "b", "c", "d"]
    whole, torn = tmp_path / f"whole{suffix}", tmp_path / f"torn{suffix}"
    for out, before in ((whole, 4), (torn, 3)):
        with TableJournal(out, HEADER) as journal:
            for key in keys[:before]:
                journal.append(row(key))
            if out == whole:
                journal.finish(keys)
    journal_file = torn.with_name(f"{torn.name}.partial.jsonl")
    os.truncate(journal_file, journal_file.stat().st_size - cut)
    with TableJournal(torn, HEADER, resume=True) as journal:
        assert [key in journal for key in keys] == [True, True, False, False]
        for key in ("d", "c"):
            journal.append(row(key))
        journal.finish(keys)
    assert torn.read_bytes() == whole.read_bytes()


def test_run_that_is_stopped_twice_goes_on(out: Path) -> None:
    begin(out, "a", "b")
    os.truncate(journal_of(out), journal_of(out).stat().st_size - 20)
    with TableJournal(out, HEADER, resume=True) as journal:
        journal.append(row("c"), row("d"))
    with TableJournal(out, HEADER, resume=True) as journal:
        assert [key in journal for key in "abcd"] == [True, False, True, True]
        assert journal["d"] == row("d")


def test_last_line_that_the_disk_mangled_is_dropped(out: Path) -> None:
    begin(out, "a")
    with journal_of(out).open("ab") as file:
        file.write(b"\0\0\0\n")
    with TableJournal(out, HEADER, resume=True) as journal:
        assert len(journal) == 1


def test_damaged_line_before_the_last_is_refused(out: Path) -> None:
    begin(out, "a", "b")
    lines = journal_of(out).read_bytes().splitlines(keepends=True)
    journal_of(out).write_bytes(b"".join([lines[0], b"{}\n", lines[2]]))
    with pytest.raises(InputError, match=r"Line 2 of .*out\.csv\.partial\.jsonl is damaged; `--overwrite`"):
        TableJournal(out, HEADER, resume=True)


@pytest.mark.parametrize("first", [b"", b"{}\n", b"torn", b'{"run": [], "columns": []}\n'])
def test_journal_without_header_is_refused(first: bytes, out: Path) -> None:
    journal_of(out).write_bytes(first)
    with pytest.raises(InputError, match=r"Line 1 of .* is damaged"):
        TableJournal(out, HEADER, resume=True)


def test_newest_row_of_a_key_counts(out: Path) -> None:
    begin(out, "a", "b")
    with TableJournal(out, HEADER, resume=True) as journal:
        journal.append(row("a", 0.9))
        journal.finish(["a", "b"])
    assert [line["p"] for line in read_table(out)] == [0.9, 0.1]


@pytest.mark.parametrize("finished", [True, False])
def test_what_is_there_is_neither_used_nor_lost_unasked(out: Path, finished: bool) -> None:
    begin(out, "a")
    if finished:
        with TableJournal(out, HEADER, resume=True) as journal:
            journal.finish(["a"])
    before = {path: path.read_bytes() for path in out.parent.iterdir()}
    what = "There is already .*" if finished else r"An unfinished run left .*partial\.jsonl"
    with pytest.raises(InputError, match=rf"{what}; `--resume` goes on with its rows, `--overwrite` starts anew\."):
        TableJournal(out, HEADER)
    assert {path: path.read_bytes() for path in out.parent.iterdir()} == before


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_finished_table_is_resumed_and_rows_of_other_files_stay_behind(suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"out{suffix}"
    write_table(out, [row("gone"), row("a", 0.25)], COLUMNS)
    with TableJournal(out, HEADER, resume=True) as journal:
        assert len(journal) == 2
        journal.append(row("b", None))
        journal.finish(["b", "a"])
    assert read_table(out) == [row("b", None), row("a", 0.25), row("gone")]


def test_overwritten_table_does_not_come_back_on_resume(out: Path) -> None:
    write_table(out, [row("old")], COLUMNS)
    with TableJournal(out, HEADER, overwrite=True) as journal:
        journal.append(row("new"))
    assert [line["path"] for line in read_table(out)] == ["old"]  # until the new one is whole
    with TableJournal(out, HEADER, resume=True) as journal:
        assert ("old" in journal, "new" in journal) == (False, True)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            JournalHeader(run={**HEADER.run, "encoder": "big-2"}, columns=COLUMNS),
            "encoder `tiny-1`, this run has `big-2`",
        ),
        (JournalHeader(run={**HEADER.run, "pairs": "x"}, columns=COLUMNS), "pairs `None`, this run has `x`"),
        (JournalHeader(run=HEADER.run, columns=("path", "p")), "has the columns path, p, error, this run path, p;"),
    ],
)
def test_journal_of_another_run_is_refused(other: JournalHeader, message: str, out: Path) -> None:
    begin(out, "a")
    with pytest.raises(InputError, match=message):
        TableJournal(out, other, resume=True)


def test_finished_table_with_other_columns_is_refused(out: Path) -> None:
    out.write_text("path,score\na,0.5\n")
    with pytest.raises(InputError, match="has the columns path, score, this run path, p, error"):
        TableJournal(out, HEADER, resume=True)
    assert not journal_of(out).exists()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("out.txt", {}, "must end in .csv, .jsonl, .parquet"),
        ("none/out.csv", {}, "The folder .*none of the table out.csv does not exist"),
        ("folder.csv", {}, "is a folder"),
        ("out.csv", {"resume": True, "overwrite": True}, "not for both"),
    ],
)
def test_table_that_cannot_be_is_refused(name: str, options: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match=message):
        TableJournal(tmp_path / name, HEADER, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


def test_nan_is_never_written(out: Path) -> None:
    with TableJournal(out, HEADER) as journal, pytest.raises(InputError, match="has nan as `p`"):
        journal.append(row("a", float("nan")))
    with TableJournal(out, HEADER, resume=True) as journal:
        assert len(journal) == 0


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_key_may_be_a_number_and_text_stays_text(suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"out{suffix}"
    header = JournalHeader(run={}, columns=("row", "prompt", "error"), text=("prompt",))
    with TableJournal(out, header) as journal:
        journal.append({"row": 1, "prompt": "1.50", "error": None})
        assert (journal.get("1"), journal.get("2")) == ({"row": 1, "prompt": "1.50", "error": None}, None)
        journal.finish(["1"])
    before = out.read_bytes()
    with TableJournal(out, header, resume=True) as journal:
        assert journal["1"]["prompt"] == "1.50"
        journal.finish(["1"])
    assert out.read_bytes() == before

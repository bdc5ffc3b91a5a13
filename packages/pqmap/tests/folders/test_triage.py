from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from grefine_core import InputError
from pqmap.folders.rules import parse_rule
from pqmap.folders.triage import rank_rows, sort_out, text_columns


def row(path: str, p: float | None, **more: Any) -> dict[str, Any]:
    return {"path": path, "p": p, "flags": None, "error": None if p is not None else "damaged", **more}


ROWS = [row("a", 0.2), row("bad", None), row("c", 0.9), row("d", 0.2, flags="flat"), row("e", 0.5)]


def ranked(**options: Any) -> list[str]:
    return [line["path"] for line in rank_rows(ROWS, **options)]


def test_best_come_first_ties_in_their_order_and_errors_last() -> None:
    assert ranked() == ["c", "e", "a", "d", "bad"]


def test_worst_come_first_and_errors_still_last() -> None:
    assert ranked(worst=True) == ["a", "d", "e", "c", "bad"]


def test_top_leaves_out_the_others_and_the_errors() -> None:
    assert ranked(top=2) == ["c", "e"]
    assert ranked(top=9) == ["c", "e", "a", "d"]


def test_row_with_an_error_comes_last_even_if_it_has_a_number() -> None:
    assert [line["path"] for line in rank_rows([row("x", 1.0, error="damaged"), *ROWS])][-2:] == ["x", "bad"]


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("q", "There is no column `q` to rank by; there are path, p, flags, error."),
        ("path", "Row 1 has 'a' as `path`; rows are ranked by numbers."),
    ],
)
def test_column_that_ranks_nothing_is_refused(by: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        rank_rows(ROWS, by=by)
    assert str(caught.value) == message


def test_nan_ranks_nothing() -> None:
    with pytest.raises(InputError, match="Row 2 has nan as `p`"):
        rank_rows([row("a", 0.5), row("b", float("nan"))])


@pytest.mark.parametrize("rule", ["p < 0.6", "not p > 0.6", 'not "x" in flags'])
def test_row_with_an_error_is_never_kept(rule: str) -> None:
    found = sort_out(ROWS, parse_rule(rule, columns=list(ROWS[0]), texts=text_columns(ROWS)))
    assert "bad" not in [line["path"] for line in found.kept]
    assert "bad" in [line["path"] for line in found.dropped]
    assert found.errors == 1


def test_every_row_is_kept_or_dropped_in_its_order() -> None:
    found = sort_out(ROWS, parse_rule("p > 0.3", columns=list(ROWS[0]), texts=text_columns(ROWS)))
    assert [line["path"] for line in found.kept] == ["c", "e"]
    assert [line["path"] for line in found.dropped] == ["a", "bad", "d"]


def test_flags_are_text_even_where_no_row_has_any() -> None:
    assert {"flags", "band", "path", "error"} <= set(text_columns([row("a", 0.5)]))


def test_ranking_a_table_imports_nothing_heavy() -> None:
    code = (
        "import sys, pqmap.folders.triage, pqmap.commands.rank; print(*({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == ""

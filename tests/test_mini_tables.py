"""The whole harness on a few pictures with the mini pack; `python -m tools.mini_tables` is the full form."""

from __future__ import annotations

import json

import pytest

from tools.mini_tables import SMALL, run_tables


def _filled(table: dict) -> set[str]:
    """Return the rows that have a number of ours."""
    rows = zip(table["rows"], table["cells"], strict=True)
    return {row["key"] for row, cells in rows if any(cell["value"] is not None for cell in cells)}


@pytest.mark.slow
def test_small_run_fills_tables_2_6_7_and_8(data_folder, tmp_path, monkeypatch, no_network) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    files = run_tables(data_folder, tmp_path, SMALL)
    assert len(files) == 21
    tables = {n: json.loads((tmp_path / f"table{n}.json").read_text("utf-8")) for n in (2, 6, 7, 8)}
    filled = {number: _filled(table) for number, table in tables.items()}
    assert filled[2] == {"original", "sd", "q-refine", "ours"}
    assert filled[6] == {"p"}
    assert filled[7] == {"clip-surgery", "a"}
    assert filled[8] == {"original", "ours", "no-pq", "no-aq", "no-stage2"}
    cells = [cell for table in tables.values() for row in table["cells"] for cell in row]
    assert all((cell["value"] is None) == bool(cell["missing"]) for cell in cells)
    assert all(cell["low"] <= cell["value"] <= cell["high"] for cell in cells if cell["value"] is not None)
    assert not [item for table in tables.values() for item in table["items"] if item["error"]]

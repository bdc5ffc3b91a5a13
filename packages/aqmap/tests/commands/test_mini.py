"""The command line with the real preset: what the planted encoder cannot show."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from grefine_core import preset_entries, read_table, to_pil

COMMAND = (sys.executable, "-c", "from aqmap.cli import main; main()", "score")


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if "mini" not in preset_entries("grefine.parsers"):
        pytest.skip("grefine-mini is not installed")
    monkeypatch.chdir(tmp_path)
    lines = ["image,prompt"]
    for index in range(8):
        to_pil(torch.rand(3, 64, 64)).save(f"{index}.png")
        lines += [f'{index}.png,"a red cat, masterpiece, {index} dogs"', f"{index}.png,a bench in a park"]
    Path("in.csv").write_text("\n".join(lines) + "\n")
    return Path("in.csv")


def start(*arguments: object) -> subprocess.Popen[str]:
    # no pipes: a killed program could leave the reader waiting
    return subprocess.Popen([*COMMAND, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_killed_run_goes_on_to_the_same_bytes(table: Path) -> None:
    assert start(table, "-o", "whole.csv", "--batch-size", 2).wait(timeout=600) == 0
    killed = start(table, "-o", "torn.csv", "--batch-size", 2)
    journal, end = Path("torn.csv.partial.jsonl"), time.monotonic() + 600
    while not (journal.exists() and journal.read_bytes().count(b"\n") > 3):
        assert time.monotonic() < end
        assert killed.poll() is None
        time.sleep(0.001)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert not Path("torn.csv").exists()
    assert journal.read_bytes().count(b"\n") < 17
    assert start(table, "-o", "torn.csv", "--batch-size", 2, "--resume").wait(timeout=600) == 0
    assert Path("torn.csv").read_bytes() == Path("whole.csv").read_bytes()
    rows = read_table("whole.csv")
    assert (len(rows), {row["error"] for row in rows}) == (16, {None})
    assert all(0 <= row["a"] <= 1 for row in rows)

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from grefine_core import InputError, write_atomically
from grefine_core.files import file_digest


def test_content_is_written_and_the_path_returned(tmp_path: Path) -> None:
    assert write_atomically(tmp_path / "a.bin", lambda file: file.write(b"new")) == tmp_path / "a.bin"
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("x"), SystemExit(3)])
def test_interruption_leaves_the_old_file_and_nothing_else(error: BaseException, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"old")

    def write(file: BinaryIO) -> None:
        file.write(b"half")
        raise error

    with pytest.raises(type(error)):
        write_atomically(tmp_path / "a.bin", write)
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == b"old"


def test_full_disk_is_an_input_error(tmp_path: Path) -> None:
    def write(file: BinaryIO) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match=r"a\.bin cannot be written: No space left on device\."):
        write_atomically(tmp_path / "a.bin", write)
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.bin cannot be written: No such file or directory\."):
        write_atomically(tmp_path / "none" / "a.bin", lambda file: file.write(b"new"))


def test_folder_in_the_place_of_the_file_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "a.bin").mkdir()
    with pytest.raises(InputError, match=r"a\.bin cannot be written"):
        write_atomically(tmp_path / "a.bin", lambda file: file.write(b"new"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such mode")
def test_mode_follows_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a.bin", lambda file: file.write(b"new"))
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == 0o640


def test_copies_have_one_digest(tmp_path: Path) -> None:
    for name, content in (("a", b"same"), ("b", b"same"), ("c", b"else")):
        (tmp_path / name).write_bytes(content)
    first, copy, other = (file_digest(tmp_path / name) for name in "abc")
    assert first == copy != other


def test_digest_of_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.png cannot be read: No such file"):
        file_digest(tmp_path / "none.png")


KILLED = """
import sys, time
from pathlib import Path
from grefine_core.files import write_atomically

def write(file):
    file.write(level * 5_000_000)
    file.flush()
    if level == b"b":
        print("half", flush=True)
        time.sleep(60)
    file.write(level * 5_000_000)

for level in (b"a", b"b"):
    write_atomically(Path(sys.argv[1]), write)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGKILL")
def test_kill_halfway_leaves_the_old_file(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "x.bin")], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"half\n"
        writer.send_signal(signal.SIGKILL)
    assert (tmp_path / "x.bin").read_bytes() == b"a" * 10_000_000

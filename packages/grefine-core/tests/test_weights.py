from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from grefine_core import WeightsError, WeightsFile, load_tensors
from grefine_core.weights import unpinned


class Trap:
    """Unpickling it would run a command."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("trapped",)


def checked(path: Path) -> WeightsFile:
    return WeightsFile(path, hashlib.sha256(path.read_bytes()).hexdigest())


def test_intact_file_gives_its_path(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"abc")
    assert checked(tmp_path / "w.bin").verify() == tmp_path / "w.bin"


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"w\.bin is missing; reinstall the package"):
        WeightsFile(tmp_path / "w.bin", "0" * 64).verify()


def test_altered_file_names_both_digests(tmp_path: Path) -> None:
    path = tmp_path / "w.bin"
    path.write_bytes(b"abc")
    file = checked(path)
    path.write_bytes(b"abd")
    os.utime(path, ns=(1, 1))
    with pytest.raises(WeightsError) as caught:
        file.verify()
    found = hashlib.sha256(b"abd").hexdigest()
    assert str(caught.value) == f"Weights file {path} has sha256 {found}, expected {file.sha256}."


def test_file_that_was_intact_before_is_checked_again_once_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "w.bin"
    path.write_bytes(b"abc")
    file = checked(path)
    file.verify()
    path.write_bytes(b"abcd")
    with pytest.raises(WeightsError, match="expected"):
        file.verify()


def test_unchanged_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "w.bin").write_bytes(b"abc")
    file, digest, hashed = checked(tmp_path / "w.bin"), hashlib.file_digest, []
    monkeypatch.setattr(hashlib, "file_digest", lambda *args: hashed.append(1) or digest(*args))
    file.verify()
    file.verify()
    assert len(hashed) == 1


def test_absent_file_is_downloaded_when_there_is_a_way(tmp_path: Path) -> None:
    path = tmp_path / "w.bin"
    digest = hashlib.sha256(b"abc").hexdigest()
    assert WeightsFile(path, digest, download=lambda: path.write_bytes(b"abc")).verify() == path
    other = WeightsFile(path, "0" * 64, download=lambda: pytest.fail("it is there"))
    with pytest.raises(
        WeightsError, match=f"has sha256 {digest}, expected 0{{64}}; delete it to have it downloaded again"
    ):
        other.verify()


def test_own_file_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"abc")
    assert unpinned(tmp_path / "w.bin").sha256 == hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(WeightsError, match=r"absent\.bin is missing"):
        unpinned(tmp_path / "absent.bin")


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth"])
def test_tensors_are_loaded(name: str, tmp_path: Path) -> None:
    tensors = {"a": torch.arange(3.0)}
    save_file(tensors, tmp_path / name) if name.endswith("safetensors") else torch.save(tensors, tmp_path / name)
    found = load_tensors(checked(tmp_path / name))
    assert list(found) == ["a"]
    assert torch.equal(found["a"], tensors["a"])


def test_code_in_a_file_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Trap()}, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"w\.pth is damaged or holds more than tensors, so it is not loaded\."):
        load_tensors(checked(tmp_path / "w.pth"))
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth"])
@pytest.mark.parametrize("content", [b"", b"garbage that is neither"])
def test_unreadable_file_is_named(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=f"Weights file .*{name}"):
        load_tensors(checked(tmp_path / name))

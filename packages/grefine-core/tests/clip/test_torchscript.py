from __future__ import annotations

import pickle
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from grefine_core import WeightsError, load_tensors
from grefine_core.clip.torchscript import is_torchscript, read_torchscript
from grefine_core.weights import unpinned

ATTACK = b"cos\nmkdir\n(S'trapped'\ntR."


class Tower(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 2), nn.BatchNorm2d(4)
        self.proj = nn.Parameter(torch.randn(4, 2).half())
        self.sizes = [1, 2]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(x))


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.visual = Tower()
        self.blocks = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
        self.shared = self.blocks[0].weight
        self.register_buffer("input_resolution", torch.tensor(64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.visual(x)


@pytest.fixture(params=["script", "trace"])
def archive(request, tmp_path: Path) -> tuple[Path, dict[str, torch.Tensor]]:
    """Return a TorchScript archive and what it holds."""
    model = Model().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated; the files stay
        made = torch.jit.script(model) if request.param == "script" else torch.jit.trace(model, torch.rand(1, 3, 4, 4))
        torch.jit.save(made, tmp_path / "model.pt")
    return tmp_path / "model.pt", model.state_dict()


def doctored(path: Path, content: bytes) -> Path:
    """Return a copy of an archive with another pickle inside."""
    other = path.with_name("doctored.pt")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name.endswith("/data.pkl") else old.read(name))
    return other


def test_all_tensors_of_an_archive_are_read(archive) -> None:
    path, expected = archive
    found = read_torchscript(path)
    assert set(found) == set(expected)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert found["visual.proj"].dtype == torch.float16


def test_weights_are_loaded_from_an_archive_like_from_any_file(archive) -> None:
    path, expected = archive
    assert set(load_tensors(unpinned(path))) == set(expected)


def test_code_in_an_archive_is_not_run(archive, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = doctored(archive[0], ATTACK)
    with pytest.raises(pickle.UnpicklingError, match=r"os\.mkdir is no tensor"):
        read_torchscript(path)
    with pytest.raises(WeightsError, match="is damaged or holds more than tensors, so it is not loaded"):
        load_tensors(unpinned(path))
    assert not (tmp_path / "trapped").exists()


def test_damaged_archive_is_named(archive) -> None:
    with pytest.raises(WeightsError, match=r"doctored\.pt"):
        load_tensors(unpinned(doctored(archive[0], b"nonsense")))


def test_other_files_are_told_apart(tmp_path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "state.pt")
    (tmp_path / "text.pt").write_bytes(b"text")
    assert not is_torchscript(tmp_path / "state.pt")
    assert not is_torchscript(tmp_path / "text.pt")

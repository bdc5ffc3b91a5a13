from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from grefine_core import InputError
from pqmap import EpochResult, FitSettings, TextPairs
from pqmap.fitting.checkpoint import FitState, fingerprint, read_checkpoint, write_checkpoint

STATE = FitState(
    embeddings=torch.arange(6.0),
    log_scale=torch.tensor(2.0),
    optimiser={"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999)}]},
    best_embeddings=torch.ones(6),
    best_log_scale=torch.tensor(1.5),
    best_epoch=1,
    curve=(EpochResult(epoch=0, loss=None, srcc=0.1), EpochResult(epoch=1, loss=0.5, srcc=0.3)),
)


def test_state_comes_back_from_its_file(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "fit.pt", STATE, key="k")
    found = read_checkpoint(tmp_path / "fit.pt", key="k")
    assert found is not None
    assert torch.equal(found.embeddings, STATE.embeddings)
    assert torch.equal(found.best_log_scale, STATE.best_log_scale)
    assert found.optimiser == STATE.optimiser
    assert (found.best_epoch, found.curve) == (1, STATE.curve)


def test_another_key_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "fit.pt", STATE, key="k")
    with pytest.raises(InputError, match="belongs to a fit of other"):
        read_checkpoint(tmp_path / "fit.pt", key="l")


def test_no_path_and_no_file_give_no_state(tmp_path: Path) -> None:
    write_checkpoint(None, STATE, key="k")
    assert read_checkpoint(None, key="k") is None
    assert read_checkpoint(tmp_path / "fit.pt", key="k") is None


def test_waited_counts_epochs_since_the_best() -> None:
    assert STATE.waited == 0
    assert dataclasses.replace(STATE, best_epoch=0).waited == 1


def test_fingerprint_changes_with_all_that_decides_a_step(pairs: TextPairs) -> None:
    data, settings = [torch.rand(5, 3)], FitSettings()
    key = fingerprint(pairs, settings, data)
    assert fingerprint(pairs, dataclasses.replace(settings, epochs=9, patience=2), data) == key
    others = [
        fingerprint(dataclasses.replace(pairs, temperature=1.0), settings, data),
        fingerprint(dataclasses.replace(pairs, embeddings=pairs.embeddings + 1), settings, data),
        fingerprint(pairs, dataclasses.replace(settings, learning_rate=0.5), data),
        fingerprint(pairs, dataclasses.replace(settings, seed=1), data),
        fingerprint(pairs, settings, [data[0].T]),
        fingerprint(pairs, settings, [data[0] + 1]),
    ]
    assert len({key, *others}) == 7

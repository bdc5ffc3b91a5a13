from __future__ import annotations

import logging
import sys
from types import SimpleNamespace

import pytest
import torch

from grefine.indicators import pyiqa_bridge
from grefine.indicators.registry import load_indicator
from grefine_core import InputError, WeightsError


class Metric(torch.nn.Module):
    """What pyiqa's `create_metric` returns, with random weights."""

    lower_better, score_range = True, "0, 100"

    def __init__(self) -> None:
        super().__init__()
        self.head = torch.nn.Linear(3, 1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        assert pixels.shape[3] < 100, "too wide"
        return self.head(pixels.mean((2, 3)))


@pytest.fixture
def pyiqa(monkeypatch):
    """Put a package of pyiqa's interface in its place."""

    def create_metric(name, device):
        if name == "musiq":
            raise RuntimeError("cannot download musiq")
        return Metric().to(device)

    package = SimpleNamespace(list_models={"NR": ["musiq", "niqe"]}.get, create_metric=create_metric)
    monkeypatch.setitem(sys.modules, "pyiqa", package)
    monkeypatch.setattr(pyiqa_bridge, "_version", lambda: "0.1.16")
    return package


def test_metric_is_asked_and_its_direction_and_range_are_taken_over(pyiqa, loading, picture) -> None:
    indicator = load_indicator("pyiqa:niqe", loading())
    pixels = picture()
    assert indicator.measure(pixels, "") == pytest.approx(float(indicator.metric(pixels).detach()))
    assert (indicator.info.higher, indicator.info.low, indicator.info.high) == (False, 0, 100)
    assert indicator.name == "pyiqa:niqe:0.1.16"


def test_licence_is_said_when_it_is_loaded(pyiqa, loading, caplog) -> None:
    with caplog.at_level(logging.INFO, "grefine_core"):
        load_indicator("pyiqa:niqe", loading())
    assert "not for commercial use" in caplog.text


def test_picture_that_breaks_the_metric_is_an_error_of_its_own(pyiqa, loading) -> None:
    with pytest.raises(InputError, match="`pyiqa:niqe` has no value for this picture: too wide"):
        load_indicator("pyiqa:niqe", loading()).measure(torch.rand(1, 3, 64, 128), "")


def test_range_that_is_not_exact_is_left_open(pyiqa, loading, monkeypatch) -> None:
    monkeypatch.setattr(Metric, "score_range", "~0, ~1")
    info = load_indicator("pyiqa:niqe", loading()).info
    assert (info.low, info.high) == (None, None)


def test_unknown_metric_names_those_that_there_are(pyiqa, loading) -> None:
    with pytest.raises(InputError, match="no metric `lpips` that needs no reference; it has musiq, niqe"):
        load_indicator("pyiqa:lpips", loading())


def test_metric_that_cannot_be_loaded_is_one_sentence(pyiqa, loading) -> None:
    with pytest.raises(WeightsError, match="`pyiqa:musiq` cannot be loaded by pyiqa: cannot download musiq"):
        load_indicator("pyiqa:musiq", loading())


def test_missing_package_says_its_licence(loading, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    with pytest.raises(InputError, match="needs pyiqa, which is for non-commercial use only"):
        load_indicator("pyiqa:musiq", loading())

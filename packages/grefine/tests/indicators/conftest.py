"""Random weights for the indicators that others publish: small, and where their loaders look for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from grefine.indicators.indicator import Loading
from grefine.indicators.own import OwnModels


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch) -> None:
    """Keep every cache in the test's folder, and the network out."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    before = torch.hub._hub_dir
    torch.hub.set_dir(str(tmp_path / "torch"))
    yield
    torch.hub._hub_dir = before


@pytest.fixture
def loading(models) -> Callable[..., Loading]:
    """Return a maker of what indicators are loaded with; our own models are the fakes."""
    from grefine import Settings

    own = OwnModels(models.load(Settings()))

    def make(weights: object = "") -> Loading:
        return Loading(device="cpu", weights=str(weights), own=lambda: own)

    return make


@pytest.fixture
def picture() -> Callable[..., Tensor]:
    """Return a maker of coarse random pictures (1, 3, H, W)."""

    def make(height: int = 48, width: int = 64, *, seed: int = 3) -> Tensor:
        coarse = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
        grain = 0.05 * torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed + 1))
        smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
        return (0.95 * smooth + grain).clamp(0, 1)

    return make

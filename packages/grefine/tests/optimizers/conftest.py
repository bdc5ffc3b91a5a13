from __future__ import annotations

from collections.abc import Callable

import pytest

from grefine import Settings
from grefine.indicators.own import OwnModels
from grefine.optimizers.optimizer import Building


@pytest.fixture
def building(models) -> Callable[..., Building]:
    """Return a maker of what optimizers are loaded with; our own models are the fakes."""

    def make(source: object = "", **settings: object) -> Building:
        chosen = Settings(device="cpu", **settings)
        own = OwnModels(models.load(chosen))
        return Building(settings=chosen, source=str(source), own=lambda: own)

    return make

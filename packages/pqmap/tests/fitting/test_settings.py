from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from grefine_core import InputError
from pqmap import FitSettings


def test_defaults_are_the_papers_epochs() -> None:
    assert FitSettings().epochs == 50


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "`epochs` must be at least 1, got 0"),
        ({"batch_size": 0}, "`batch_size` must be at least 1"),
        ({"patience": -1}, "`patience` must be at least 1"),
        ({"learning_rate": 0.0}, "`learning_rate` must be above 0"),
        ({"learning_rate": float("nan")}, "`learning_rate` must be above 0"),
        ({"weight_decay": -0.1}, "`weight_decay` must be 0 or more"),
        ({"validation_share": 1.0}, "`validation_share` must lie between 0 and 1"),
    ],
)
def test_settings_that_cannot_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        dataclasses.replace(FitSettings(), **changes)

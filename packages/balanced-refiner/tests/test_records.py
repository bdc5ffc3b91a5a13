from __future__ import annotations

import pytest

from balanced_refiner import RefineSettings
from grefine_core import InputError


@pytest.mark.parametrize(("steps", "n1", "n2"), [(20, 10, 10), (7, 4, 3), (2, 1, 1)])
def test_steps_are_halved(steps, n1, n2):
    settings = RefineSettings(steps=steps)
    assert (settings.n1, settings.n2) == (n1, n2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", 1),
        ("delta", 1.5),
        ("tolerance", -0.1),
        ("max_regions", 0),
        ("rounds", 0),
        ("strength", 0.0),
        ("order", "best"),
        ("stage2", "sometimes"),
    ],
)
def test_wrong_setting_is_refused_and_named(field, value):
    with pytest.raises(InputError, match=f"`{field}`"):
        RefineSettings(**{field: value})

from __future__ import annotations

import pytest
import torch

from grefine_core import InputError, cask


def test_values_below_their_bounds_multiply() -> None:
    assert cask(torch.tensor([0.4, 0.3, 0.9]), bounds=(0.8, 0.4, 0.9)).item() == pytest.approx(0.5 * 0.75 * 1)


def test_value_above_its_bound_changes_nothing() -> None:
    assert cask(torch.tensor([0.95, 0.2]), bounds=(0.5, 0.4)).item() == pytest.approx(0.5)


def test_zero_empties_the_bucket() -> None:
    assert cask(torch.tensor([0.0, 1.0]), bounds=(0.5, 0.5)).item() == 0


def test_no_values_give_one() -> None:
    assert torch.equal(cask(torch.zeros(2, 0), bounds=()), torch.ones(2))


def test_leading_axes_and_dtype_are_kept() -> None:
    result = cask(torch.full((1, 5, 3), 0.5, dtype=torch.float64), bounds=(1, 1, 1))
    assert result.shape == (1, 5)
    assert result.dtype == torch.float64


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((0.5,), "`bounds` must have 2 numbers, one a value, got 1"),
        ((0.5, 0.0), r"`bounds` must lie in \(0, 1\], got \(0.5, 0.0\)"),
        ((0.5, 1.1), r"`bounds` must lie in \(0, 1\]"),
        ((0.5, float("nan")), r"`bounds` must lie in \(0, 1\]"),
    ],
)
def test_bad_bounds_are_refused(bounds: tuple[float, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        cask(torch.tensor([0.5, 0.5]), bounds=bounds)

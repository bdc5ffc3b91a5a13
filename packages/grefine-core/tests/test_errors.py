from __future__ import annotations

from grefine_core import InputError, WeightsError


def test_input_error_is_a_value_error() -> None:
    assert issubclass(InputError, ValueError)


def test_weights_error_is_a_runtime_error() -> None:
    assert issubclass(WeightsError, RuntimeError)

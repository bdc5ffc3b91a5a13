from __future__ import annotations

from balanced_refiner import Cancelled, RefineError


def test_cancelling_is_no_failure_of_a_backend():
    assert not issubclass(Cancelled, RefineError)
    assert not issubclass(RefineError, Cancelled)

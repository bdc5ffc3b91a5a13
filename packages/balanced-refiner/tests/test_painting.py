from __future__ import annotations

import pytest
import torch

from balanced_refiner import Cancelled, InpaintRequest, RefineError
from balanced_refiner.painting import AGAIN, paint


def request(count):
    return InpaintRequest(
        images=torch.full((count, 3, 16, 16), 0.5),
        strengths=torch.full((count, 1, 16, 16), 0.5),
        prompts=["a"] * count,
        emphases=[()] * count,
        seeds=list(range(count)),
        steps=2,
    )


@pytest.fixture
def fragile(painter):
    """Return a backend that spoils the squares of some seeds."""

    class Fragile(painter):
        def __init__(self, *bad, value=torch.nan):
            super().__init__(value=None, size=16)
            self.bad, self.spoilt = bad, value

        def inpaint(self, request, *, on_step=None):
            made = super().inpaint(request, on_step=on_step)
            for place, seed in enumerate(request.seeds):
                if seed in self.bad:
                    made[place] = self.spoilt
            return made

    return Fragile


@pytest.mark.parametrize("value", [torch.nan, 0.0])
def test_square_that_fails_is_painted_from_its_spare_seed(value, fragile):
    made = paint(fragile(1, value=value), request(3), [10, 11, 12])
    assert [square.seed for square in made] == [0, 11, 2]
    assert all(torch.isfinite(square.pixels).all() for square in made)


def test_squares_beside_a_bad_one_come_out_as_if_alone(fragile):
    with_bad, without = paint(fragile(1), request(3), [10, 11, 12]), paint(fragile(), request(3), [10, 11, 12])
    for place in (0, 2):
        assert torch.equal(with_bad[place].pixels, without[place].pixels)


def test_square_that_fails_twice_says_why(fragile):
    made = paint(fragile(1, 11), request(3), [10, 11, 12])
    assert [square.pixels is None for square in made] == [False, True, False]
    assert made[1].error.startswith("The backend returned values that are not numbers")
    assert made[1].error.endswith(AGAIN)


def test_third_try_is_never_made(fragile):
    fake = fragile(0, 10)
    paint(fake, request(1), [10])
    assert [seen.seeds for seen in fake.requests] == [[0], [10]]


def test_error_of_the_backend_itself_counts_as_a_failure():
    class Broken:
        name, working_size, max_strength, mild_pass = "broken", 16, 1.0, True

        def inpaint(self, *_, **__):
            raise RefineError("The pipeline ran 3 steps instead of 4.")

    assert paint(Broken(), request(1), [9])[0].error == f"The pipeline ran 3 steps instead of 4. {AGAIN}"


def test_cancelling_passes_through(fragile):
    def stop(done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        paint(fragile(), request(2), [10, 11], on_step=stop)

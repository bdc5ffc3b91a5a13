"""Stand-ins for the two costly parts: a backend that paints one colour, and hand-made assessments."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from balanced_refiner import InpaintRequest, check_request, denoising_steps
from grefine_core import Assessment, Defect, Emphasis, QualityMap


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Painter:
    """Fill whole squares with one value, or with noise of each seed, and remember the requests."""

    name = "painter"

    def __init__(self, value: float | None = 0.25, size: int = 32) -> None:
        self.value, self.working_size, self.max_strength = value, size, 1.0
        self.requests: list[InpaintRequest] = []

    def inpaint(self, request, *, on_step=None) -> Tensor:
        check_request(request, self.working_size)
        self.requests.append(request)
        steps = denoising_steps(request.steps, max(request.tops))
        for step in range(steps):
            if on_step is not None:
                on_step(step + 1, steps)
        if self.value is not None:
            return torch.full_like(request.images, self.value)
        noise = [torch.rand(3, self.working_size, self.working_size, generator=_generator(s)) for s in request.seeds]
        return torch.stack(noise)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def painter():
    return Painter


@pytest.fixture
def assessment():
    def make(
        quality: Tensor,
        alignment: Tensor | None = None,
        *,
        p: float = 0.5,
        a: float = 0.5,
        defects: Sequence[Defect] = (),
        emphases: Sequence[Emphasis] = (),
    ) -> Assessment:
        return Assessment(
            pq=QualityMap(score=p, map=quality),
            aq=QualityMap(score=a, map=torch.ones_like(quality) if alignment is None else alignment),
            defects=tuple(defects),
            emphases=tuple(emphases),
        )

    return make


@pytest.fixture
def with_hole():
    """Return a factory of quality maps that are perfect but for one box."""

    def make(height: int, width: int, box: tuple[int, int, int, int], value: float = 0.0) -> Tensor:
        quality = torch.ones(height, width)
        quality[box[0] : box[2], box[1] : box[3]] = value
        return quality

    return make


@pytest.fixture
def judged(assessment):
    """Return a factory of assess functions: one quality map always, and scores by the call."""

    def make(quality, *sums, defects=(), alignment=None):
        calls = []

        def assess(pixels, prompt):
            total = sums[min(len(calls), len(sums) - 1)]
            calls.append(pixels.clone())
            return assessment(quality, alignment, p=total / 2, a=total / 2, defects=defects)

        assess.calls = calls
        return assess

    return make

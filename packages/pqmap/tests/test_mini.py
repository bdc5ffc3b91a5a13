"""With the real preset: only what the tiny encoder cannot show."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from grefine_core import preset_entries
from pqmap import Perception, PerceptionAssessor, load


@pytest.fixture(scope="module")
def assessor() -> PerceptionAssessor:
    if "mini" not in preset_entries("grefine.pairs"):
        pytest.skip("grefine-mini is not installed")
    return load("mini", device="cpu")


@pytest.mark.parametrize("size", [(1, 1), (40, 200), (97, 64)])
def test_any_size_gets_a_finite_score(size: tuple[int, int], assessor: PerceptionAssessor) -> None:
    result = assessor.assess(torch.full((3, *size), 0.5))
    assert isinstance(result, Perception)
    assert math.isfinite(result.score)
    assert result.map.shape == size


def test_same_picture_gets_the_same_score(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    assert assessor.assess(pixels).score == assessor.assess(pixels).score

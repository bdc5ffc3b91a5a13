"""With the real preset: its reference set, and what the bands make of real photographs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from grefine_core import preset_entries, to_pil
from pqmap import PerceptionAssessor, load
from pqmap.bands import BANDS


@pytest.fixture(scope="module")
def assessor() -> PerceptionAssessor:
    if "mini" not in preset_entries("grefine.pairs"):
        pytest.skip("grefine-mini is not installed")
    return load("mini", device="cpu")


def photograph(name: str) -> Tensor:
    data = pytest.importorskip("skimage.data", reason="scikit-image, whose photographs this uses, is not installed")
    return torch.from_numpy(np.ascontiguousarray(getattr(data, name)())).permute(2, 0, 1) / 255


def test_mini_has_a_reference_set_that_spreads(assessor: PerceptionAssessor) -> None:
    reference = assessor.pairs.reference
    assert reference is not None
    assert reference.count >= 900
    assert "tools/mini/reference_set.py" in reference.data
    limits = [low for low, _ in reference.limits().values()]
    assert all(right - left > 0.02 for left, right in pairwise(limits))


@pytest.mark.parametrize("name", ["chelsea", "coffee", "astronaut"])
def test_clean_photograph_gets_a_better_band_than_its_damaged_version(name: str, assessor: PerceptionAssessor) -> None:
    clean = photograph(name)
    small = torch.nn.functional.avg_pool2d(clean, 12)
    mosaic = torch.nn.functional.interpolate(small[None], size=clean.shape[1:], mode="nearest")[0]
    damaged = (mosaic + 0.25 * torch.randn_like(mosaic)).clamp(0, 1)
    bands = [assessor.assess(to_pil(picture)).band for picture in (clean, damaged)]
    places = [BANDS.index(band) for band in bands]
    assert places[0] >= BANDS.index("fair")
    assert places[1] <= BANDS.index("poor")


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_flat_picture_is_bad(level: float, assessor: PerceptionAssessor) -> None:
    result = assessor.assess(torch.full((3, 200, 300), level))
    assert "flat" in result.flags
    assert result.band == "bad"

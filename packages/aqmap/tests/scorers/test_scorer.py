from __future__ import annotations

import pytest

from aqmap.scorers.scorer import load_scorer
from grefine_core import InputError


@pytest.mark.parametrize("name", ["clip", "", ":", "imagereward:", "hpsv2:  ", "ImageReward", "/some/path.pt"])
def test_unknown_name_lists_the_known_ones(name: str) -> None:
    message = "known are `clipscore`, `hps`, `hpsv2`, `hpsv2.1`, `imagereward`, `pickscore`, each also as `NAME:PATH`"
    with pytest.raises(InputError, match=message):
        load_scorer(name)


def test_unknown_device_is_refused_before_any_weights_are_looked_for() -> None:
    with pytest.raises(InputError, match="Device `toaster` cannot be used"):
        load_scorer("imagereward", device="toaster")

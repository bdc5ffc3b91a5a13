from __future__ import annotations

import torch

from grefine_mini.presets import DIFFUSION


def test_mild_pass_with_the_small_model_is_not_advised() -> None:
    assert not DIFFUSION.load(device=torch.device("cpu")).mild_pass

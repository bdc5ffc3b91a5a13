from __future__ import annotations

import pytest
import torch

from grefine_core import WeightsError
from grefine_core.clip.shapes import infer_config, openai_state


@pytest.mark.parametrize("resnet", [False, True])
def test_architecture_is_inferred_from_the_shapes(tiny_clip, resnet) -> None:
    from grefine_core.clip.models import build_model

    state = tiny_clip(resnet=resnet).state_dict()
    config = infer_config(state)
    rebuilt = build_model(config).state_dict()
    assert {name: tensor.shape for name, tensor in rebuilt.items()} == {n: t.shape for n, t in state.items()}
    assert config["quick_gelu"] is True
    assert config["vision_cfg"]["image_size"] == (64 if resnet else 32)
    assert config["text_cfg"]["heads"] == 1


def test_wrapping_of_training_is_taken_off() -> None:
    weight = torch.zeros(1)
    wrapped = {"epoch": 3, "state_dict": {"module.a": weight, "module.input_resolution": 224}}
    assert openai_state(wrapped) == {"a": weight}
    assert openai_state({"a": weight, "input_resolution": torch.tensor(224)}) == {"a": weight}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, "'token_embedding.weight' is absent"),
        ({"token_embedding.weight": torch.zeros(9, 4)}, "has 9 kinds of token"),
        ({"token_embedding.weight": torch.zeros(9)}, "is absent or odd"),
    ],
)
def test_other_weights_are_refused(state, message) -> None:
    with pytest.raises(WeightsError, match=message):
        infer_config(state)

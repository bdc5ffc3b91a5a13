from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aqmap.scorers.image_reward_weights import convert_state
from grefine_core import WeightsError

PATH = Path("ImageReward.pt")


@pytest.fixture
def wanted(tiny_shape) -> dict[str, torch.Size]:
    from aqmap.scorers.image_reward import RewardNetwork

    return {name: tensor.shape for name, tensor in RewardNetwork(tiny_shape).state_dict().items()}


def test_every_tensor_of_the_network_is_found_with_its_shape(wanted, published_reward, tiny_shape) -> None:
    converted = convert_state(published_reward(tiny_shape), wanted=wanted, path=PATH)
    assert {name: tensor.shape for name, tensor in converted.items()} == wanted


def test_only_what_the_reward_does_not_read_is_left_out(wanted, published_reward, tiny_shape) -> None:
    state = published_reward(tiny_shape)
    used = {id(tensor) for tensor in convert_state(state, wanted=wanted, path=PATH).values()}
    assert sorted(name for name, tensor in state.items() if id(tensor) not in used) == [
        "blip.text_encoder.embeddings.position_ids",
        "blip.text_proj.bias",
        "blip.text_proj.weight",
        "blip.vision_proj.bias",
        "blip.vision_proj.weight",
    ]


def test_published_names_become_those_of_transformers(wanted, published_reward, tiny_shape) -> None:
    state = published_reward(tiny_shape)
    converted = convert_state(state, wanted=wanted, path=PATH)
    for theirs, ours in (
        ("blip.visual_encoder.blocks.1.attn.proj.weight", "vision.encoder.layers.1.self_attn.projection.weight"),
        ("blip.visual_encoder.norm.bias", "vision.post_layernorm.bias"),
        (
            "blip.text_encoder.encoder.layer.0.crossattention.self.key.weight",
            "text.encoder.layer.0.crossattention.self.key.weight",
        ),
        ("mlp.layers.7.bias", "head.4.bias"),
    ):
        assert converted[ours] is state[theirs]


def test_missing_tensors_are_counted_and_one_is_named(wanted, published_reward, tiny_shape) -> None:
    state = published_reward(tiny_shape)
    del state["mlp.layers.6.bias"], state["mlp.layers.7.weight"]
    with pytest.raises(WeightsError, match=r"^Weights file ImageReward\.pt is not .*2 tensors .*`head\.3\.bias`\.$"):
        convert_state(state, wanted=wanted, path=PATH)


@pytest.mark.parametrize("name", ["mlp.layers.1.weight", "optimizer", "blip.visual_encoder.blocks.2.norm1.weight"])
def test_unexpected_tensors_are_named_as_the_file_does(name, wanted, published_reward, tiny_shape) -> None:
    state = published_reward(tiny_shape) | {name: torch.ones(1)}
    with pytest.raises(WeightsError, match=f"1 are unexpected, such as `{name}`"):
        convert_state(state, wanted=wanted, path=PATH)

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from aqmap.scorers.clip_layout import open_clip_state

TEXT = {"hidden_size": 24, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2}
VISION = {"hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 7, "num_attention_heads": 2}


@pytest.fixture
def theirs():
    """A tiny CLIP of transformers, of the same shape as `tiny_clip`."""
    transformers = pytest.importorskip("transformers", reason="needs the extra `scorers`")
    torch.manual_seed(6)
    config = transformers.CLIPConfig(
        text_config={**TEXT, "max_position_embeddings": 12, "vocab_size": 49408, "hidden_act": "gelu"},
        vision_config={**VISION, "image_size": 32, "patch_size": 8, "hidden_act": "gelu"},
        projection_dim=16,
    )
    return transformers.CLIPModel(config).eval()


@torch.no_grad()
def test_open_clip_computes_the_same_with_converted_weights(theirs, tiny_clip) -> None:
    tiny_clip.load_state_dict(open_clip_state(theirs.state_dict()))
    pixels = torch.rand(2, 3, 32, 32)
    ids = torch.tensor([[49406, 320, 2368, 49407] + [0] * 8, [49406, 320, 736, 2368, 1929, 49407] + [0] * 6])
    both = theirs(input_ids=ids, pixel_values=pixels)
    assert torch.allclose(tiny_clip.encode_image(pixels, normalize=True), both.image_embeds, atol=1e-5)
    assert torch.allclose(tiny_clip.encode_text(ids, normalize=True), both.text_embeds, atol=1e-5)
    assert tiny_clip.logit_scale == theirs.logit_scale


def test_each_tensor_is_used_once(theirs, tiny_clip) -> None:
    converted = open_clip_state(theirs.state_dict())
    assert converted.keys() == tiny_clip.state_dict().keys()
    assert sum(map(torch.numel, converted.values())) == sum(map(torch.numel, theirs.parameters()))


def test_constants_of_older_files_are_left_out() -> None:
    assert open_clip_state({"text_model.embeddings.position_ids": torch.arange(12)[None]}) == {}


def test_unknown_name_stays_for_the_message() -> None:
    assert list(open_clip_state({"what.is.this": functional.relu(torch.ones(1))})) == ["what.is.this"]

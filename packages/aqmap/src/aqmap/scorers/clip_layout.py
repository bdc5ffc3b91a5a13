"""From the layout in which transformers keeps a CLIP to open_clip's, so that one piece of code runs both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

_TRANSPOSED = {"text_projection.weight": "text_projection", "visual_projection.weight": "visual.proj"}
"""Linear layers there, matrices here."""
_WHOLE = {
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
}
_BEGINNINGS = {
    "text_model.final_layer_norm.": "ln_final.",
    "text_model.encoder.layers.": "transformer.resblocks.",
    "vision_model.pre_layrnorm.": "visual.ln_pre.",  # misspelt there
    "vision_model.post_layernorm.": "visual.ln_post.",
    "vision_model.encoder.layers.": "visual.transformer.resblocks.",
}
_IN_BLOCKS = {
    ".layer_norm1.": ".ln_1.",
    ".layer_norm2.": ".ln_2.",
    ".mlp.fc1.": ".mlp.c_fc.",
    ".mlp.fc2.": ".mlp.c_proj.",
    ".self_attn.out_proj.": ".attn.out_proj.",
}
_CONSTANT = ".embeddings.position_ids"
_QUERY = re.compile(r"\.self_attn\.q_proj\.(weight|bias)$")
_KEY_OR_VALUE = re.compile(r"\.self_attn\.[kv]_proj\.(weight|bias)$")


def open_clip_state(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the weights of transformers' `CLIPModel` under the names and shapes of open_clip's `CLIP`.

    A name that no rule knows stays as it is: who loads the weights refuses it by that name.
    """
    converted: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name.endswith(_CONSTANT) or _KEY_OR_VALUE.search(name):
            continue
        if name in _TRANSPOSED:
            converted[_TRANSPOSED[name]] = tensor.T
        elif _QUERY.search(name):
            thirds = [state.get(name.replace(".q_proj.", f".{letter}_proj.")) for letter in "qkv"]
            joined = torch.cat([third for third in thirds if third is not None])
            converted[_rename(_QUERY.sub(r".attn.in_proj_\1", name))] = joined
        else:
            converted[_rename(name)] = tensor
    return converted


def _rename(name: str) -> str:
    if name in _WHOLE:
        return _WHOLE[name]
    for beginning, ours in _BEGINNINGS.items():
        if name.startswith(beginning):
            name = ours + name.removeprefix(beginning)
            for part, ours_inside in _IN_BLOCKS.items():
                name = name.replace(part, ours_inside)
    return name

"""Which architecture an OpenAI-format CLIP state dict is of, read from the shapes of its tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from grefine_core.errors import WeightsError

_HEAD_WIDTH = 64
"""Channels of an attention head in every CLIP that OpenAI published."""
_VOCABULARY = 49408
"""Byte pairs of CLIP's tokenizer, start and end included."""
_EXTRA_KEYS = ("input_resolution", "context_length", "vocab_size")
"""Numbers that OpenAI's archives hold beside the weights."""


def openai_state(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the weights of a checkpoint without the wrapping that training puts around them."""
    inner = state.get("state_dict", state)
    return {
        key.removeprefix("module."): value
        for key, value in inner.items()
        if isinstance(value, Tensor) and key not in _EXTRA_KEYS
    }


def infer_config(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return open_clip's `model_cfg` of a state dict with OpenAI's key names, QuickGELU on.

    Raises:
        WeightsError: If keys or shapes are not those of an OpenAI CLIP.
    """
    try:
        vocabulary, width = state["token_embedding.weight"].shape
        if vocabulary != _VOCABULARY:
            raise WeightsError(f"The model has {vocabulary} kinds of token; CLIP's tokenizer knows {_VOCABULARY}.")
        return {
            "embed_dim": state["text_projection"].shape[1],
            "quick_gelu": True,  # no tensor tells; OpenAI trained with nothing else
            "vision_cfg": _vit(state) if "visual.proj" in state else _resnet(state),
            "text_cfg": {
                "context_length": state["positional_embedding"].shape[0],
                "vocab_size": vocabulary,
                "width": width,
                "heads": width // _HEAD_WIDTH,
                "layers": _count(state, r"transformer\.resblocks\.(\d+)\."),
                "mlp_ratio": state["transformer.resblocks.0.mlp.c_fc.weight"].shape[0] / width,
            },
        }
    except (KeyError, IndexError, ValueError) as error:
        raise WeightsError(f"The weights are no CLIP in OpenAI's format: {error} is absent or odd.") from error


def _vit(state: Mapping[str, Tensor]) -> dict[str, Any]:
    width, _, patch, _ = state["visual.conv1.weight"].shape
    return {
        "layers": _count(state, r"visual\.transformer\.resblocks\.(\d+)\."),
        "width": width,
        "head_width": _HEAD_WIDTH,
        "patch_size": patch,
        "image_size": patch * _side(state["visual.positional_embedding"]),
        "mlp_ratio": state["visual.transformer.resblocks.0.mlp.c_fc.weight"].shape[0] / width,
    }


def _resnet(state: Mapping[str, Tensor]) -> dict[str, Any]:
    return {
        "layers": [_count(state, rf"visual\.layer{stage}\.(\d+)\.") for stage in (1, 2, 3, 4)],
        "width": state["visual.layer1.0.conv1.weight"].shape[0],
        "head_width": _HEAD_WIDTH,
        "image_size": 32 * _side(state["visual.attnpool.positional_embedding"]),
    }


def _side(positions: Tensor) -> int:
    """Return the side of the square grid behind the class token."""
    side: int = round((len(positions) - 1) ** 0.5)
    return side


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    """Count the different numbers that the pattern's group takes among the keys."""
    return len({found[1] for key in state if (found := re.match(pattern, key))})

"""The published checkpoint of ImageReward, under the names that transformers gives the same layers."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from grefine_core import WeightsError

_BEGINNINGS = {
    "blip.visual_encoder.blocks.": "vision.encoder.layers.",
    "blip.visual_encoder.cls_token": "vision.embeddings.class_embedding",
    "blip.visual_encoder.pos_embed": "vision.embeddings.position_embedding",
    "blip.visual_encoder.patch_embed.proj.": "vision.embeddings.patch_embedding.",
    "blip.visual_encoder.norm.": "vision.post_layernorm.",
    "blip.text_encoder.": "text.",
}
_IN_BLOCKS = {
    ".norm1.": ".layer_norm1.",
    ".norm2.": ".layer_norm2.",
    ".attn.qkv.": ".self_attn.qkv.",
    ".attn.proj.": ".self_attn.projection.",
}
_HEAD = {"0": "0", "2": "1", "4": "2", "6": "3", "7": "4"}
"""Linear layers of the head by their place there, where dropout stands between them, and here."""
_HEAD_NAME = re.compile(r"^mlp\.layers\.(\d+)\.(weight|bias)$")
_UNUSED = re.compile(r"^blip\.(text_proj|vision_proj)\.(weight|bias)$|^blip\.text_encoder\.embeddings\.position_ids$")
"""BLIP's projections for contrastive training, which the reward does not read, and a constant."""


def convert_state(state: Mapping[str, Any], *, wanted: Collection[str], path: Path) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint under our names: each exactly once, none missing and none left.

    Args:
        state: As `ImageReward.pt` has it.
        wanted: Names of `RewardNetwork`.
        path: Where the state is from, for messages.

    Raises:
        WeightsError: If a tensor is missing or unexpected; the message names the first.
    """
    renamed = {_rename(name): name for name in state if not _UNUSED.search(name)}
    missing = [name for name in wanted if name not in renamed]
    unexpected = [name for ours, name in renamed.items() if ours not in wanted]
    if missing or unexpected:
        lacks = f"{len(missing)} tensors are missing, such as that of `{missing[0]}`" if missing else ""
        extra = f"{len(unexpected)} are unexpected, such as `{unexpected[0]}`" if unexpected else ""
        raise WeightsError(f"Weights file {path} is not ImageReward: {' and '.join(filter(None, (lacks, extra)))}.")
    return {ours: state[name] for ours, name in renamed.items()}


def _rename(name: str) -> str:
    if (found := _HEAD_NAME.match(name)) and found[1] in _HEAD:
        return f"head.{_HEAD[found[1]]}.{found[2]}"
    for beginning, ours in _BEGINNINGS.items():
        if name.startswith(beginning):
            name = ours + name.removeprefix(beginning)
            break
    for part, ours in _IN_BLOCKS.items():
        name = name.replace(part, ours)
    return name

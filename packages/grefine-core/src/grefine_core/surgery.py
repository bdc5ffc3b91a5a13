"""Eq. (1), architecture surgery: patch features from value-value attention of an unchanged image tower.

CLIP's own attention mixes tokens by what they ask for, and its patches light up at foreign places.
Letting each token attend to those with a similar value keeps features where they belong. Two residual
streams run through the last blocks: the *original* one as pretrained, which gives the global feature,
and a *new* one that only collects the value-value attention of each block (no feed-forward), which
gives the patches. See Li et al., CLIP Surgery (arXiv:2304.05653).

Everything here is computed beside the modules: none is changed or copied, so one tower serves several
threads, settings and image sizes at once. B images, N = gh * gw patches, D joint dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from grefine_core.errors import InputError

Scale = Literal["head_dim", "value_norm"]
"""`head_dim`: 1 / sqrt(d) as the reference code; `value_norm`: 1 / |v| of each key, as eq. (1) prints it."""


@dataclass(frozen=True, kw_only=True)
class SurgerySettings:
    """How the patch features of a tower with attention are made."""

    blocks: int = 6
    """Last blocks that have two streams; 0 leaves the patches as they are."""
    scale: Scale = "head_dim"
    reference: bool = False
    """ModifiedResNet only: take the global feature from value-value attention too. The authors' code
    does, so that it is no longer CLIP's."""

    def __post_init__(self) -> None:
        """Refuse what has no meaning.

        Raises:
            InputError: If `blocks` is negative or `scale` unknown.
        """
        if self.blocks < 0:
            raise InputError(f"`blocks` must be at least 0, got {self.blocks}.")
        if self.scale not in ("head_dim", "value_norm"):
            raise InputError(f"`scale` must be `head_dim` or `value_norm`, got `{self.scale}`.")


DEFAULT_SURGERY = SurgerySettings()
_ATTENTION = ("attn", "attn_pool")
"""What timm calls attention over places in its models."""


def tower_tokens(visual: nn.Module, pixels: Tensor, settings: SurgerySettings = DEFAULT_SURGERY) -> tuple[Tensor, int]:
    """Return the joint-space features of images and of their patches.

    Args:
        visual: Image tower of an open_clip model in eval mode: VisionTransformer, ModifiedResNet, or a
            timm tower without attention.
        pixels: Shape (B, 3, h, w), normalised as the tower expects; any h and w of at least one patch.
        settings: Which blocks, which scale.

    Returns:
        Tokens (B, 1 + N, D), row 0 global, before any L2 normalisation; and the height gh of the grid.

    Raises:
        InputError: If the tower is of another kind, or too shallow for the settings.
    """
    check_tower(visual)
    if hasattr(visual, "attnpool"):
        return _resnet_tokens(visual, pixels, settings)
    if hasattr(visual, "trunk"):
        return _timm_tokens(visual, pixels)
    return _vit_tokens(visual, pixels, settings)


def check_tower(visual: Any) -> None:
    """Refuse an image tower that has no patch features; costs nothing, so ask before a download.

    Raises:
        InputError: If eq. (1) does not cover it.
    """
    if getattr(visual, "attn_pool", None) is not None:
        raise InputError("This tower pools its patches by attention (CoCa), which eq. (1) does not cover.")
    if hasattr(visual, "attnpool") or (hasattr(visual, "class_embedding") and hasattr(visual, "transformer")):
        return
    trunk = getattr(visual, "trunk", None)
    if trunk is None or any(name.rpartition(".")[2] in _ATTENTION for name, _ in trunk.named_modules()):
        kind = type(visual if trunk is None else trunk).__name__
        raise InputError(f"Towers of the kind {kind} have no patch features that eq. (1) could give.")


def interpolate_positions(positions: Tensor, grid: tuple[int, int]) -> Tensor:
    """Return position embeddings (1 + gh * gw, W) of a grid, from those of a square one.

    Bilinear without antialiasing, as the reference code; row 0, of the class token, stays.

    Args:
        positions: Shape (1 + n * n, W).
        grid: gh and gw.
    """
    side = round((len(positions) - 1) ** 0.5)
    if grid == (side, side):
        return positions
    old = positions[1:].float().T.reshape(1, -1, side, side)
    new = functional.interpolate(old, size=grid, mode="bilinear", align_corners=False)
    return torch.cat([positions[:1], new.flatten(2)[0].T.to(positions.dtype)])


def _vit_tokens(visual: Any, pixels: Tensor, settings: SurgerySettings) -> tuple[Tensor, int]:
    """Run both streams of a VisionTransformer."""
    blocks = visual.transformer.resblocks
    if settings.blocks > len(blocks):
        raise InputError(f"Surgery on {settings.blocks} blocks needs as many; the tower has {len(blocks)}.")
    original, height = _embed(visual, pixels)  # (B, 1 + N, W)
    first = len(blocks) - settings.blocks
    for block in blocks[:first]:
        original = block(original)
    new = original[:, 1:]  # (B, N, W)
    # behind the last attention only row 0 of the original stream is read, where it is the pooled one
    lone = visual.pool_type == "tok" and not visual.final_ln_after_pool
    for block in blocks[first:]:
        original, gained = _dual_block(block, original, settings, lone=lone and block is blocks[-1])
        new = new + gained
    if lone:
        tokens = visual.ln_post(torch.cat([original[:, :1], new], dim=1))
    else:
        pooled, _ = visual._pool(original)  # mean or late norm: the tower knows best
        tokens = torch.cat([pooled[:, None], visual.ln_post(new)], dim=1)
    return (tokens if visual.proj is None else tokens @ visual.proj), height


def _embed(visual: Any, pixels: Tensor) -> tuple[Tensor, int]:
    """Return what enters the blocks, (B, 1 + N, W), and gh."""
    patches = visual.conv1(pixels)  # (B, W, gh, gw)
    grid = patches.shape[2:]
    x = torch.cat([visual.class_embedding.to(patches.dtype).expand(len(pixels), 1, -1), patches.flatten(2).mT], 1)
    x = x + interpolate_positions(visual.positional_embedding, tuple(grid)).to(x.dtype)
    return visual.ln_pre(visual.patch_dropout(x)), grid[0]


def _dual_block(block: Any, x: Tensor, settings: SurgerySettings, *, lone: bool) -> tuple[Tensor, Tensor]:
    """Return the original stream behind a block, and what the block adds to the new one.

    Args:
        block: Residual attention block of open_clip.
        x: Original stream, shape (B, 1 + N, W).
        settings: Scale of the value-value attention.
        lone: Only row 0 of the original stream is wanted behind it: (B, 1, W) comes out.
    """
    attention, y = block.attn, block.ln_1(x)
    if not isinstance(attention, nn.MultiheadAttention):
        return block(x), _custom_gain(block, y, settings)
    # one product for q, k and v of both streams
    qkv = functional.linear(y, attention.in_proj_weight, attention.in_proj_bias)
    q, k, v = (_split(part, attention.num_heads) for part in qkv.chunk(3, dim=-1))  # (B, heads, 1 + N, d)
    if lone:
        x, q = x[:, :1], q[:, :, :1]
    mixed = _merge(functional.scaled_dot_product_attention(q, k, v))
    valued = _merge(_value_attention(v, settings.scale)[:, :, 1:])
    x = x + block.ls_1(attention.out_proj(mixed))
    x = x + block.ls_2(block.mlp(block.ln_2(x)))
    return x, block.ls_1(attention.out_proj(valued))


def _custom_gain(block: Any, y: Tensor, settings: SurgerySettings) -> Tensor:
    """Return the gain (B, N, W) of a block with open_clip's own Attention, its extra norms included."""
    attention, width = block.attn, y.shape[-1]
    bias = None if attention.in_proj_bias is None else attention.in_proj_bias[2 * width :]
    v = _split(functional.linear(y, attention.in_proj_weight[2 * width :], bias), attention.num_heads)
    out = _value_attention(v, settings.scale)[:, :, 1:]
    if attention.head_scale is not None:
        out = out * attention.head_scale
    return block.ls_1(block.ln_attn(attention.out_proj(attention.ln_inner(_merge(out)))))  # type: ignore[no-any-return]


def _value_attention(v: Tensor, scale: Scale) -> Tensor:
    """Return softmax(V V^T * scale) V of v (B, heads, tokens, d)."""
    if scale == "value_norm":  # by key, so that the sharpness does not depend on how many tokens there are
        return functional.scaled_dot_product_attention(v, functional.normalize(v, dim=-1), v, scale=1.0)
    return functional.scaled_dot_product_attention(v, v, v)


def _split(x: Tensor, heads: int) -> Tensor:
    """(B, tokens, heads * d) -> (B, heads, tokens, d)."""
    return torch.unflatten(x, -1, (heads, -1)).transpose(1, 2)


def _merge(x: Tensor) -> Tensor:
    """(B, heads, tokens, d) -> (B, tokens, heads * d)."""
    return x.transpose(1, 2).flatten(2)


def _resnet_tokens(visual: Any, pixels: Tensor, settings: SurgerySettings) -> tuple[Tensor, int]:
    """Run a ModifiedResNet; its one attention is that of the pool."""
    x = visual.stem(pixels)
    for layer in (visual.layer1, visual.layer2, visual.layer3, visual.layer4):
        x = layer(x)
    pool, grid = visual.attnpool, x.shape[2:]
    x = x.flatten(2).mT  # (B, N, C)
    x = torch.cat([x.mean(dim=1, keepdim=True), x], dim=1)
    x = x + interpolate_positions(pool.positional_embedding, tuple(grid)).to(x.dtype)
    v = _split(pool.v_proj(x), pool.num_heads)
    valued = _value_attention(v, settings.scale)  # (B, heads, 1 + N, d)
    if not settings.reference:
        q, k = _split(pool.q_proj(x[:, :1]), pool.num_heads), _split(pool.k_proj(x), pool.num_heads)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        valued = torch.cat([mixed, valued[:, :, 1:]], dim=2)
    tokens: Tensor = pool.c_proj(_merge(valued))
    return tokens, grid[0]


def _timm_tokens(visual: Any, pixels: Tensor) -> tuple[Tensor, int]:
    """Run a tower without attention; each cell of its last map goes through the head by itself."""
    features = visual.trunk.forward_features(pixels)  # (B, C, gh, gw)
    if features.ndim != 4:
        raise InputError(f"The tower {type(visual.trunk).__name__} has no map of features at its end.")
    batch, channels, height, width = features.shape
    whole = visual.head(visual.trunk.forward_head(features))  # (B, D)
    cells = features.permute(0, 2, 3, 1).reshape(-1, channels, 1, 1)  # (B * N, C, 1, 1)
    cells = visual.head(visual.trunk.forward_head(cells))
    return torch.cat([whole[:, None], cells.reshape(batch, height * width, -1)], dim=1), height

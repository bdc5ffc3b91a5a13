"""The networks of the pack's diffusion model, and the starts that make short training enough."""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from diffusers.models.resnet import ResnetBlock2D
from torch import nn

REFERENCE = 16.0
"""Size of the two constant channels that the normalisations of the autoencoder measure all others by."""
CARRIED = 8
"""First channels of each layer at the start: two constants, the three colours, and the colours negated."""


def build_vae() -> AutoencoderKL:
    """Return the factor-2 autoencoder: a mild compression keeps good pixels good.

    One group a normalisation: with two or three channels a group, as the stock number of groups leaves
    in layers this narrow, each colour is divided by its own contrast, and comes out shifted.
    """
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(32, 48),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=1,
        sample_size=128,
        mid_block_add_attention=False,
    )
    start_as_average(vae)
    return vae


def build_unet() -> UNet2DConditionModel:
    """Return the 9-channel UNet; attention only at an eighth of the latent size."""
    unet = UNet2DConditionModel(
        sample_size=64,
        in_channels=9,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(48, 96, 160, 192),
        down_block_types=("DownBlock2D",) * 3 + ("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * 3,
        attention_head_dim=[1, 3, 5, 6],
        cross_attention_dim=384,
        norm_num_groups=1,
        use_linear_projection=True,
    )
    nn.init.zeros_(unet.conv_out.weight)  # v = 0: at low noise the picture as it is
    nn.init.zeros_(unet.conv_out.bias)
    return unet


def build_scheduler() -> DDIMScheduler:
    """Return the noise schedule of Stable Diffusion, with v prediction."""
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=True,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
    )


@torch.no_grad()
def start_as_average(vae: AutoencoderKL) -> None:
    """Set an autoencoder's weights so that it averages 2 x 2 pixels and interpolates, before any training.

    Pictures come back at about 30 dB at once; from a random start a core needs an hour for 20. Each
    residual branch starts at zero. A colour runs along as x and -x, since silu(x) - silu(-x) = x, beside
    two constants so large that a normalisation divides by nearly the same number for any picture.
    """
    for block in vae.modules():
        if isinstance(block, ResnetBlock2D):
            nn.init.zeros_(block.conv2.weight)
            nn.init.zeros_(block.conv2.bias)
            if block.conv_shortcut is not None:
                _carry(block.conv_shortcut, torch.ones(1, 1), gain=0.1)
    encoder, decoder = vae.encoder, vae.decoder
    for first in (encoder.conv_in, decoder.conv_in):
        first.weight[:CARRIED], first.bias[:CARRIED] = 0, 0
        first.bias[:2] = torch.tensor([REFERENCE, -REFERENCE])
        for color in range(3):
            first.weight[2 + color, color, 1, 1] = 1
            first.weight[5 + color, color, 1, 1] = -1
    average, triangle = torch.zeros(3, 3), torch.tensor([0.25, 0.5, 0.25])
    average[:2, :2] = 0.25
    _carry(encoder.down_blocks[0].downsamplers[0].conv, average)
    _carry(decoder.up_blocks[0].upsamplers[0].conv, torch.outer(triangle, triangle))
    _read_colors(encoder.conv_out, encoder.conv_norm_out.num_channels, gain=0.1)
    encoder.conv_out.weight[4:], encoder.conv_out.bias[4:] = 0, -10  # almost no variance
    _read_colors(decoder.conv_out, decoder.conv_norm_out.num_channels, gain=0.02)
    for one in (vae.quant_conv, vae.post_quant_conv):
        one.weight.copy_(torch.eye(len(one.weight))[..., None, None])
        nn.init.zeros_(one.bias)


def _carry(conv: nn.Conv2d, kernel: torch.Tensor, *, gain: float = 1.0) -> None:
    """Let a convolution hand on the carried channels by `kernel`, constants at its sum; scale the rest by `gain`."""
    conv.weight.mul_(gain)
    assert conv.bias is not None
    conv.weight[:CARRIED], conv.bias[:CARRIED] = 0, 0
    for channel in range(CARRIED):
        conv.weight[channel, channel] = kernel


def _read_colors(conv: nn.Conv2d, channels: int, *, gain: float) -> None:
    """Let the last convolution return the carried colours, undoing the division by the constants' spread."""
    spread = (2 * REFERENCE**2 / channels) ** 0.5
    conv.weight.mul_(gain)
    assert conv.bias is not None
    conv.weight[:3], conv.weight[:, :CARRIED] = 0, 0
    nn.init.zeros_(conv.bias)
    for color in range(3):
        conv.weight[color, 2 + color, 1, 1] = spread
        conv.weight[color, 5 + color, 1, 1] = -spread

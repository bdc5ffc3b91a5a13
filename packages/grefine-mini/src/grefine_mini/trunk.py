"""EfficientNet-Lite0 as a feature pyramid (Liu et al. 2020; Tan and Le 2019, arXiv:1905.11946).

Rebuilt here in plain torch because the library that has it imports torchvision, which alone takes
longer than scoring a picture; a test holds it equal to that library's model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from grefine_core import WeightsError, WeightsFile, load_tensors

STAGES = (  # blocks, kernel, stride, expansion, channels; table 1 of the EfficientNet paper
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
PYRAMID_STAGES = (0, 1, 2, 4, 6)
"""Last stage at each of the strides 2, 4, 8, 16, 32."""
PYRAMID_CHANNELS = tuple(STAGES[i][4] for i in PYRAMID_STAGES)
STRIDE = 32
HEAD_CHANNELS = 1280
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet statistics that the weights expect."""


class TrunkFeatures(NamedTuple):
    """Features of B images whose sides are multiples of 32."""

    pyramid: tuple[Tensor, ...]
    """Five maps (B, C, H / s, W / s), s = 2, 4, 8, 16, 32; C as in `PYRAMID_CHANNELS`."""
    head: Tensor
    """Shape (B, 1280, H / 32, W / 32), in [0, 6]: what the ImageNet classifier pools."""


class _ConvNorm(nn.Sequential):
    """Convolution with TensorFlow's padding, batch norm, optional ReLU6."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1, act: bool) -> None:
        padding = _pad_same(kernel, stride)
        layers: list[nn.Module] = [
            nn.ZeroPad2d(padding) if stride > 1 else nn.Identity(),
            nn.Conv2d(inputs, outputs, kernel, stride, 0 if stride > 1 else kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3),
        ]
        super().__init__(*layers, *([nn.ReLU6()] if act else []))


def _pad_same(kernel: int, stride: int) -> tuple[int, int, int, int]:
    """Return TensorFlow's padding for sides that are a multiple of the stride: less at the start."""
    total = max(kernel - stride, 0)
    return (total // 2, total - total // 2) * 2


class _Block(nn.Module):
    """Inverted residual: expand, depthwise, project (MobileNetV2), without squeeze-excite."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers = [_ConvNorm(inputs, hidden, 1, act=True)] if expansion > 1 else []
        layers.append(_ConvNorm(hidden, hidden, kernel, stride=stride, groups=hidden, act=True))
        layers.append(_ConvNorm(hidden, outputs, 1, act=False))
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.layers(x)
        return x + change if self.residual else change


class Pyramid(nn.Module):
    """The image tower up to its last stage."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = _ConvNorm(3, 32, 3, stride=2, act=True)
        inputs, stages = 32, []
        for blocks, kernel, stride, expansion, channels in STAGES:
            row = [
                _Block(inputs if i == 0 else channels, channels, kernel, stride if i == 0 else 1, expansion)
                for i in range(blocks)
            ]
            stages.append(nn.Sequential(*row))
            inputs = channels
        self.stages = nn.ModuleList(stages)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return the five maps of (B, 3, H, W) in [0, 1], H and W multiples of 32: see `TrunkFeatures`."""
        x = self.stem((pixels - self.mean) / self.std)
        levels = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in PYRAMID_STAGES:
                levels.append(x)
        return tuple(levels)


class Trunk(nn.Module):
    """The image tower without its classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.pyramid = Pyramid()
        self.head = _ConvNorm(PYRAMID_CHANNELS[-1], HEAD_CHANNELS, 1, act=True)

    def forward(self, pixels: Tensor) -> TrunkFeatures:
        """Return the features of (B, 3, H, W) in [0, 1], H and W multiples of 32."""
        levels = self.pyramid(pixels)
        return TrunkFeatures(levels, self.head(levels[-1]))


def load_trunk(file: WeightsFile) -> tuple[Trunk, Tensor]:
    """Return the trunk in evaluation mode and the ImageNet classifier's rows (1000, 1280).

    The file names its tensors otherwise but lists them in the order of the layers.

    Raises:
        WeightsError: If the file is absent, altered, or its tensors have other shapes.
    """
    trunk = Trunk()
    state = load_tensors(file)
    tensors: Iterator[Tensor] = iter(state.values())
    ours = trunk.state_dict()
    for name, into in ours.items():
        found = next(tensors, torch.empty(0))
        if found.shape != into.shape:
            raise WeightsError(f"{file.path} has shape {tuple(found.shape)} where {name} needs {tuple(into.shape)}.")
        into.copy_(found)
    trunk.eval().requires_grad_(False)
    return trunk, next(tensors)


def load_sight(file: WeightsFile) -> Pyramid:
    """Return the pyramid that looks at quality, in evaluation mode.

    Raises:
        WeightsError: If the file is absent or altered, or holds other tensors.
    """
    sight = Pyramid()
    needed = {name for name, tensor in sight.state_dict().items() if tensor.is_floating_point()}  # no batch counts
    state = {name: tensor.float() for name, tensor in load_tensors(file).items()}
    if state.keys() != needed:
        raise WeightsError(
            f"{file.path} must hold the {len(needed)} tensors of a pyramid, got {len(state)}, or others."
        )
    sight.load_state_dict(state, strict=False)
    return sight.eval().requires_grad_(False)

"""The trunk is the library's model, value for value."""

from __future__ import annotations

import hashlib

import pytest
import torch

from grefine_core import WeightsError, WeightsFile
from grefine_mini.encoder import SIGHT_FILE
from grefine_mini.files import trunk_file
from grefine_mini.trunk import PYRAMID_CHANNELS, Trunk, load_sight, load_trunk


@pytest.fixture(scope="module")
def trunk() -> Trunk:
    return load_trunk(trunk_file())[0]


def test_features_have_the_documented_shapes(trunk: Trunk) -> None:
    features = trunk(torch.rand(2, 3, 64, 96))
    assert [tuple(level.shape) for level in features.pyramid] == [
        (2, channels, 64 // stride, 96 // stride)
        for channels, stride in zip(PYRAMID_CHANNELS, (2, 4, 8, 16, 32), strict=True)
    ]
    assert features.head.shape == (2, 1280, 2, 3)


def test_trunk_equals_timm(trunk: Trunk) -> None:
    timm = pytest.importorskip("timm", reason="timm is not installed; it is only needed to compare and to refit")
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    tensors = torch.load(trunk_file().path, weights_only=True).values()
    model.load_state_dict(dict(zip(model.state_dict(), tensors, strict=True)))
    pixels = torch.rand(1, 3, 96, 64)
    with torch.no_grad():
        expected = model.forward_features((pixels - trunk.pyramid.mean) / trunk.pyramid.std)
    assert torch.equal(trunk(pixels).head, expected)


def test_batch_equals_singles(trunk: Trunk) -> None:
    pixels = torch.rand(3, 3, 64, 64)
    together = trunk(pixels).head
    alone = torch.cat([trunk(p[None]).head for p in pixels])
    assert (together - alone).abs().max() < 1e-4  # values reach 6


def test_file_with_other_shapes_is_refused(tmp_path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"a": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match=r"has shape \(2,\) where pyramid.stem"):
        load_trunk(WeightsFile(path, hashlib.sha256(path.read_bytes()).hexdigest()))


def test_sight_from_a_file_sees_what_was_saved(trunk: Trunk, tmp_path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / SIGHT_FILE
    state = {k: v.half() for k, v in trunk.pyramid.state_dict().items() if v.is_floating_point()}
    save_file(state, path)
    sight = load_sight(WeightsFile(path, hashlib.sha256(path.read_bytes()).hexdigest()))
    pixels = torch.rand(1, 3, 64, 64)
    for seen, expected in zip(sight(pixels), trunk.pyramid(pixels), strict=True):
        assert (seen - expected).abs().max() < 0.05 * expected.abs().max()


def test_sight_of_other_tensors_is_refused(tmp_path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / SIGHT_FILE
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match=r"must hold the .* tensors of a pyramid, got 1"):
        load_sight(WeightsFile(path, hashlib.sha256(path.read_bytes()).hexdigest()))

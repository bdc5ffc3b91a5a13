"""The training programs of the mini pack: their starts, their labels, and that they go on where they stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.mini_assets import write_assets

pytest.importorskip("cv2", reason="OpenCV, with which training pictures are composed, is not installed")

from tools.mini.assets import Assets
from tools.mini.diffusion.models import build_unet, build_vae
from tools.mini.diffusion.run import Run, RunSettings
from tools.mini.diffusion.tasks import draw_crops, draw_task
from tools.mini.diffusion.train import train_unet, train_vae, trained_vae
from tools.mini.fit_quality import labels, whole_of
from tools.mini.measure import auroc
from tools.mini.quality_scenes import CELLS, DrawQualityScene

SETTINGS = RunSettings(minutes=0.02, rate=1e-3, batch=2, size=32, pool=8, device=torch.device("cpu"))


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Assets:
    return Assets(write_assets(tmp_path_factory.mktemp("assets")), split="all")


def smooth_picture() -> torch.Tensor:
    ramp = torch.linspace(-1, 1, 64)
    return torch.stack([ramp[None].expand(64, 64), ramp[:, None].expand(64, 64), ramp[None] * ramp[:, None]])[None]


def test_untrained_autoencoder_gives_pictures_back() -> None:
    picture, vae = smooth_picture(), build_vae()
    with torch.no_grad():
        back = vae.decode(vae.encode(picture).latent_dist.mode()).sample
    inner = (slice(None), slice(None), slice(4, -4), slice(4, -4))  # the border is padded with zeros
    assert (back - picture)[inner].square().mean() < 2e-3


def test_untrained_unet_leaves_everything_as_it_is() -> None:
    with torch.no_grad():
        velocity = build_unet()(torch.randn(1, 9, 16, 16), torch.tensor([100]), torch.randn(1, 4, 384)).sample
    assert velocity.abs().max() == 0


def test_runs_go_on_from_their_checkpoints(assets: Assets, tmp_path) -> None:
    first = Run(build_vae(), build_vae(), tmp_path / "vae.pt", SETTINGS)
    train_vae(first, assets)
    assert first.step > 0
    again = Run(build_vae(), build_vae(), tmp_path / "vae.pt", SETTINGS)
    assert again.step == first.step
    assert torch.equal(again.model.decoder.conv_out.weight, first.model.decoder.conv_out.weight)
    assert again.extra["scaling_factor"] == first.extra["scaling_factor"] > 0
    unet = Run(build_unet(), build_unet(), tmp_path / "unet.pt", replace(SETTINGS, precision="bf16"))
    train_unet(unet, trained_vae(tmp_path), assets)
    assert unet.step > 0
    assert (tmp_path / "unet.pt").is_file()
    assert not list(tmp_path.glob("*.tmp"))


def test_tasks_change_nothing_outside_their_mask(assets: Assets) -> None:
    for number in range(24):
        task = draw_task(assets, np.random.default_rng(number), 64)
        changed = np.abs(task.source - task.target).max(-1) > 0.02  # soft edges of damage below a tenth stay outside
        assert not (changed & (task.mask == 0)).any()


def test_crops_have_their_size_and_differ(assets: Assets) -> None:
    crops = draw_crops(assets, np.random.default_rng(0), 32, 16)
    assert crops.shape == (16, 3, 32, 32)
    assert len({crop.numpy().tobytes() for crop in crops}) > 8


def test_quality_scenes_tell_where_their_damage_is(assets: Assets) -> None:
    draw = DrawQualityScene(assets=assets)
    scenes = [draw(np.random.default_rng(number), number) for number in range(12)]
    assert {scene.factor == 0 for scene in scenes} == {True, False}
    for scene in scenes:
        assert scene.loss.shape == (CELLS, CELLS)
        assert scene.factor > 0 or scene.loss.max() == 0
    assert any(scene.loss.max() > 0.1 for scene in scenes)


def test_labels_fall_with_damage_and_stand_in_its_factor_alone() -> None:
    loss = torch.zeros(2, CELLS, CELLS)
    loss[1, :4, :4] = 0.8
    found = labels({"loss": loss, "factor": torch.tensor([0, 2])})
    assert (found.cells[0] == 1).all()
    assert (found.cells[1, :4, :4, 2] < 0.2).all()
    assert (found.cells[1, ..., [1, 3]] == 1).all()
    assert (whole_of(found.cells)[1, 0] < whole_of(found.cells)[0, 0]).item()


def test_auroc_is_one_where_all_is_in_order_and_half_where_nothing_is() -> None:
    assert auroc([2.0, 3.0], [0.0, 1.0]) == 1
    assert auroc([1.0, 1.0], [1.0, 1.0]) == 0.5

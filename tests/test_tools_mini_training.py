"""The training programs of the mini pack: their starts, their labels, and that they go on where they stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from grefine_mini.heads import CONSTANT, DIMENSIONS, Heads
from grefine_mini.quality_head import QUALITY, ObjectHead, QualityHead
from grefine_mini.statistics import STATISTICS
from tests.mini_assets import write_assets

pytest.importorskip("cv2", reason="OpenCV, with which training pictures are composed, is not installed")

from tools.mini.assets import Assets
from tools.mini.diffusion.models import build_unet, build_vae
from tools.mini.diffusion.run import Run, RunSettings
from tools.mini.diffusion.tasks import draw_crops, draw_task
from tools.mini.diffusion.train import train_unet, train_vae, trained_vae
from tools.mini.fit_objects import fit_objects
from tools.mini.fit_pairs import CELLS_A_SCENE, draw_rows
from tools.mini.fit_quality import (
    CLEAN_WEIGHT,
    NATURALNESS_COST,
    Labels,
    Pool,
    fit_quality,
    labels,
    logits_of,
    loss_of,
    predict,
    whole_of,
)
from tools.mini.measure import auroc
from tools.mini.quality_scenes import CELLS, DrawQualityScene
from tools.mini.tune import TUNED, TunedSight, load_tuned, record_of, tune

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
        changed = (
            np.abs(task.source.astype(int) - task.target).max(-1) > 5
        )  # soft edges of damage below a tenth stay outside
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


def test_scenes_are_as_often_clean_as_they_are_asked_to_be(assets: Assets) -> None:
    draw = DrawQualityScene(assets=assets, clean=1)
    assert all(draw(np.random.default_rng(number), number).loss.max() == 0 for number in range(6))


def test_a_false_alarm_costs_more_than_a_fault_overlooked() -> None:
    clean, ruined = (Labels(torch.full((1, 4, 4, 4), value), torch.full((1, 4), value)) for value in (1.0, 0.0))
    cells, whole = torch.full((1, 4, 4, 4), 2.0), torch.full((1, 4), 2.0)
    fault = loss_of((torch.zeros_like(cells), whole), ruined) - loss_of((torch.zeros_like(cells), -whole), ruined)
    alarm = loss_of((torch.zeros_like(cells), -whole), clean) - loss_of((torch.zeros_like(cells), whole), clean)
    assert alarm == pytest.approx(CLEAN_WEIGHT * float(fault), rel=1e-4)


def test_quality_head_learns_where_damage_is() -> None:
    draw = torch.Generator().manual_seed(0)
    loss = (torch.rand(8, 16, 16, generator=draw) > 0.7).float()
    loss[:3] = 0
    statistics = 0.1 * torch.randn(8, 16, 16, STATISTICS, generator=draw)
    statistics[..., 3] += loss
    factor = torch.tensor([0, 0, 0, 1, 1, 2, 2, 3])
    pool = Pool([{"statistics": statistics.half(), "loss": loss.half(), "factor": factor}])
    head = QualityHead().requires_grad_(False)
    cells, _ = predict(head, fit_quality(head, pool, 40), statistics)
    assert auroc(-cells[..., 0][loss == 1], -cells[..., 0][loss == 0]) > 0.9


def test_pairs_learn_the_scores_of_the_head_whatever_else_is_in_a_feature() -> None:
    draw = torch.Generator().manual_seed(0)
    heads = Heads(memory=0, color_words=0).requires_grad_(False)
    heads.shares[4] = 0.4
    part = {
        "statistics": torch.randn(2, 16, 16, STATISTICS, generator=draw).half(),
        "loss": torch.zeros(2, 16, 16),
        "factor": torch.zeros(2),
    }
    rows, contents = torch.randn(4, QUALITY, generator=draw), torch.randn(5, DIMENSIONS, generator=draw)
    features, scores = draw_rows(heads, rows, [part], contents, seed=1)
    assert features.shape == (2 * (CELLS_A_SCENE + 1), DIMENSIONS)
    assert torch.allclose(features.norm(dim=-1), torch.ones(len(features)), atol=1e-5)
    assert torch.allclose(logits_of(features[:, CONSTANT + 1 :], rows).sigmoid(), scores, atol=1e-4)
    assert scores.std() > 0.1


def test_labels_fall_with_damage_and_stand_in_its_factor_alone() -> None:
    loss = torch.zeros(2, CELLS, CELLS)
    loss[1, :4, :4] = 0.8
    found = labels({"loss": loss, "factor": torch.tensor([0, 2])})
    assert (found.cells[0] == 1).all()
    assert (found.cells[1, :4, :4, 2] < 0.2).all()
    assert (found.cells[1, ..., [1, 3]] == 1).all()
    assert (whole_of(found.cells)[1, 0] < whole_of(found.cells)[0, 0]).item()


def test_faults_of_naturalness_cost_less_of_the_overall_score() -> None:
    found = labels({"loss": torch.full((2, CELLS, CELLS), 0.8), "factor": torch.tensor([1, 3])}).whole
    assert (1 - found[1, 0]) == pytest.approx(NATURALNESS_COST * float(1 - found[0, 0]))
    assert found[1, 3] == found[0, 1] < 0.2


def test_auroc_is_one_where_all_is_in_order_and_half_where_nothing_is() -> None:
    assert auroc([2.0, 3.0], [0.0, 1.0]) == 1
    assert auroc([1.0, 1.0], [1.0, 1.0]) == 0.5


def test_scenes_tell_what_objects_cover_where_there_are_any(assets: Assets) -> None:
    draw = DrawQualityScene(assets=assets)
    scenes = [draw(np.random.default_rng(number), number) for number in range(12)]
    assert {float(scene.covered.min()) == -1 for scene in scenes} == {True, False}
    for scene in scenes:
        assert scene.covered.min() == -1 or 0 <= scene.covered.min() < scene.covered.max() <= 1


def test_object_head_learns_from_scenes_that_have_objects() -> None:
    draw = torch.Generator().manual_seed(0)
    covered = (torch.rand(6, 4, 4, generator=draw) > 0.5).float()
    covered[0] = -1
    statistics = 0.1 * torch.randn(6, 4, 4, STATISTICS, generator=draw)
    statistics[..., 3] += covered
    head = ObjectHead().requires_grad_(False)
    fit_objects(head, [{"statistics": statistics.half(), "covered": covered.half()}], 40)
    logits = head(statistics[1:])[..., 0]
    assert auroc(logits[covered[1:] == 1], logits[covered[1:] == 0]) > 0.9


def test_fine_tuning_moves_the_pyramid_and_goes_on(assets: Assets, tmp_path) -> None:
    settings = replace(SETTINGS, size=8, batch=2)
    model = TunedSight()
    before = model.sight.stem[1].weight.detach().clone()
    run = Run(model, TunedSight(), tmp_path / TUNED, settings)
    tune(run, assets)
    assert run.step > 0
    assert not torch.equal(run.model.sight.stem[1].weight, before)
    assert all(value.isfinite().all() for value in run.model.state_dict().values())
    assert Run(TunedSight(), TunedSight(), tmp_path / TUNED, settings).step == run.step
    assert torch.equal(load_tuned(tmp_path / TUNED).rows, run.ema.rows)


def test_a_part_of_a_scene_keeps_pixels_and_labels_together(assets: Assets) -> None:
    scene = DrawQualityScene(assets=assets)(np.random.default_rng(3), 3)
    whole, part = (record_of(scene, cells, np.random.default_rng(1)) for cells in (CELLS, 6))
    places = [
        (y, x)
        for y in range(CELLS - 5)
        for x in range(CELLS - 5)
        if torch.equal(whole["pixels"][:, 16 * y : 16 * y + 96, 16 * x : 16 * x + 96], part["pixels"])
    ]
    assert any(torch.equal(whole["loss"][y : y + 6, x : x + 6], part["loss"]) for y, x in places)

from __future__ import annotations

import pytest
import torch

from balanced_refiner.diffusion.solver import CLEAN, Canvas, NoiseSchedule, denoise, own_levels, plan_levels
from grefine_core import InputError

SIGNAL = torch.cumprod(1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2, 0)


def schedule(prediction="epsilon", signal=SIGNAL):
    return NoiseSchedule(signal=signal, prediction=prediction)


def canvas(strengths, steps=4, seed=0):
    """A canvas of one channel whose cells have the strengths (B, h, w)."""
    cells = torch.as_tensor(strengths)[:, None]
    generator = torch.Generator().manual_seed(seed)
    clean, noise = (torch.randn(cells.shape, generator=generator) for _ in range(2))
    levels = plan_levels(cells.flatten(1).amax(1).tolist(), steps)
    return Canvas(clean=clean, noise=noise, own_levels=own_levels(cells), levels=levels)


def knows(picture, plan, prediction):
    """A model that sees through the noise to `picture`, whatever it is shown."""

    def predict(noisy, levels):
        alpha, sigma = (scale[:, None, None, None] for scale in plan.scales(levels))
        noise = (noisy - alpha * picture) / sigma
        return {"epsilon": noise, "sample": picture, "v_prediction": alpha * noise - sigma * picture}[prediction]

    return predict


@pytest.mark.parametrize(
    ("steps", "strength", "levels"),
    [(4, 1.0, [999, 749, 499, 249]), (2, 0.5, [499, 249]), (1, 0.001, [0]), (5, 0.003, [2, 1, 0])],
)
def test_levels_come_down_evenly_to_the_clean_picture(steps, strength, levels):
    assert plan_levels([strength], steps).tolist() == [[*levels, CLEAN]]


def test_picture_with_fewer_steps_waits_at_its_first_level():
    assert plan_levels([0.5, 0.002], 3).tolist() == [[499, 332, 166, CLEAN], [1, 1, 0, CLEAN]]


def test_own_levels_are_those_of_the_plan():
    strengths = torch.arange(1, 1001) / 1000  # float32, whose products lie on either side of whole numbers
    assert own_levels(strengths).tolist() == [plan_levels([s], 1)[0, 0] for s in strengths.tolist()]


def test_less_than_one_level_is_none():
    assert own_levels(torch.tensor([0.0, 0.0005, 0.00099, 0.001])).tolist() == [CLEAN, CLEAN, CLEAN, 0]


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_model_that_knows_the_picture_paints_it(prediction):
    plan, work = schedule(prediction), canvas(torch.full((2, 4, 4), 0.7))
    picture = torch.full_like(work.clean, 0.25)
    painted = denoise(plan, work, knows(picture, plan, prediction))
    torch.testing.assert_close(painted, picture, atol=1e-5, rtol=0)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_split_gives_back_picture_and_noise(prediction):
    plan = schedule(prediction)
    alpha, sigma = (scale.view(1, 1, 1, 1) for scale in plan.scales(torch.tensor([600])))
    picture, noise = torch.randn(2, 1, 1, 4, 4).unbind()
    output = {"epsilon": noise, "sample": picture, "v_prediction": alpha * noise - sigma * picture}[prediction]
    found = plan.split(alpha * picture + sigma * noise, output, alpha, sigma)
    torch.testing.assert_close(found, (picture, noise), atol=1e-5, rtol=0)


def test_one_step_of_ddim_by_hand():
    plan = schedule(signal=torch.full((1000,), 0.64).index_fill(0, torch.tensor([249]), 0.36))
    work = canvas(torch.full((1, 1, 1), 0.5), steps=2)  # levels 499 and 249
    work = Canvas(
        clean=torch.ones(1, 1, 1, 1), noise=torch.zeros(1, 1, 1, 1), own_levels=work.own_levels, levels=work.levels
    )
    seen = []
    denoise(plan, work, lambda noisy, _: (seen.append(noisy.item()), torch.full_like(noisy, 0.5))[1])
    # 0.8 of the picture; less 0.6 of the noise 0.5, over 0.8, is 0.625; 0.6 of it and 0.8 of the noise are 0.775
    assert seen == pytest.approx([0.8, 0.775])


def test_pixel_of_no_strength_keeps_its_exact_latents():
    strengths = torch.full((1, 4, 4), 0.6)
    strengths[0, 1, 2] = 0
    work = canvas(strengths)
    painted = denoise(schedule(), work, lambda noisy, _: torch.zeros_like(noisy))
    assert painted[0, 0, 1, 2] == work.clean[0, 0, 1, 2]
    assert (painted == work.clean).sum() == 1


def test_pixel_below_the_last_level_is_left():
    work = canvas([[[0.8, 0.19, 0.21]]])  # levels 799, 599, 399, 199
    painted = denoise(schedule(), work, lambda noisy, _: torch.zeros_like(noisy))
    assert (painted == work.clean).flatten().tolist() == [False, True, False]


def test_pixel_is_held_at_the_noised_original_until_its_level():
    plan, work, seen = schedule(), canvas([[[0.8, 0.4]]]), []
    denoise(plan, work, lambda noisy, _: (seen.append(noisy.clone()), torch.zeros_like(noisy))[1])
    for noisy, level in zip(seen[:3], [799, 599, 399], strict=True):
        alpha, sigma = plan.scales(torch.tensor(level))
        assert noisy[0, 0, 0, 1] == alpha * work.clean[0, 0, 0, 1] + sigma * work.noise[0, 0, 0, 1]
    alpha, sigma = plan.scales(torch.tensor(199))
    assert seen[3][0, 0, 0, 1] != alpha * work.clean[0, 0, 0, 1] + sigma * work.noise[0, 0, 0, 1]


def test_full_strength_starts_from_noise_alone():
    work, seen = canvas([[[1.0, 0.5]]]), []
    denoise(schedule(), work, lambda noisy, _: (seen.append(noisy.clone()), noisy)[1])
    assert seen[0][0, 0, 0, 0] == work.noise[0, 0, 0, 0]
    assert seen[0][0, 0, 0, 1] != work.noise[0, 0, 0, 1]


def test_waiting_changes_nothing():
    plan = schedule()
    low, high = torch.full((1, 2, 2), 0.003), torch.full((1, 2, 2), 0.9)
    alone, beside = canvas(low, steps=5), canvas(torch.cat([low, high]), steps=5)
    beside.clean[:1], beside.noise[:1] = alone.clean, alone.noise

    def model(noisy, levels):
        return noisy.tanh() + levels[:, None, None, None] / 1000

    torch.testing.assert_close(denoise(plan, beside, model)[:1], denoise(plan, alone, model), atol=1e-5, rtol=0)


def test_listener_hears_each_step():
    heard = []
    denoise(schedule(), canvas(torch.full((1, 2, 2), 0.5), steps=3), lambda noisy, _: noisy, lambda: heard.append(1))
    assert len(heard) == 3


def test_level_without_any_signal_gives_finite_latents():
    signal = SIGNAL.clone()
    signal[-1] = 0  # zero terminal SNR
    painted = denoise(schedule(signal=signal), canvas(torch.ones(1, 2, 2)), lambda noisy, _: noisy)
    assert torch.isfinite(painted).all()


@pytest.mark.parametrize(
    ("fields", "message"), [({"signal": SIGNAL[:500]}, "1000 levels"), ({"prediction": "flow"}, "`flow`")]
)
def test_schedule_that_the_loop_cannot_run_is_refused(fields, message):
    with pytest.raises(InputError, match=message):
        NoiseSchedule(**({"signal": SIGNAL, "prediction": "epsilon"} | fields))

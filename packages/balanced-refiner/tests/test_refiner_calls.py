"""Calls beyond the plain one: batches, a second backend, locked pixels."""

from __future__ import annotations

import pytest
import torch

from balanced_refiner import BalancedRefiner, MaskSettings, RefineSettings
from grefine_core import InputError


def picture(height, width, seed=0):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 0.9 + 0.05


def two_holes():
    quality = torch.ones(64, 128)
    quality[20:40, 10:30] = 0.0
    quality[20:38, 90:110] = 0.0
    return quality


def test_batch_gives_the_bytes_of_single_calls(painter, judged):
    refiner = BalancedRefiner(painter(value=None), judged(two_holes(), 1.0))
    pictures = [picture(64, 128, seed) for seed in range(3)]
    alone = [refiner(pixels, "a dog", seed=seed) for seed, pixels in enumerate(pictures)]
    together = refiner.refine_all(pictures, ["a dog"] * 3, range(3))
    for one, other in zip(alone, together, strict=True):
        assert one.changed
        assert one.pixels.numpy().tobytes() == other.pixels.numpy().tobytes()


@pytest.mark.parametrize("counts", [(1, 2, 2), (2, 1, 2), (2, 2, 1)])
def test_batch_of_unequal_lengths_is_refused_before_any_work(counts, painter, judged):
    assess = judged(two_holes(), 1.0)
    pictures, prompts, seeds = [picture(64, 128)] * counts[0], ["a dog"] * counts[1], [0] * counts[2]
    with pytest.raises(InputError, match="must have one length"):
        BalancedRefiner(painter(), assess).refine_all(pictures, prompts, seeds)
    assert assess.calls == []


def test_second_backend_runs_the_mild_pass_alone(painter, judged, with_hole):
    first, second = painter(size=32), painter(size=64)
    second.name = "restorer"
    refiner = BalancedRefiner(first, judged(with_hole(64, 64, (20, 20, 40, 40)), 1.0), second=second)
    result = refiner(picture(64, 64), "a dog")
    assert [request.tops for request in first.requests] == [(0.5,)]
    assert [request.tops for request in second.requests] == [(pytest.approx(0.1),)]
    assert (result.backend, result.second) == ("painter", "restorer")


@pytest.mark.parametrize(("first", "second", "runs"), [(False, True, True), (True, False, False)])
def test_backend_of_the_mild_pass_decides_whether_it_runs(first, second, runs, painter, judged, with_hole):
    repairs, passes = painter(size=32), painter(size=64)
    repairs.mild_pass, passes.mild_pass = first, second
    refiner = BalancedRefiner(repairs, judged(with_hole(64, 64, (20, 20, 40, 40)), 1.0), second=passes)
    refiner(picture(64, 64), "a dog")
    assert len(repairs.requests) == 1
    assert bool(passes.requests) == runs


def test_one_backend_serves_both_stages_by_default(painter, judged):
    result = BalancedRefiner(painter(), judged(two_holes(), 1.0))(picture(64, 128), "a dog")
    assert result.second == result.backend == "painter"


def test_locked_defect_is_said_to_be_locked(painter, judged):
    fake, pixels = painter(), picture(64, 128)
    refiner = BalancedRefiner(fake, judged(two_holes(), 1.5))
    result = refiner(pixels, "a dog", locked=torch.ones(64, 128, dtype=torch.bool))
    assert "no unlocked part" in result.message
    assert not fake.requests
    assert torch.equal(result.pixels, pixels)


def test_locks_of_another_size_are_refused_before_any_work(painter, judged):
    assess = judged(two_holes(), 1.0)
    with pytest.raises(InputError, match="`locked`"):
        BalancedRefiner(painter(), assess)(picture(64, 128), "a dog", locked=torch.ones(8, 8, dtype=torch.bool))
    assert assess.calls == []


@pytest.mark.parametrize("mode", ["otsu", "soft"])
def test_same_seed_gives_the_same_bytes_in_rounds_and_soft_masks(mode, painter, judged):
    settings = RefineSettings(rounds=3, mask=MaskSettings(mode=mode))
    results = [
        BalancedRefiner(painter(value=None), judged(two_holes(), 1.0), settings)(picture(64, 128), "a dog", seed=5)
        for _ in range(2)
    ]
    assert results[0].changed
    assert results[0].pixels.numpy().tobytes() == results[1].pixels.numpy().tobytes()

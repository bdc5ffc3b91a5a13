from __future__ import annotations

import pytest
import torch

from balanced_refiner import (
    MaskSettings,
    RefineError,
    RegionSettings,
    StagePlan,
    find_regions,
    make_mask,
    stage1,
    stage2,
)
from balanced_refiner.stages import BATCH, region_seed
from grefine_core import Defect

PLAN = StagePlan(steps=4, seed=7)


def picture(height, width, seed=0):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 0.9 + 0.05


def regions_of(given, prompt="a dog"):
    mask = make_mask(given.pq.map, given.aq.map, settings=MaskSettings(dilation=0, feather=0))
    return mask, find_regions(mask, given, prompt, RegionSettings(strength=0.5, max_regions=20))


def test_stage1_asks_for_the_region_alone(painter, assessment, with_hole):
    fake = painter(size=32)
    _, found = regions_of(assessment(with_hole(100, 100, (40, 40, 50, 60))))
    stage1(fake, picture(100, 100), found, PLAN)
    request = fake.requests[0]
    assert request.masks.sum() == 200
    assert (request.tops, request.steps, request.prompts) == ((0.5,), 4, ["a dog"])


def test_stage1_shows_the_picture_to_the_backend_pixel_for_pixel(painter, assessment, with_hole):
    fake, pixels = painter(size=32), picture(100, 100)
    _, found = regions_of(assessment(with_hole(100, 100, (40, 40, 50, 60))))
    stage1(fake, pixels, found, PLAN)
    assert torch.equal(fake.requests[0].images, pixels[..., 29:61, 34:66])


def test_stage1_gives_each_region_its_own_strength(painter, assessment):
    fake = painter()
    alignment = torch.ones(64, 64)
    alignment[4:16, 4:16] = 0.0  # the larger one, so the worse
    quality = torch.ones(64, 64)
    quality[40:50, 40:50] = 0.0
    defect = Defect(phrase="dog", kind="missing", start=2, end=5, region=1 - alignment)
    _, found = regions_of(assessment(quality, alignment, defects=[defect]))
    repairs = stage1(fake, picture(64, 64), found, PLAN)
    assert [request.tops for request in fake.requests] == [pytest.approx((0.5, 0.95))]
    assert [(repair.region.index, repair.region.strength) for repair in repairs] == [(0, 0.95), (1, 0.5)]


def test_stage1_counts_its_steps_to_the_end(painter, assessment):
    quality = torch.ones(100, 100)
    for row in range(2):
        for column in range(3):
            quality[10 + 40 * row : 20 + 40 * row, 10 + 30 * column : 20 + 30 * column] = 0.0
    heard = []
    _, found = regions_of(assessment(quality))
    plan = StagePlan(steps=4, seed=7, on_step=lambda done, total: heard.append((done, total)))
    fake = painter()
    repairs = stage1(fake, picture(100, 100), found, plan)
    assert [len(request.seeds) for request in fake.requests] == [BATCH, 2]
    assert len(repairs) == 6
    assert heard == [(done, 8) for done in range(1, 9)]


def test_stage1_says_which_regions_failed(painter, assessment, with_hole):
    _, found = regions_of(assessment(with_hole(64, 64, (8, 8, 24, 24))))
    repair = stage1(painter(value=torch.nan), picture(64, 64), found, PLAN)[0]
    assert repair.generated is None
    assert "nan" in repair.error
    pixels = picture(64, 64)
    assert repair.apply(pixels, torch.ones(64, 64)) is pixels


@pytest.mark.parametrize("seed", range(20))
def test_stage1_changes_nothing_outside_the_feathered_mask(seed, painter, assessment):
    g = torch.Generator().manual_seed(seed)
    height, width = (int(n) for n in torch.randint(40, 150, (2,), generator=g))
    coarse = torch.rand(1, 1, 6, 6, generator=g)
    quality = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")[0, 0].clamp(0, 1)
    given, pixels = assessment(quality), picture(height, width, seed)
    mask = make_mask(given.pq.map, given.aq.map)
    found = find_regions(mask, given, "a dog", RegionSettings(strength=0.5, max_regions=20))
    assert found.regions
    out = pixels
    for repair in stage1(painter(value=0.0078125), pixels, found, PLAN):
        out = repair.apply(out, mask.feathered * (found.labels == repair.region.index + 1))
    outside = mask.feathered == 0
    assert torch.equal(out[..., outside], pixels[..., outside])
    assert (out != pixels)[..., mask.feathered > 0].all()


def test_stage2_of_a_small_picture_is_one_mirrored_square(painter):
    fake, pixels = painter(size=32), picture(20, 13)
    out = stage2(fake, pixels, "a dog", (), strength=0.1, plan=PLAN)
    assert out.shape == pixels.shape
    assert fake.requests[0].images.shape == (1, 3, 32, 32)
    assert fake.requests[0].masks.all()


def test_stage2_of_one_pixel_works(painter):
    assert stage2(painter(value=0.5), picture(1, 1), "a dog", (), strength=0.1, plan=PLAN).tolist() == [[[[0.5]]] * 3]


@pytest.mark.parametrize("size", [(33, 20), (64, 64), (97, 131), (32, 32)])
def test_stage2_tiles_blend_back_to_what_they_were(size, painter):
    class Echo(painter):
        def inpaint(self, request, *, on_step=None):
            super().inpaint(request, on_step=on_step)
            return request.images

    pixels = picture(*size)
    torch.testing.assert_close(stage2(Echo(), pixels, "a dog", (), strength=0.1, plan=PLAN), pixels, atol=1e-6, rtol=0)


def test_stage2_fades_from_tile_to_tile(painter):
    class Stripes(painter):
        def inpaint(self, request, **_):
            self.count = getattr(self, "count", 0)
            levels = torch.arange(self.count, self.count + len(request.seeds)) % 2
            self.count += len(request.seeds)
            return request.images * 0 + levels.view(-1, 1, 1, 1) * 0.8 + 0.1

    out = stage2(Stripes(), torch.full((1, 3, 32, 200), 0.5), "a dog", (), strength=0.1, plan=PLAN)
    assert out.diff(dim=3).abs().max() < 0.25  # a hard seam would be 0.8
    assert out.amax() > 0.85
    assert out.amin() < 0.15


def test_stage2_counts_its_steps_to_the_end(painter):
    heard = []
    plan = StagePlan(steps=4, seed=7, on_step=lambda done, total: heard.append((done, total)))
    stage2(painter(), picture(32, 150), "a dog", (), strength=0.1, plan=plan)
    assert heard == [(done, 8) for done in range(1, 9)]


def test_stage2_refuses_nan(painter):
    with pytest.raises(RefineError, match="not numbers"):
        stage2(painter(value=torch.nan), picture(32, 32), "a dog", (), strength=0.1, plan=PLAN)


def test_seed_of_a_region_depends_on_all_its_parts():
    seeds = {region_seed(seed, stage, index) for seed in (0, 1) for stage in ("stage1", "stage2") for index in (0, 1)}
    assert len(seeds) == 8
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_stage1_takes_a_colour_cast_off_the_repair(painter, assessment, with_hole):
    class Caster(painter):
        """Heal the hole, and show everything a little redder and darker."""

        def inpaint(self, request, **_):
            healed = torch.where(request.masks > 0, torch.full_like(request.images, 0.4), request.images)
            return healed + torch.tensor([0.06, -0.03, 0.0]).view(3, 1, 1)

    mask, found = regions_of(assessment(with_hole(100, 100, (40, 40, 50, 60))))
    repair = stage1(Caster(), picture(100, 100) * 0.5 + 0.2, found, PLAN)[0]
    out = repair.apply(picture(100, 100), mask.feathered)
    torch.testing.assert_close(out[..., 40:50, 40:60], torch.full((1, 3, 10, 20), 0.4), atol=1e-4, rtol=0)
    assert not repair.match.neutral


def test_stage1_asks_for_each_pixel_as_strongly_as_its_deficit_says(painter, assessment):
    fake, quality = painter(size=32), torch.ones(100, 100)
    quality[40:50, 40:50], quality[40:50, 50:60] = 0.25, 0.0
    mask = make_mask(quality, torch.ones(100, 100), settings=MaskSettings(mode="soft"))
    found = find_regions(mask, assessment(quality), "a dog", RegionSettings(strength=0.5))
    stage1(fake, picture(100, 100), found, PLAN)
    assert fake.requests[0].strengths.unique().tolist() == [0.0, 0.25, 0.5]
    assert fake.requests[0].tops == (0.5,)


def test_stage1_tries_a_failed_region_again_and_tells_its_seed(painter, assessment, with_hole):
    class Once(painter):
        """Fail at the first call only."""

        def inpaint(self, request, *, on_step=None):
            made = super().inpaint(request, on_step=on_step)
            return made * torch.nan if len(self.requests) == 1 else made

    _, found = regions_of(assessment(with_hole(64, 64, (8, 8, 24, 24))))
    repair = stage1(Once(), picture(64, 64), found, PLAN)[0]
    assert repair.generated is not None
    assert repair.seed == PLAN.seed_of("stage1", 0, spare=True)


def test_stage2_asks_the_backend_to_leave_locked_pixels(painter):
    fake, locked = painter(size=32), torch.zeros(20, 13, dtype=torch.bool)
    locked[5:8] = True
    plan = StagePlan(steps=4, seed=7, locked=locked)
    stage2(fake, picture(20, 13), "a dog", (), strength=0.1, plan=plan)
    strengths = fake.requests[0].strengths[0, 0, 6:26, 9:22]
    assert torch.equal(strengths > 0, ~locked)


def test_stage2_tries_a_failed_tile_again(painter):
    class Once(painter):
        def inpaint(self, request, *, on_step=None):
            made = super().inpaint(request, on_step=on_step)
            return made * torch.nan if len(self.requests) == 1 else made

    out = stage2(Once(value=0.5), picture(32, 32), "a dog", (), strength=0.1, plan=PLAN)
    torch.testing.assert_close(out, torch.full_like(out, 0.5))


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_steps_are_counted_on_one_scale_however_a_backend_parts_its_call(parts, painter):
    class Parted(painter):
        def inpaint(self, request, *, on_step=None):
            for step in range(4 * parts):
                on_step(step + 1, 4 * parts)
            return request.images

    heard = []
    plan = StagePlan(steps=4, seed=7, on_step=lambda done, total: heard.append((done, total)))
    stage2(Parted(), picture(32, 150), "a dog", (), strength=0.1, plan=plan)
    assert heard == sorted(heard)
    assert heard[-1] == (8, 8)


def test_seeds_differ_by_round_and_try():
    plans = [StagePlan(steps=4, seed=7, round=number) for number in (1, 2, 3)]
    seeds = {
        plan.seed_of("stage1", index, spare=spare) for plan in plans for index in (0, 1) for spare in (True, False)
    }
    assert len(seeds) == 12

from __future__ import annotations

import pytest
import torch

from balanced_refiner import MaskSettings, binarize, deficit, make_mask
from balanced_refiner.mask import TAU
from grefine_core import InputError

BARE = MaskSettings(mode="fixed", dilation=0, feather=0, min_area=0.0)


def test_deficit_adds_what_both_maps_lack():
    total = deficit(torch.tensor([[0.8, 1.0]]), torch.tensor([[0.7, 1.0]]))
    assert total.tolist() == pytest.approx([pytest.approx([0.5, 0.0])])


def test_perfect_picture_gives_an_empty_mask():
    assert make_mask(torch.ones(40, 56), torch.ones(40, 56)).empty


def test_good_picture_with_noisy_maps_gives_an_empty_mask():
    noise = torch.rand(64, 64, generator=torch.Generator().manual_seed(0))
    assert make_mask(1 - 0.4 * noise, torch.ones(64, 64)).empty


def test_otsu_alone_would_split_that_noise():
    noise = torch.rand(64, 64, generator=torch.Generator().manual_seed(0))
    settings = MaskSettings(tau=1e-6, min_area=0.0)
    assert not make_mask(1 - 0.4 * noise, torch.ones(64, 64), settings=settings).empty


def test_defect_of_the_floor_is_selected():
    alignment = torch.ones(64, 64)
    alignment[16:32, 16:32] = 1 - TAU
    mask = make_mask(torch.ones(64, 64), alignment)
    assert mask.hard[16:32, 16:32].all()


def test_faint_faults_of_both_maps_meet_at_the_floor():
    quality, alignment = torch.ones(64, 64), torch.ones(64, 64)
    quality[:32], alignment[16:48] = 0.7, 0.7
    mask = make_mask(quality, alignment, settings=MaskSettings(dilation=0))
    assert mask.hard[16:32].all()
    assert not mask.hard[:16].any()


def test_otsu_tells_the_worse_class_from_a_poor_one():
    quality = torch.full((64, 64), 0.45)
    quality[8:24, 8:24] = 0.05
    mask = make_mask(quality, torch.ones(64, 64), settings=MaskSettings(dilation=0))
    assert mask.hard.sum() == 16 * 16
    assert mask.threshold > TAU


def test_picture_bad_all_over_is_selected_all_over():
    quality = 0.05 * torch.rand(32, 32, generator=torch.Generator().manual_seed(0))
    assert make_mask(quality, torch.ones(32, 32)).hard.all()


def test_wholly_bad_part_is_not_excused_by_a_worse_one():
    quality, alignment = torch.zeros(64, 64), torch.ones(64, 64)
    alignment[:, :16] = 0.0  # deficit 2 here, 1 beside it
    assert make_mask(quality, alignment).hard.all()


def test_quantile_selects_its_share_of_the_worst():
    values = torch.linspace(0, 2, 100).reshape(10, 10)
    settings = MaskSettings(mode="quantile", share=0.2, dilation=0, min_area=0.0)
    assert binarize(values, settings=settings).hard.sum() == 20


def test_quantile_never_goes_below_the_floor():
    values = torch.linspace(0, TAU - 0.01, 100).reshape(10, 10)
    assert binarize(values, settings=MaskSettings(mode="quantile", share=0.9)).empty


def test_fixed_threshold_is_tau():
    values = torch.tensor([[0.29, 0.3, 0.31]])
    settings = MaskSettings(mode="fixed", tau=0.3, dilation=0, feather=0, min_area=0.0)
    assert binarize(values.double(), settings=settings).hard.tolist() == [[False, True, True]]


def test_small_island_vanishes_and_large_one_stays():
    values = torch.zeros(100, 100)
    values[5, 5:8] = 1.0  # 3 pixels of 10,000
    values[50:60, 50:60] = 1.0
    hard = binarize(values, settings=MaskSettings(mode="fixed", min_area=0.0005, dilation=0)).hard
    assert not hard[5].any()
    assert hard.sum() == 100


def test_small_hole_closes():
    values = torch.zeros(100, 100)
    values[40:60, 40:60] = 1.0
    values[50, 50] = 0.0
    assert binarize(values, settings=MaskSettings(mode="fixed", dilation=0)).hard.sum() == 400


def test_dilation_grows_by_its_radius():
    values = torch.zeros(31, 31)
    values[15, 15] = 1.0
    hard = binarize(values, settings=MaskSettings(mode="fixed", min_area=0.0, dilation=4)).hard
    assert hard[15].sum() == 9
    assert not hard[11, 11]  # a disc, not a square


@pytest.mark.parametrize("feather", [0, 1, 8, 30])
@pytest.mark.parametrize("dilation", [0, 3, 8])
def test_feather_never_enlarges_the_edit(feather, dilation):
    values = (torch.rand(45, 61, generator=torch.Generator().manual_seed(3)) > 0.97).float()
    mask = binarize(values, settings=MaskSettings(mode="fixed", min_area=0.0, dilation=dilation, feather=feather))
    assert torch.equal(mask.feathered > 0, mask.hard)
    assert mask.feathered.max() <= 1


def test_feather_rises_inwards_to_full_weight_on_the_defect():
    values = torch.zeros(64, 64)
    values[24:40, 24:40] = 1.0
    mask = binarize(values, settings=MaskSettings(mode="fixed"))
    profile = mask.feathered[32, 16:25]
    assert (profile.diff() > 0).all()
    assert profile[0] < 0.1
    assert (mask.feathered[24:40, 24:40] > 0.95).all()


def test_feather_leaves_the_border_of_the_picture_alone():
    values = torch.zeros(40, 40)
    values[:, :10] = 1.0
    mask = binarize(values, settings=MaskSettings(mode="fixed"))
    assert (mask.feathered[:, 0] == 1).all()


def test_one_pixel_can_be_a_picture():
    mask = make_mask(torch.zeros(1, 1), torch.ones(1, 1))
    assert mask.hard.tolist() == [[True]]
    assert mask.feathered.tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("quality", "alignment", "message"),
    [
        (torch.ones(3, 4), torch.ones(4, 3), "one shape"),
        (torch.ones(1, 3, 4), torch.ones(3, 4), "`quality`"),
        (torch.ones(3, 4), torch.full((3, 4), torch.nan), "`alignment`"),
    ],
)
def test_wrong_maps_are_refused_and_named(quality, alignment, message):
    with pytest.raises(InputError, match=message):
        make_mask(quality, alignment)


@pytest.mark.parametrize("values", [torch.full((4, 4), 2.1), torch.full((4, 4), torch.nan), torch.zeros(0, 4)])
def test_deficit_out_of_range_is_refused(values):
    with pytest.raises(InputError, match="`values`"):
        binarize(values, settings=BARE)


@pytest.mark.parametrize(
    ("field", "value"),
    [("mode", "li"), ("tau", 0.0), ("tau", 2.5), ("share", 0.0), ("min_area", 1.0), ("dilation", -1), ("feather", -1)],
)
def test_wrong_setting_is_refused_and_named(field, value):
    with pytest.raises(InputError, match=f"`{field}`"):
        MaskSettings(**{field: value})


SOFT = MaskSettings(mode="soft", feather=0, min_area=0.0)


def test_soft_share_by_hand():
    values = torch.tensor([[0.0, 0.5, 0.6, 0.75, 1.0, 2.0]])
    assert binarize(values, settings=SOFT).share.tolist() == [pytest.approx([0, 0, 0.104, 0.5, 1, 1])]


@pytest.mark.parametrize("tau", [0.1, 0.5, 1.0, 1.9, 2.0])
def test_soft_share_rises_with_the_deficit_from_the_floor_to_one(tau):
    values = torch.linspace(0, 2, 1001)[None]
    share = binarize(values, settings=MaskSettings(mode="soft", tau=tau, min_area=0.0)).share
    assert (share.diff() >= 0).all()
    assert (share[values <= tau] == 0).all()
    assert share.max() <= 1
    assert tau == 2.0 or share[0, -1] == 1


def test_soft_mask_is_where_the_share_is_not_zero():
    values = torch.rand(40, 50, generator=torch.Generator().manual_seed(0)) * 2
    mask = binarize(values, settings=SOFT)
    assert torch.equal(mask.share > 0, mask.hard)
    assert mask.hard.any()
    assert not mask.hard.all()


def test_soft_mask_keeps_its_holes_and_drops_its_islands():
    values = torch.zeros(100, 100)
    values[40:60, 40:60] = 1.0
    values[50, 50] = 0.0
    values[5, 5] = 1.0
    hard = binarize(values, settings=MaskSettings(mode="soft")).hard
    assert not hard[50, 50]
    assert not hard[5, 5]
    assert hard.sum() == 399


def test_share_is_one_all_over_a_hard_mask():
    values = torch.zeros(64, 64)
    values[20:40, 20:40] = 0.7
    mask = binarize(values, settings=MaskSettings())
    assert torch.equal(mask.share, mask.hard.float())


@pytest.mark.parametrize("mode", ["otsu", "fixed", "quantile", "soft"])
@pytest.mark.parametrize("seed", range(5))
def test_locked_pixels_are_never_in_the_mask(mode, seed):
    generator = torch.Generator().manual_seed(seed)
    values = torch.nn.functional.interpolate(torch.rand(1, 1, 5, 5, generator=generator) * 2, (50, 70))[0, 0]
    locked = torch.nn.functional.interpolate(torch.rand(1, 1, 4, 4, generator=generator), (50, 70))[0, 0] > 0.5
    mask = binarize(values, settings=MaskSettings(mode=mode, tau=0.3, share=0.8), locked=locked)
    assert mask.hard.any()
    assert not mask.hard[locked].any()
    assert not mask.feathered[locked].any()
    assert not mask.share[locked].any()


def test_locked_defect_leaves_no_rim_around_it():
    values = torch.zeros(64, 64)
    values[20:40, 20:40] = 1.0
    assert binarize(values, settings=MaskSettings(), locked=values > 0).empty


def test_picture_that_is_locked_all_over_gives_an_empty_mask():
    assert binarize(torch.ones(16, 16), settings=MaskSettings(), locked=torch.ones(16, 16, dtype=torch.bool)).empty


def test_locked_pixels_have_no_say_in_the_threshold():
    values = torch.full((64, 64), 0.55)
    values[8:24, 8:24] = 2.0  # with these Otsu would cut above 0.55
    locked = values == 2.0
    mask = binarize(values, settings=MaskSettings(dilation=0), locked=locked)
    assert torch.equal(mask.hard, ~locked)


@pytest.mark.parametrize("locked", [torch.zeros(4, 5, dtype=torch.bool), torch.zeros(4, 4)])
def test_wrong_locks_are_refused_and_named(locked):
    with pytest.raises(InputError, match="`locked` must be bool of shape"):
        binarize(torch.zeros(4, 4), settings=BARE, locked=locked)

from __future__ import annotations

import torch

from grefine.optimizers.ours import NO_STAGE2, load_ours, without_aq, without_pq
from grefine.optimizers.registry import load_optimizer, optimizer_info


def test_original_is_the_picture_itself(building, good_pixels) -> None:
    made = load_optimizer("original", building()).optimize(good_pixels, "a cat", seed=0)
    assert torch.equal(made, good_pixels)


def test_ours_is_what_refine_does(building, damaged_pixels) -> None:
    context = building()
    made = load_optimizer("ours", context).optimize(damaged_pixels, "a cat", seed=3)
    assert torch.equal(made, context.own().models.refine(damaged_pixels, "a cat", seed=3).refinement.pixels)
    assert not torch.equal(made, damaged_pixels)


def test_without_pq_a_bad_region_is_not_seen(building, damaged_pixels) -> None:
    made = load_optimizer("no-pq", building()).optimize(damaged_pixels, "a cat", seed=0)
    assert torch.equal(made, damaged_pixels)


def test_without_aq_a_missing_noun_is_not_seen(building, good_pixels) -> None:
    made = load_optimizer("no-aq", building()).optimize(good_pixels, "a red bicycle", seed=0)
    assert torch.equal(made, good_pixels)


def test_blind_assessments_keep_the_score_that_is_left(building, damaged_pixels) -> None:
    seen = building().own().score(damaged_pixels, "a red bicycle").assessment
    blind = without_pq(seen)
    assert (blind.pq.score, blind.aq.score) == (seen.aq.score, seen.aq.score)
    assert blind.pq.map.min() == 1
    assert blind.defects == seen.defects
    deaf = without_aq(seen)
    assert (deaf.pq.score, deaf.aq.score) == (seen.pq.score, seen.pq.score)
    assert (deaf.defects, deaf.emphases) == ((), ())


def test_without_stage_2_the_mild_pass_is_never_run(building) -> None:
    assert load_ours(NO_STAGE2, building(mild_pass="always")).settings.stage2 == "never"
    assert load_ours(optimizer_info("ours"), building(mild_pass="always")).settings.stage2 == "always"


def test_name_follows_the_settings(building) -> None:
    names = {load_optimizer("ours", building(steps=steps)).name for steps in (10, 20)}
    assert len(names) == 2

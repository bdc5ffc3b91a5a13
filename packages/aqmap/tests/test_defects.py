from __future__ import annotations

import pytest
import torch

from aqmap.defects import alignment_map, judge, pick_region
from grefine_core import InputError


@pytest.mark.parametrize(
    ("noun", "phrase", "attributed", "verdict"),
    [
        (0.49, 0.9, True, "missing"),
        (0.5, 0.4, True, "attribute"),
        (0.5, 0.4, False, "ok"),
        (0.6, 0.6, True, "ok"),
        (0.6, 0.9, True, "ok"),
        (0.4, 0.3, True, "missing"),
    ],
)
def test_verdict_follows_the_scores(noun: float, phrase: float, attributed: bool, verdict: str) -> None:
    assert judge(noun, phrase, attributed=attributed, a_bound=0.5) == verdict


@pytest.mark.parametrize(
    ("index", "verdict", "ancestors", "present", "region"),
    [
        (1, "missing", [0, 0], [True, False], 0),
        (2, "missing", [0, 0, 1], [True, False, False], 0),
        (2, "missing", [0, 0, 1], [True, True, False], 1),
        (1, "missing", [0, 0], [False, False], 1),
        (0, "missing", [0], [False], 0),
        (1, "attribute", [0, 0], [True, True], 1),
        (1, "ok", [0, 0], [True, True], None),
        (1, "not judged", [0, 0], [True, False], None),
    ],
)
def test_region_is_the_nearest_present_ancestor_or_itself(index, verdict, ancestors, present, region) -> None:
    assert pick_region(index, verdict, ancestors, present) == region


@pytest.mark.parametrize(("verdict", "region"), [("missing", 1), ("attribute", 0), ("ok", None), ("not judged", None)])
def test_literal_swaps_the_regions(verdict, region) -> None:
    assert pick_region(1, verdict, [0, 0], [True, True], literal=True) == region


def test_map_is_one_minus_the_strongest_region() -> None:
    regions = [torch.tensor([[0.2, 0.9]]), torch.tensor([[0.5, 0.1]])]
    assert torch.allclose(alignment_map(regions, (1, 2)), torch.tensor([[0.5, 0.1]]))


def test_literal_map_is_the_product() -> None:
    regions = [torch.tensor([[0.2, 0.9]]), torch.tensor([[0.5, 0.1]])]
    assert torch.allclose(alignment_map(regions, (1, 2), literal=True), torch.tensor([[0.1, 0.09]]))


@pytest.mark.parametrize("literal", [False, True])
def test_map_without_defects_is_one(literal: bool) -> None:
    assert torch.equal(alignment_map([], (2, 3), literal=literal), torch.ones(2, 3))


@pytest.mark.parametrize("literal", [False, True])
def test_region_outside_its_range_is_refused(literal: bool) -> None:
    with pytest.raises(InputError, match="`region`"):
        alignment_map([torch.full((2, 3), 1.5)], (2, 3), literal=literal)

from __future__ import annotations

import math

import pytest
import torch

from grefine_core import InputError
from pqmap import ALPHA, FACTORS, combine_factors, raw_scores

BOUNDS = (0.8, 0.5, 0.4)


def test_alpha_is_average_preference_times_bound() -> None:
    assert pytest.approx((0.935, 0.5352, 0.6608)) == ALPHA


def test_factors_are_in_the_order_of_the_pairs() -> None:
    assert FACTORS == ("overall", "technical", "rationality", "naturalness")


def test_raw_score_is_the_softmax_of_a_pair() -> None:
    token = torch.tensor([0.6, 0.8])
    text = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]]).repeat(4, 1, 1)
    positive, negative = math.exp(5 * 0.6), math.exp(5 * 0.8)
    expected = positive / (positive + negative)  # 0.26894
    assert raw_scores(token, text, temperature=5).tolist() == pytest.approx([expected] * 4, abs=1e-6)


def test_each_factor_reads_its_own_pair() -> None:
    token = torch.tensor([1.0, 0.0, 0.0, 0.0])
    text = torch.zeros(4, 2, 4)
    text[2, 0, 0] = 1.0  # only the positive text of rationality looks like the token
    raw = raw_scores(token, text, temperature=math.log(3))
    assert raw.tolist() == pytest.approx([0.5, 0.5, 0.75, 0.5])


def test_raw_scores_keep_the_axes_of_the_tokens() -> None:
    assert raw_scores(torch.zeros(1, 7, 3), torch.zeros(4, 2, 3), temperature=1).shape == (1, 7, 4)


def test_text_of_another_space_is_refused() -> None:
    with pytest.raises(InputError, match=r"`text` must have shape \(K, 2, 3\), got \(4, 2, 5\)"):
        raw_scores(torch.zeros(2, 3), torch.zeros(4, 2, 5), temperature=1)


def test_factors_at_their_bounds_change_nothing() -> None:
    raw = torch.tensor([0.7, *BOUNDS])
    assert combine_factors(raw, alpha=BOUNDS).item() == pytest.approx(0.7)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_factor_at_half_its_bound_halves_the_score(factor: int) -> None:
    raw = torch.tensor([0.7, *BOUNDS])
    raw[factor] /= 2
    assert combine_factors(raw, alpha=BOUNDS).item() == pytest.approx(0.35)


def test_factor_above_its_bound_changes_nothing() -> None:
    assert combine_factors(torch.tensor([0.7, 1.0, 1.0, 1.0]), alpha=BOUNDS).item() == pytest.approx(0.7)


def test_all_factors_multiply() -> None:
    raw = torch.tensor([0.9, 0.4, 0.25, 0.1])  # 0.5, 0.5 and 0.25 of their bounds
    assert combine_factors(raw, alpha=BOUNDS).item() == pytest.approx(0.9 * 0.0625)


def test_default_bounds_are_alpha() -> None:
    raw = torch.tensor([1.0, 0.935 / 2, 1.0, 1.0])
    assert combine_factors(raw).item() == pytest.approx(0.5)


def test_batch_of_one_keeps_its_axis() -> None:
    assert combine_factors(torch.full((1, 5, 4), 0.5)).shape == (1, 5)


def test_half_precision_is_combined_in_single() -> None:
    assert combine_factors(torch.full((2, 4), 0.5, dtype=torch.float16)).dtype == torch.float32


@pytest.mark.parametrize(
    ("raw", "alpha", "message"),
    [
        (torch.zeros(2, 3), BOUNDS, r"`raw` must have shape \(\.\.\., 4\), got \(2, 3\)"),
        (torch.tensor(0.5), BOUNDS, r"got \(\)"),
        (torch.tensor([0.5, 0.5, 1.1, 0.5]), BOUNDS, "were logits passed"),
        (torch.tensor([0.5, -0.1, 0.5, 0.5]), BOUNDS, "were logits passed"),
        (torch.tensor([float("nan"), 0.5, 0.5, 0.5]), BOUNDS, "hold no nan"),
        (torch.zeros(4), (0.8, 0.5), "`bounds` must have 3 numbers"),
        (torch.zeros(4), (0.8, 0.0, 0.4), r"`bounds` must lie in \(0, 1\]"),
    ],
)
def test_bad_raw_scores_or_bounds_are_refused(raw: torch.Tensor, alpha: tuple[float, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        combine_factors(raw, alpha=alpha)

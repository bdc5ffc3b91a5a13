from __future__ import annotations

import pytest
import torch

from grefine_core import InputError
from pqmap import normalise_labels
from pqmap.fitting.data import Rows, check_validation, correlations, split_rows


def test_each_factor_is_stretched_by_its_own_range() -> None:
    labels = torch.tensor([[1.0, 10, 0, -1], [3, 20, 1, 1], [5, 40, 4, 0]])
    expected = torch.tensor([[0.0, 0, 0, 0], [0.5, 1 / 3, 0.25, 1], [1, 1, 1, 0.5]])
    assert torch.allclose(normalise_labels(labels), expected)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (torch.tensor([[1.0, 2, 3, 4], [2, 2, 4, 5]]), "All `labels` of technical are equal"),
        (torch.tensor([[1.0, 2, 3, 4], [2, float("nan"), 4, 5]]), "Row 1 of `labels`"),
        (torch.zeros(3), r"`labels` must have shape \(n, 4\), got \(3,\)"),
        (torch.zeros(0, 4), r"got \(0, 4\)"),
    ],
)
def test_labels_without_a_range_are_refused(labels: torch.Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        normalise_labels(labels)


def test_split_parts_every_row_once() -> None:
    rows = Rows(torch.arange(40.0)[:, None], torch.arange(40.0)[:, None].expand(-1, 4))
    kept, held = split_rows(rows, share=0.25, seed=3)
    assert (len(kept.labels), len(held.labels)) == (30, 10)
    assert sorted([*kept.features[:, 0].tolist(), *held.features[:, 0].tolist()]) == list(range(40))
    assert torch.equal(held.features[:, 0], held.labels[:, 2])


def test_split_depends_on_the_seed_alone() -> None:
    rows = Rows(torch.rand(40, 2), torch.rand(40, 4))
    first, again, other = (split_rows(rows, share=0.25, seed=seed)[1].features for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_validation_of_seven_rows_is_refused() -> None:
    with pytest.raises(InputError, match="at least 8 rows, got 7"):
        check_validation(Rows(torch.rand(7, 2), torch.rand(7, 4)))


def test_correlations_are_by_factor() -> None:
    scores = torch.tensor([0.1, 0.2, 0.4, 0.8])[:, None].repeat(1, 4)
    labels = torch.stack([scores[:, 0], 1 - scores[:, 0], scores[:, 0] ** 3, scores[:, 0]], dim=1)
    srcc, plcc = correlations(scores, labels)
    assert srcc == pytest.approx({"overall": 1, "technical": -1, "rationality": 1, "naturalness": 1})
    assert plcc["overall"] == pytest.approx(1)
    assert 0.9 < plcc["rationality"] < 0.99


def test_equal_scores_rank_nothing() -> None:
    scores = torch.full((5, 4), 0.5)
    assert correlations(scores, torch.rand(5, 4))[0]["overall"] == 0.0


def test_names_decide_the_columns() -> None:
    labels = torch.tensor([[1.0, 10], [3, 20]])
    assert normalise_labels(labels, ("a", "b")).tolist() == [[0, 0], [1, 1]]
    with pytest.raises(InputError, match=r"`labels` must have shape \(n, 3\), got \(2, 2\)"):
        normalise_labels(labels, ("a", "b", "c"))
    with pytest.raises(InputError, match="All `labels` of b are equal"):
        normalise_labels(torch.tensor([[1.0, 2], [3, 2]]), ("a", "b"))
    assert list(correlations(torch.rand(5, 2), torch.rand(5, 2), ("a", "b"))[0]) == ["a", "b"]

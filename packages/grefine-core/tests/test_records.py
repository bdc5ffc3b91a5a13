from __future__ import annotations

import dataclasses

import pytest
import torch

from grefine_core import Assessment, Emphasis, ImageFeatures, QualityMap


def test_tokens_are_the_whole_image_then_the_patches_row_by_row() -> None:
    patches = torch.arange(12.0).view(1, 2, 3, 2)
    tokens = ImageFeatures(global_=torch.tensor([[-1.0, -2.0]]), patches=patches).tokens()
    assert tokens.shape == (1, 7, 2)
    assert tokens[0, 0].tolist() == [-1, -2]
    assert tokens[0, 1:].tolist() == [patches[0, row, column].tolist() for row in range(2) for column in range(3)]


def test_records_are_frozen() -> None:
    emphasis = Emphasis(text="a cat", start=0, end=5, weight=1.1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        emphasis.weight = 2.0  # type: ignore[misc]


def test_records_with_tensors_compare_by_identity() -> None:
    first, second = (QualityMap(score=0.5, map=torch.zeros(2, 2)) for _ in range(2))
    assert first != second
    assert first == first  # noqa: PLR0124


def test_assessment_without_defects_is_complete() -> None:
    quality = QualityMap(score=1.0, map=torch.ones(2, 2))
    assert Assessment(pq=quality, aq=quality).defects == ()

from __future__ import annotations

import pytest
import torch

from grefine_core import InputError
from grefine_core.splits import split_pictures


def test_rows_of_one_picture_stay_on_one_side() -> None:
    pictures = [f"picture {index // 4}" for index in range(100)]
    kept, held = split_pictures(pictures, share=0.2, seed=3)
    assert sorted([*kept.tolist(), *held.tolist()]) == list(range(100))
    assert len(held) == 20
    assert not {pictures[place] for place in kept} & {pictures[place] for place in held}
    assert torch.equal(held, split_pictures(pictures, share=0.2, seed=3)[1])
    assert not torch.equal(held, split_pictures(pictures, share=0.2, seed=4)[1])


def test_at_least_eight_rows_are_held_out() -> None:
    assert len(split_pictures([str(index) for index in range(20)], share=0.01, seed=0)[1]) == 8


def test_one_picture_alone_cannot_be_parted() -> None:
    with pytest.raises(InputError, match="20 rows of 1 pictures are too few to fit on"):
        split_pictures(["same"] * 20, share=0.1, seed=0)

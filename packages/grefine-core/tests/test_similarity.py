from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from grefine_core import InputError, cosine_similarity, remove_redundancy, stretched_maps


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return functional.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_what_all_texts_share_is_taken_out() -> None:
    shared, own = torch.eye(4)[0], torch.eye(4)[1:3]
    text = functional.normalize(shared + own, dim=-1)  # two texts, half of each is the same
    tokens = torch.stack([shared, shared, own[0]])[None]  # the image and one patch show only what is shared
    found = remove_redundancy(tokens, text)
    assert cosine_similarity(tokens, text)[0, 1].tolist() == pytest.approx([0.707, 0.707], abs=1e-3)
    assert found[0, 1].tolist() == pytest.approx([0, 0], abs=1e-6)
    assert found[0, 2, 0] > 0.3
    assert found[0, 2, 1] < 0


def test_each_image_of_a_batch_weighs_its_own_texts() -> None:
    tokens, text = unit(3, 5, 8), unit(4, 8, seed=1)
    together = remove_redundancy(tokens, text)
    alone = torch.cat([remove_redundancy(one[None], text) for one in tokens])
    assert torch.allclose(together, alone, atol=1e-6)


def test_redundant_text_is_subtracted() -> None:
    tokens, text, empty = unit(1, 3, 8), unit(2, 8, seed=1), unit(8, seed=2)
    expected = cosine_similarity(tokens, text) - (tokens @ empty)[..., None]
    assert torch.allclose(remove_redundancy(tokens, text, redundant=empty), expected, atol=1e-6)


def test_one_text_alone_is_refused() -> None:
    with pytest.raises(InputError, match="two or more, or `redundant`"):
        remove_redundancy(unit(1, 3, 8), unit(1, 8))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"got \(1, 3, 8\) and \(2, 7\)"):
        cosine_similarity(unit(1, 3, 8), unit(2, 7))


def test_stretched_map_spans_0_to_1_and_one_without_contrast_is_0() -> None:
    found = stretched_maps(torch.stack([torch.arange(6.0).reshape(2, 3), torch.full((2, 3), 7.0)]), (2, 3))
    assert (found[0].min(), found[0].max()) == (0, 1)
    assert (found[1] == 0).all()

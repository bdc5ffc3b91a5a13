from __future__ import annotations

from pathlib import Path

import torch

from balanced_refiner.diffusion.conditioning import PackConditioner
from grefine_core import DiffusionPack, Emphasis


def words(prompt, emphases):
    """One state a word, of the word's length, times the weight."""
    weight = emphases[0].weight if emphases else 1.0
    return torch.tensor([[[float(len(word))] * 3 for word in ["<s>", *prompt.split()]]], dtype=torch.float64) * weight


def conditioner():
    return PackConditioner(
        DiffusionPack(name="tiny", folder=Path(), condition=words, working_size=8, guidance_scale=1.0)
    )


def test_rows_are_the_empty_text_and_the_prompt_at_one_length():
    states = conditioner()("a dog", ())
    assert states.hidden[..., 0].tolist() == [[3, 0, 0], [3, 1, 3]]
    assert states.hidden.dtype == torch.float32
    assert states.pooled is None


def test_emphases_weigh_the_prompt_only():
    states = conditioner()("dog", [Emphasis(text="dog", start=0, end=3, weight=2.0)])
    assert states.hidden[..., 0].tolist() == [[3, 0], [6, 6]]

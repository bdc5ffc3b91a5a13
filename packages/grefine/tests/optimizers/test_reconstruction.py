from __future__ import annotations

import pytest
import torch

from grefine.optimizers.reconstruction import INSTRUCT_PIX2PIX, Reconstruction
from grefine.optimizers.registry import load_optimizer
from grefine_core import WeightsError


class Editor:
    """Notes what it is asked."""

    name = "tiny"

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, int]] = []

    def edit(self, pixels: torch.Tensor, prompt: str, *, steps: int, seed: int) -> torch.Tensor:
        self.asked.append((prompt, steps, seed))
        return pixels.flip(-1)


def test_plain_prompt_steps_and_seed_reach_the_editor() -> None:
    editor = Editor()
    optimizer = Reconstruction(info=INSTRUCT_PIX2PIX, editor=editor, steps=20)
    pixels = torch.rand(1, 3, 8, 9)
    assert torch.equal(optimizer.optimize(pixels, "a (red:1.2) cat <lora:x:1>", seed=4), pixels.flip(-1))
    assert editor.asked == [("a red cat", 20, 4)]
    assert optimizer.name == "instruct-pix2pix:tiny:20"


@pytest.mark.parametrize("key", ["sd-upscale", "instruct-pix2pix"])
def test_absent_model_is_one_sentence(key: str, building, no_network, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match="is not downloaded, and HF_HUB_OFFLINE is set"):
        load_optimizer(key, building())

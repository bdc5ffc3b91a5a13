from __future__ import annotations

from typing import Any

import pytest
import torch

from aqmap.scorers.scorer import load_scorer
from grefine.indicators.registry import load_indicator
from grefine.indicators.scorers import SCORERS
from grefine_core import WeightsError

TINY = {
    "embed_dim": 16,
    "quick_gelu": False,
    "vision_cfg": {"layers": 2, "width": 32, "head_width": 16, "patch_size": 8, "image_size": 32},
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 24, "heads": 2, "layers": 2},
}


@pytest.fixture
def checkpoint(monkeypatch, tmp_path) -> Any:
    """Let every name of open_clip's weights stand for a tiny shape, and return a file of random ones."""
    pytest.importorskip("open_clip", reason="needs the extra `indicators`")
    from grefine_core.clip import models

    def found(arch: str, tag: str) -> models.Pretrained:
        values = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)
        return models.Pretrained(arch=arch, tag=tag, hub="", config=TINY, mean=values[0], std=values[1])

    monkeypatch.setattr(models, "find_pretrained", found)
    torch.save(models.build_model(TINY).state_dict(), tmp_path / "tiny.pt")
    return tmp_path / "tiny.pt"


@pytest.mark.parametrize("key", ["clipscore", "hps", "hpsv2"])
def test_value_is_on_the_authors_scale(key: str, checkpoint, loading, picture) -> None:
    pixels = picture()
    expected = load_scorer(f"{key}:{checkpoint}", device="cpu").raw([pixels[0]], ["a red cat"])
    indicator = load_indicator(key, loading(checkpoint))
    assert indicator.measure(pixels, "a red cat") == pytest.approx(float(expected))
    assert indicator.name.startswith(f"{key}:")


def test_prompt_counts(checkpoint, loading, picture) -> None:
    indicator = load_indicator("clipscore", loading(checkpoint))
    assert indicator.measure(picture(), "a red cat") != indicator.measure(picture(), "two dogs in rain")


@pytest.mark.parametrize("info", SCORERS, ids=lambda info: info.key)
def test_absent_weights_are_asked_for_in_one_sentence(info, loading, no_network) -> None:
    pytest.importorskip("open_clip", reason="needs the extra `indicators`")
    with pytest.raises(WeightsError, match=f"`{info.key}`"):
        load_indicator(info.key, loading())

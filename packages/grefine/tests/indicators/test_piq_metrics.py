from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
import torch

from grefine.indicators.registry import load_indicator
from grefine_core import InputError, WeightsError

piq = pytest.importorskip("piq", reason="needs the extra `indicators`")


@pytest.fixture
def regressor() -> None:
    """Put random weights where piq has its regressor: 5 support vectors of BRISQUE's 36 features."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    folder.mkdir(parents=True)
    torch.save((torch.rand(5, 1), torch.rand(5, 36) * 2 - 1), folder / "brisque_svm_weights.pt")


@pytest.fixture
def clip(monkeypatch) -> None:
    """Let piq load a tiny random CLIP, and put its two texts where it looks."""
    module = importlib.import_module("piq.feature_extractors.clip")
    tiny = module.CLIP(
        embed_dim=16,
        image_resolution=64,
        vision_layers=(1, 1, 1, 1),
        vision_width=8,
        vision_patch_size=None,
        context_length=8,
        vocab_size=32,
        transformer_width=16,
        transformer_heads=2,
        transformer_layers=1,
    )
    monkeypatch.setattr(module, "load", tiny.float)
    folder = Path("~/.cache/clip").expanduser()
    folder.mkdir(parents=True)
    texts = torch.tensor([[30, 1, 2, 31, 0, 0, 0, 0], [30, 3, 2, 31, 0, 0, 0, 0]])
    torch.save(texts, folder / "clipiqa_tokens.pt")
    (folder / "RN50.pt").touch()


def test_brisque_is_that_of_piq_with_these_weights(regressor, loading, picture) -> None:
    pixels = picture()
    indicator = load_indicator("brisque", loading())
    assert indicator.measure(pixels, "") == pytest.approx(float(piq.brisque(pixels)))
    assert not indicator.info.higher
    assert indicator.name == "brisque:piq-0.8.0"


def test_brisque_tells_pictures_apart(regressor, loading, picture) -> None:
    indicator = load_indicator("brisque", loading())
    assert indicator.measure(picture(), "") != indicator.measure(picture(seed=9), "")


def test_brisque_of_a_flat_picture_is_refused(regressor, loading) -> None:
    with pytest.raises(InputError, match="`brisque` is not defined for this picture"):
        load_indicator("brisque", loading()).measure(torch.full((1, 3, 64, 64), 0.5), "")


@pytest.mark.parametrize("key", ["brisque", "clipiqa"])
def test_absent_weights_are_asked_for_without_the_network(key: str, loading, no_network) -> None:
    with pytest.raises(WeightsError, match=rf"`{key}` needs https://github\.com/photosynthesis-team/piq/.*put it at "):
        load_indicator(key, loading())


def test_failed_download_is_one_sentence(loading, picture, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    indicator = load_indicator("brisque", loading())

    def fail(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(sys.modules["piq.brisque"], "load_url", fail)
    with pytest.raises(WeightsError, match=r"which cannot be had \(no route to host\)"):
        indicator.measure(picture(), "")


def test_clip_iqa_is_a_probability_and_tells_pictures_apart(clip, loading, picture) -> None:
    indicator = load_indicator("clipiqa", loading())
    values = [indicator.measure(picture(seed=seed), "") for seed in (1, 5)]
    assert all(0 <= value <= 1 for value in values)
    assert values[0] != values[1]


def test_small_picture_is_refused(regressor, loading) -> None:
    with pytest.raises(InputError, match="sides of at least 32 pixels, got 20"):
        load_indicator("brisque", loading()).measure(torch.rand(1, 3, 20, 64), "")


def test_local_weights_are_refused_with_the_place_for_them(loading) -> None:
    with pytest.raises(InputError, match=r"takes no local weights; put what piq downloads at .*brisque_svm"):
        load_indicator("brisque", loading("weights.pt"))


def test_missing_piq_names_the_extra(loading, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "piq", None)
    with pytest.raises(InputError, match=r"`brisque` needs piq; run `pip install 'grefine\[indicators\]'`"):
        load_indicator("brisque", loading())

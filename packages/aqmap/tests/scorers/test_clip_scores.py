from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from aqmap.scorers.clip_scores import HPS_MIDDLE, HPS_V2_1_AVERAGE, HPS_V2_AVERAGE, PICKSCORE_AVERAGE
from aqmap.scorers.pictures import crop_square, pad_square
from aqmap.scorers.scorer import load_scorer
from grefine_core import WeightsError

NAMES = ["clipscore", "hps", "hpsv2", "hpsv2.1", "pickscore"]


@pytest.fixture
def checkpoint(tiny_clip, tmp_path):
    """Return a maker of a scorer's checkpoint with the weights of `tiny_clip`, in its authors' layout."""

    def make(name: str) -> Path:
        state = tiny_clip.state_dict()
        if name == "pickscore":
            from safetensors.torch import save_file

            path = tmp_path / "model.safetensors"
            save_file(_as_transformers(state), path)
        else:
            path = tmp_path / f"{name}.pt"
            halves = {key: value.half() for key, value in state.items()}
            torch.save({"state_dict": halves} if name.startswith("hps") else state, path)
            if name.startswith("hps"):
                tiny_clip.load_state_dict(halves)
        return path

    return make


def _as_transformers(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return open_clip's weights in the layout of transformers."""
    from aqmap.scorers import clip_layout

    whole = {ours: theirs for theirs, ours in clip_layout._WHOLE.items()}
    beginnings = [(ours, theirs) for theirs, ours in clip_layout._BEGINNINGS.items()]
    inside = [(ours, theirs) for theirs, ours in clip_layout._IN_BLOCKS.items()]
    out = {}
    for name, tensor in state.items():
        if name in ("text_projection", "visual.proj"):
            out["text_projection.weight" if name == "text_projection" else "visual_projection.weight"] = tensor.T
            continue
        theirs = whole.get(name, name)
        for ours, start in beginnings:
            theirs = start + theirs.removeprefix(ours) if theirs.startswith(ours) else theirs
        for ours, part in inside:
            theirs = theirs.replace(ours, part) if "resblocks" in name else theirs
        if ".attn.in_proj_" in theirs:
            for letter, third in zip("qkv", tensor.chunk(3), strict=True):
                out[theirs.replace(".attn.in_proj_", f".self_attn.{letter}_proj.")] = third
        else:
            out[theirs] = tensor
    return {name: tensor.contiguous().clone() for name, tensor in out.items()}


def cosine(clip, pixels: Tensor, text: str) -> float:
    """Return what open_clip itself makes of a square picture and a text."""
    import open_clip

    mean, std = (torch.tensor(v)[:, None, None] for v in (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD))
    ids = open_clip.SimpleTokenizer(context_length=12)([text])
    with torch.no_grad():
        seen = clip.encode_image(((pixels - mean) / std)[None], normalize=True)
        return float((seen * clip.encode_text(ids, normalize=True)).sum())


def expected(name: str, clip, pixels: Tensor) -> tuple[float, float]:
    """Return the raw value and that in [0, 1] of "a red cat", worked out by hand."""
    scale = clip.logit_scale.detach().exp().item()
    if name == "clipscore":
        raw = 2.5 * cosine(clip, crop_square(pixels[None], 32), "A photo depicts a red cat")
        return raw, min(max(raw, 0.0), 1.0)
    if name == "pickscore":
        raw = scale * cosine(clip, crop_square(pixels[None], 32), "a red cat")
        return raw, float(torch.tensor(raw - PICKSCORE_AVERAGE).sigmoid())
    if name == "hps":
        raw = cosine(clip, crop_square(pixels[None], 32), "a red cat")
        return raw, float(torch.tensor(scale * (raw - HPS_MIDDLE)).sigmoid())
    raw = cosine(clip, pad_square(pixels[None], 32), "a red cat")
    average = HPS_V2_AVERAGE if name == "hpsv2" else HPS_V2_1_AVERAGE
    return raw, float(torch.tensor(scale * (raw - average)).sigmoid())


@pytest.mark.parametrize("name", NAMES)
def test_score_is_the_published_formula(name, checkpoint, tiny_clip, picture) -> None:
    scorer = load_scorer(f"{name}:{checkpoint(name)}", device="cpu")
    pixels = picture(40, 60)
    raw, unit = expected(name, tiny_clip, pixels)
    assert scorer.raw([pixels], ["a red cat"]).item() == pytest.approx(raw, abs=1e-5)
    assert scorer.score([pixels], ["a red cat"]).item() == pytest.approx(unit, rel=1e-3)
    assert scorer.name.startswith(f"{name}:")


@pytest.mark.parametrize("name", NAMES)
def test_batch_equals_single_pairs_and_repeats_itself(name, checkpoint, picture) -> None:
    scorer = load_scorer(f"{name}:{checkpoint(name)}", device="cpu")
    pixels = [picture(40, 60), picture(64, 32, seed=4), picture(32, 32, seed=5)]
    prompts = ["a red cat", "a dog", "a dog on a mat"]
    together = scorer.raw(pixels, prompts)
    alone = torch.cat([scorer.raw([image], [prompt]) for image, prompt in zip(pixels, prompts, strict=True)])
    assert torch.allclose(together, alone, atol=1e-4)
    assert torch.equal(together, scorer.raw(pixels, prompts))
    assert len(set(together.tolist())) == 3


@pytest.mark.parametrize("name", NAMES)
def test_unit_keeps_the_order_and_the_range(name, checkpoint) -> None:
    scorer = load_scorer(f"{name}:{checkpoint(name)}", device="cpu")
    unit = scorer.to_unit(torch.linspace(-2, 30, 200))
    assert ((unit >= 0) & (unit <= 1)).all()
    assert (unit.diff() >= 0).all()
    assert unit[0] < 0.5 < unit[-1]


def test_average_pictures_of_stable_diffusion_are_at_a_half(checkpoint) -> None:
    for name, average in (("hpsv2", HPS_V2_AVERAGE), ("hpsv2.1", HPS_V2_1_AVERAGE), ("pickscore", PICKSCORE_AVERAGE)):
        scorer = load_scorer(f"{name}:{checkpoint(name)}", device="cpu")
        assert scorer.to_unit(torch.tensor([average])).item() == pytest.approx(0.5)


def test_prefix_counts_when_a_long_prompt_is_split(checkpoint) -> None:
    prompts = ["a red cat on a red mat", "a cat, a dog, a hat, a mat, a bat"]  # 7 and 14 tokens; 12 fit, with 2 ends
    with_prefix = load_scorer(f"clipscore:{checkpoint('clipscore')}", device="cpu")
    without = load_scorer(f"pickscore:{checkpoint('pickscore')}", device="cpu")
    assert with_prefix.parts(prompts) == [1, 3]
    assert without.parts(prompts) == [1, 2]


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_another_model_are_refused(name, checkpoint, tmp_path) -> None:
    checkpoint(name)
    torch.save({"state_dict": {"something": torch.ones(2)}}, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match=r"other\.pt is of another model: "):
        load_scorer(f"{name}:{tmp_path / 'other.pt'}", device="cpu")


def test_file_that_holds_more_than_tensors_is_not_loaded(tiny_clip, tmp_path) -> None:
    torch.save({"state_dict": Path()}, tmp_path / "code.pt")
    with pytest.raises(WeightsError, match="holds more than tensors"):
        load_scorer(f"hpsv2:{tmp_path / 'code.pt'}", device="cpu")


def test_missing_open_clip_names_the_extra(monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "open_clip", None)
    with pytest.raises(ValueError, match="need open_clip; install it with"):
        load_scorer("clipscore", device="cpu")


def test_first_hps_without_a_file_says_where_to_get_it(tiny_clip) -> None:
    with pytest.raises(WeightsError, match=r"get hpc\.pt as https://github\.com/tgxs002/align_sd says"):
        load_scorer("hps", device="cpu")

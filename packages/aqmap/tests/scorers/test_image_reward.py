from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from aqmap.scorers import image_reward
from aqmap.scorers.image_reward import REWARD_MEAN, REWARD_STD, RewardNetwork, RewardShape, make_tokenizer
from aqmap.scorers.pictures import crop_square
from aqmap.scorers.scorer import load_scorer
from grefine_core import InputError, WeightsError
from grefine_core.weights import unpinned

MEAN = torch.tensor((0.48145466, 0.4578275, 0.40821073))[:, None, None]
STD = torch.tensor((0.26862954, 0.26130258, 0.27577711))[:, None, None]
IDS = {"a red cat": [2, 5, 6, 7, 3], "a dog on a mat": [2, 5, 8, 9, 5, 10, 3]}
"""[CLS] words [SEP] in the tiny vocabulary."""


class Reference:
    """The published forward pass written down from its description, on the published names."""

    def __init__(self, state: dict[str, Tensor], shape: RewardShape) -> None:
        self.state, self.shape = state, shape

    def linear(self, name: str, x: Tensor) -> Tensor:
        return F.linear(x, self.state[f"{name}.weight"], self.state[f"{name}.bias"])

    def norm(self, name: str, x: Tensor, eps: float) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], self.state[f"{name}.weight"], self.state[f"{name}.bias"], eps)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
        """Return (L, W) of queries (L, W), keys and values (M, W)."""
        q, k, v = (x.unflatten(-1, (heads, -1)).transpose(0, 1) for x in (q, k, v))
        weights = (q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])).softmax(dim=-1)
        return (weights @ v).transpose(0, 1).flatten(1)

    def see(self, pixels: Tensor) -> Tensor:
        vit, patch = "blip.visual_encoder", self.shape.patch_size
        kernel, bias = (self.state[f"{vit}.patch_embed.proj.{part}"] for part in ("weight", "bias"))
        patches = F.conv2d(pixels[None], kernel, bias, stride=patch)[0].flatten(1).T
        x = torch.cat([self.state[f"{vit}.cls_token"][0], patches]) + self.state[f"{vit}.pos_embed"][0]
        for block in (f"{vit}.blocks.{number}" for number in range(self.shape.vision_layers)):
            q, k, v = self.linear(f"{block}.attn.qkv", self.norm(f"{block}.norm1", x, 1e-6)).chunk(3, dim=-1)
            x = x + self.linear(f"{block}.attn.proj", self.attend(q, k, v, self.shape.vision_heads))
            hidden = F.gelu(self.linear(f"{block}.mlp.fc1", self.norm(f"{block}.norm2", x, 1e-6)))
            x = x + self.linear(f"{block}.mlp.fc2", hidden)
        return self.norm(f"{vit}.norm", x, 1e-6)

    def sublayer(self, name: str, x: Tensor, y: Tensor) -> Tensor:
        q, k, v = (self.linear(f"{name}.self.{part}", z) for part, z in (("query", x), ("key", y), ("value", y)))
        out = self.linear(f"{name}.output.dense", self.attend(q, k, v, self.shape.text_heads))
        return self.norm(f"{name}.output.LayerNorm", out + x, 1e-12)

    def reward(self, pixels: Tensor, ids: list[int]) -> float:
        seen, bert = self.see((pixels - MEAN) / STD), "blip.text_encoder"
        x = self.state[f"{bert}.embeddings.word_embeddings.weight"][ids]
        x = x + self.state[f"{bert}.embeddings.position_embeddings.weight"][: len(ids)]
        x = self.norm(f"{bert}.embeddings.LayerNorm", x, 1e-12)
        for block in (f"{bert}.encoder.layer.{number}" for number in range(self.shape.text_layers)):
            x = self.sublayer(f"{block}.attention", x, x)  # every token sees every other: no causal mask
            x = self.sublayer(f"{block}.crossattention", x, seen)
            hidden = F.gelu(self.linear(f"{block}.intermediate.dense", x))
            x = self.norm(f"{block}.output.LayerNorm", self.linear(f"{block}.output.dense", hidden) + x, 1e-12)
        x = x[0]
        for place in (0, 2, 4, 6, 7):
            x = self.linear(f"mlp.layers.{place}", x)
        return (float(x) - REWARD_MEAN) / REWARD_STD


@pytest.fixture
def state(tiny_shape, published_reward) -> dict[str, Tensor]:
    return published_reward(tiny_shape)


@pytest.fixture
def checkpoint(state, tiny_shape, vocabulary, tmp_path, monkeypatch) -> Path:
    """A published file of the tiny shape, with its vocabulary beside it."""
    monkeypatch.setattr(image_reward, "RewardShape", lambda: tiny_shape)
    torch.save(state, tmp_path / "ImageReward.pt")
    return tmp_path / "ImageReward.pt"


@pytest.fixture
def scorer(checkpoint) -> Any:
    return load_scorer(f"imagereward:{checkpoint}", device="cpu")


@pytest.mark.parametrize("prompt", IDS)
def test_reward_equals_the_reference_forward(prompt, scorer, state, tiny_shape, picture) -> None:
    pixels = picture(40, 60)
    expected = Reference(state, tiny_shape).reward(crop_square(pixels[None], 32), IDS[prompt])
    assert scorer.raw([pixels], [prompt]).item() == pytest.approx(expected, rel=1e-4)


def test_score_is_the_sigmoid_of_the_reward(scorer, picture) -> None:
    pairs = [picture(40, 60)], ["a red cat"]
    assert scorer.score(*pairs).item() == pytest.approx(1 / (1 + math.exp(-scorer.raw(*pairs).item())))


def test_batch_equals_single_pairs_and_repeats_itself(scorer, picture) -> None:
    pixels = [picture(40, 60), picture(64, 32, seed=4), picture(32, 32, seed=5)]
    prompts = ["a red cat", "a dog on a mat", "a hat"]
    together = scorer.raw(pixels, prompts)
    alone = torch.cat([scorer.raw([image], [prompt]) for image, prompt in zip(pixels, prompts, strict=True)])
    assert torch.allclose(together, alone, rtol=1e-4)
    assert torch.equal(together, scorer.raw(pixels, prompts))
    assert len(set(together.tolist())) == 3


def test_long_prompt_is_averaged_over_its_parts_where_the_authors_cut_it_off(scorer, picture) -> None:
    halves = ["a red cat" + " on a red mat" * 7, "a dog" + " on a hat" * 9]
    pixels = picture(40, 60)
    assert scorer.parts([", ".join(halves), *halves]) == [2, 1, 1]
    whole = scorer.raw([pixels], [", ".join(halves)])
    assert whole.item() == pytest.approx(scorer.raw([pixels] * 2, halves).mean().item(), rel=1e-4)


def test_folder_with_both_files_can_be_named(checkpoint, scorer) -> None:
    assert load_scorer(f"imagereward:{checkpoint.parent}", device="cpu").name == scorer.name


def test_missing_vocabulary_is_said_as_such(checkpoint, vocabulary) -> None:
    vocabulary.unlink()
    with pytest.raises(WeightsError, match=r"`imagereward` needs vocab\.txt \(0\.2 MB\) of .*bert-base-uncased"):
        load_scorer(f"imagereward:{checkpoint}", device="cpu")


def test_checkpoint_of_other_shapes_is_refused(checkpoint, state) -> None:
    state["mlp.layers.7.weight"] = torch.ones(2, 4)
    torch.save(state, checkpoint)
    with pytest.raises(WeightsError, match=r"ImageReward\.pt has other shapes than ImageReward: .*head\.4\.weight"):
        load_scorer(f"imagereward:{checkpoint}", device="cpu")


def test_checkpoint_with_code_is_not_loaded(checkpoint, state) -> None:
    torch.save(state | {"code": Path()}, checkpoint)
    with pytest.raises(WeightsError, match="holds more than tensors"):
        load_scorer(f"imagereward:{checkpoint}", device="cpu")


def test_published_shape_has_the_size_of_the_published_file() -> None:
    pytest.importorskip("transformers", reason="needs the extra `scorers`")
    with torch.device("meta"):
        tensors = RewardNetwork(RewardShape()).state_dict().values()
    unused = (1024 + 1) * 256 + (768 + 1) * 256  # BLIP's two projections
    bytes_ = 4 * (sum(tensor.numel() for tensor in tensors) + unused) + 8 * 512  # and its positions, int64
    assert 0 < 1_786_880_927 - bytes_ < 500 * len(tensors)  # the archive takes some hundred bytes a tensor


def test_norms_have_the_published_epsilons(tiny_shape) -> None:  # too small a difference for random weights to show
    network = RewardNetwork(tiny_shape)
    for part, epsilon in ((network.vision, 1e-6), (network.text, 1e-12)):
        assert {norm.eps for norm in part.modules() if isinstance(norm, torch.nn.LayerNorm)} == {epsilon}


def test_tokenizer_reads_as_bert_does_and_knows_the_tokens_of_blip(vocabulary) -> None:
    pytest.importorskip("transformers", reason="needs the extra `scorers`")
    tokenizer = make_tokenizer(unpinned(vocabulary))
    assert tokenizer(["A Red CATS, zebra."])["input_ids"] == [[2, 5, 6, 7, 14, 12, 1, 13, 3]]
    assert tokenizer.convert_tokens_to_ids(["[DEC]", "[ENC]"]) == [15, 16]


def test_file_that_is_no_vocabulary_is_refused(tmp_path) -> None:
    pytest.importorskip("transformers", reason="needs the extra `scorers`")
    (tmp_path / "vocab.txt").write_bytes(b"\xff\x00cat\n")
    with pytest.raises(WeightsError, match="is no vocabulary of BERT"):
        make_tokenizer(unpinned(tmp_path / "vocab.txt"))


def test_missing_transformers_names_the_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"needs transformers; install it with `pip install 'aqmap\[scorers\]'`"):
        load_scorer("imagereward", device="cpu")


def test_absent_weights_are_asked_for_in_one_sentence() -> None:
    pytest.importorskip("transformers", reason="needs the extra `scorers`")
    with pytest.raises(WeightsError, match=r"`imagereward` needs ImageReward\.pt .* `imagereward:FOLDER`\.$"):
        load_scorer("imagereward", device="cpu")

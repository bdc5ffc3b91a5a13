"""ImageReward, with which the paper trains AQ-Map (4.2): Xu et al., arXiv:2304.05977.

BLIP's ViT sees the picture; BLIP's BERT reads the prompt and attends to the picture in each layer; a head
of linear layers without activations reads the first token. The published shapes, constants and inputs,
rebuilt on transformers' BLIP classes. B pictures, P pairs, N patches, W the width of the ViT.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aqmap.scorers.image_reward_weights import convert_state
from aqmap.scorers.pairs import PairScorer
from aqmap.scorers.pictures import crop_square
from aqmap.scorers.published import BERT_VOCABULARY, IMAGE_REWARD, obtain
from grefine_core import InputError, WeightsError, WeightsFile, load_tensors
from grefine_core.downloads import first_line

REWARD_MEAN = 0.16717362830052426
REWARD_STD = 1.0333394966054072
"""Of the head's values over the authors' pictures: a reward has mean 0 and deviation 1 there."""
CONTEXT_LENGTH = 35
"""Tokens that the authors' code reads, start and end included; it cuts the rest off, we do not."""
_MEAN, _STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_ADDED_TOKENS = ("[DEC]", "[ENC]")
"""BLIP's own, behind BERT's vocabulary; the score uses neither."""


@dataclass(frozen=True, kw_only=True)
class RewardShape:
    """Sizes of the network; the defaults are those of the published weights."""

    image_size: int = 224
    patch_size: int = 16
    vision_width: int = 1024
    vision_layers: int = 24
    vision_heads: int = 16
    text_width: int = 768
    text_layers: int = 12
    text_heads: int = 12
    vocabulary: int = 30524
    positions: int = 512
    head: tuple[int, ...] = (1024, 128, 64, 16, 1)


class RewardNetwork(nn.Module):
    """The network, with random weights at first."""

    def __init__(self, shape: RewardShape) -> None:
        super().__init__()
        from transformers import BlipTextModel, BlipVisionModel

        vision, text = _configs(shape)
        self.vision = BlipVisionModel(vision)
        self.text = BlipTextModel(text, add_pooling_layer=False)
        self.head = nn.Sequential(*(nn.Linear(*widths) for widths in pairwise((shape.text_width, *shape.head))))

    def see(self, pixels: Tensor) -> Tensor:
        """Encode pictures (B, 3, S, S), normalised, to (B, 1 + N, W)."""
        tokens: Tensor = self.vision(pixel_values=pixels).last_hidden_state
        return tokens

    def judge(self, seen: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Compare pictures (P, 1 + N, W) with texts (P, L), padded where the mask is 0: rewards (P,)."""
        places = torch.arange(ids.shape[1], device=ids.device)[None]  # the class keeps them where loading leaves gaps
        read = self.text(input_ids=ids, attention_mask=mask, position_ids=places, encoder_hidden_states=seen)
        reward: Tensor = (self.head(read.last_hidden_state[:, 0])[:, 0] - REWARD_MEAN) / REWARD_STD
        return reward


def _configs(shape: RewardShape) -> tuple[Any, Any]:
    from transformers import BlipTextConfig, BlipVisionConfig

    vision = BlipVisionConfig(
        hidden_size=shape.vision_width,
        intermediate_size=4 * shape.vision_width,
        num_hidden_layers=shape.vision_layers,
        num_attention_heads=shape.vision_heads,
        image_size=shape.image_size,
        patch_size=shape.patch_size,
        layer_norm_eps=1e-6,  # timm's, of which BLIP's ViT is; the class has 1e-5
    )
    text = BlipTextConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.text_width,
        encoder_hidden_size=shape.vision_width,
        intermediate_size=4 * shape.text_width,
        num_hidden_layers=shape.text_layers,
        num_attention_heads=shape.text_heads,  # the class has 8
        max_position_embeddings=shape.positions,
        is_decoder=True,  # brings the layers that attend to the picture; the mask stays that of an encoder
    )
    return vision, text


class RewardPairs:
    """See `PairModel`, which this implements for ImageReward."""

    context_length = CONTEXT_LENGTH

    def __init__(self, network: RewardNetwork, tokenizer: Any, *, name: str) -> None:
        self._network, self._tokenizer = network.eval().requires_grad_(False), tokenizer
        self.name = name
        self.size = int(network.vision.config.image_size)

    def prepare(self, pixels: Tensor) -> Tensor:
        """Bring (1, 3, H, W) in [0, 1] to (3, S, S) in [0, 1]."""
        return crop_square(pixels, self.size)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, start and end included."""
        return [len(ids) for ids in self._tokenizer(list(texts))["input_ids"]]

    def encode(self, images: Tensor) -> Tensor:
        """Encode (B, 3, S, S) in [0, 1] to (B, 1 + N, W)."""
        images = images.to(self._network.vision.device)
        mean, std = (images.new_tensor(value)[:, None, None] for value in (_MEAN, _STD))
        return self._network.see((images - mean) / std)

    def compare(self, encoded: Tensor, texts: Sequence[str]) -> Tensor:
        """Return the rewards of P pictures (P, 1 + N, W) for P texts: (P,)."""
        # padded to one length as the authors' code does, so that a reward does not hang on the batch
        tokens = self._tokenizer(list(texts), padding="max_length", max_length=self.context_length)
        ids, mask = (torch.tensor(tokens[key], device=encoded.device) for key in ("input_ids", "attention_mask"))
        return self._network.judge(encoded, ids, mask)


def load_image_reward(path: Path | None, device: torch.device) -> PairScorer:
    """Load ImageReward: raw values are rewards, of mean 0 and deviation 1 over the authors' pictures.

    Trained on which of two pictures people prefer, as the sigmoid of the difference of its values: the
    sigmoid of a reward is the probability that the picture is preferred to an average one.

    Args:
        path: `ImageReward.pt`, or a folder that has it, and BERT's `vocab.txt` if that is local too.
        device: Where it runs.

    Raises:
        InputError: If transformers is not installed.
        WeightsError: If a file is absent, altered, or of another model.
    """
    _require_transformers()
    file = obtain("imagereward", IMAGE_REWARD, path)
    beside = file.path.parent / BERT_VOCABULARY.pin.file
    vocabulary = obtain("imagereward", BERT_VOCABULARY, beside if path and beside.is_file() else None)
    tokenizer = make_tokenizer(vocabulary)
    with torch.device("meta"):  # drawing random weights that are overwritten would take longer than all the rest
        network = RewardNetwork(RewardShape())
    fill_network(network.to_empty(device="cpu"), file)
    pairs = RewardPairs(network.to(device), tokenizer, name=f"imagereward:{file.sha256[:16]}")
    return PairScorer(pairs, to_unit=torch.sigmoid)


def _require_transformers() -> None:
    try:
        import transformers  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError(
            "The scorer `imagereward` needs transformers; install it with `pip install 'aqmap[scorers]'`."
        ) from error


def make_tokenizer(vocabulary: WeightsFile) -> Any:
    """Return BERT's tokenizer of a `vocab.txt`, with BLIP's two tokens behind it.

    Raises:
        WeightsError: If the file is absent, altered, or no vocabulary of BERT.
    """
    from transformers import BertTokenizer

    path = vocabulary.verify()
    words = path.read_text(encoding="utf-8", errors="replace").split("\n")
    words = words[:-1] if words[-1] == "" else words
    ids: Mapping[str, int] = {word: number for number, word in enumerate(words)}
    if not {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"} <= ids.keys():
        raise WeightsError(f"{path} is no vocabulary of BERT: it lacks [PAD], [UNK], [CLS], [SEP] or [MASK].")
    tokenizer = BertTokenizer(vocab=ids, do_lower_case=True)
    tokenizer.add_tokens(list(_ADDED_TOKENS), special_tokens=True)
    return tokenizer


def fill_network(network: RewardNetwork, file: WeightsFile) -> None:
    """Load the published checkpoint into a network of its shape.

    Raises:
        WeightsError: If the file is absent, altered, unreadable, or of another model.
    """
    state = convert_state(load_tensors(file), wanted=network.state_dict().keys(), path=file.path)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(
            f"Weights file {file.path} has other shapes than ImageReward: {first_line(error)}."
        ) from error

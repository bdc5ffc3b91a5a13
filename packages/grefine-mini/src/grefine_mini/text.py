"""MiniLM as a text tower: sentence embeddings, token embeddings, and states for cross attention.

The model is sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0): 6 layers, width 384, mean pooled.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from grefine_core import Emphasis, WeightsFile, load_tensors
from grefine_mini.files import text_files

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WIDTH = 384
CONTEXT = 128
"""Tokens that the sentence model was trained on; its position table has 512."""
LENGTH_STEP = 8
"""Texts whose lengths differ by less may go through the model together."""
CONDITION_TOKENS = 32
"""Most tokens of a prompt that the small diffusion model sees."""


class MiniText:
    """MiniLM on one device, frozen."""

    def __init__(self, model: Any, tokenizer: Tokenizer) -> None:
        self._model, self._tokenizer = model, tokenizer

    @classmethod
    def load(cls, *, device: torch.device | None = None, files: dict[str, WeightsFile] | None = None) -> MiniText:
        """Load the checked files; the package's own code is not imported.

        Raises:
            WeightsError: If a file is absent or altered.
        """
        from tokenizers import Tokenizer
        from transformers.models.bert import BertConfig, BertModel

        files = files or text_files()
        config = BertConfig(**json.loads(files["config"].verify().read_text(encoding="utf-8")))
        model = BertModel(config, add_pooling_layer=False)
        state = {k: v for k, v in load_tensors(files["weights"]).items() if not k.startswith("pooler.")}
        state.pop("embeddings.position_ids", None)  # a constant in older files
        model.load_state_dict(state)
        tokenizer = Tokenizer.from_file(str(files["tokenizer"].verify()))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return cls(model.eval().requires_grad_(False).to(device or "cpu"), tokenizer)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = self._model.device
        return device

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text with its start and end."""
        return [len(e.ids) for e in self._tokenizer.encode_batch(list(texts))]

    def _ids(self, texts: Sequence[str], limit: int) -> tuple[Tensor, Tensor]:
        """Return token ids (T, L) padded with 0 and the place (T,) of each end token."""
        rows = [e.ids if len(e.ids) <= limit else [*e.ids[: limit - 1], e.ids[-1]] for e in self._encode(texts)]
        ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
        for row, values in zip(ids, rows, strict=True):
            row[: len(values)] = torch.tensor(values)
        return ids.to(self.device), torch.tensor([len(r) - 1 for r in rows], device=self.device)

    def _encode(self, texts: Sequence[str]) -> list[Any]:
        return list(self._tokenizer.encode_batch(list(texts)))

    def embed_tokens(self, texts: Sequence[str]) -> Tensor:
        """Return word embeddings (T, L, 384), zero behind each end token."""
        ids, eot = self._ids(texts, CONTEXT)
        embeddings: Tensor = self._model.embeddings.word_embeddings(ids)
        return embeddings * _upto(eot, ids.shape[1])[..., None]

    def pool(self, embeddings: Tensor, eot: Tensor) -> Tensor:
        """Return sentence embeddings (T, 384) of unit length from word embeddings (T, L, 384)."""
        mask = _upto(eot, embeddings.shape[1])
        states = self._model(inputs_embeds=embeddings, attention_mask=mask).last_hidden_state
        mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return torch.nn.functional.normalize(mean, dim=-1)

    def sentences(self, texts: Sequence[str]) -> Tensor:
        """Return sentence embeddings (T, 384) of unit length.

        Texts of like length go through the model together: beside one long prompt, each of its phrases
        would else take as long as the prompt.
        """
        ids, eot = self._ids(texts, CONTEXT)
        groups = (eot // LENGTH_STEP).tolist()
        order: list[int] = []
        pooled: list[Tensor] = []
        for group in sorted(set(groups)):
            rows = [row for row, own in enumerate(groups) if own == group]
            length = int(eot[rows].max()) + 1
            embeddings = self._model.embeddings.word_embeddings(ids[rows, :length])
            pooled.append(self.pool(embeddings, eot[rows]))
            order += rows
        place = torch.tensor(order, device=self.device).argsort()
        return torch.cat(pooled)[place]

    @torch.no_grad()
    def token_states(self, texts: Sequence[str]) -> Tensor:
        """Return last states (T, 32, 384), zero behind the end: input of a cross attention."""
        ids, eot = self._ids(texts, CONDITION_TOKENS)
        mask = _upto(eot, ids.shape[1])
        states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state * mask[..., None]
        padded: Tensor = states.new_zeros(len(states), CONDITION_TOKENS, WIDTH)
        padded[:, : states.shape[1]] = states
        return padded

    def condition(self, prompt: str, emphases: Sequence[Emphasis] = ()) -> Tensor:
        """Return token states (1, 32, 384) of a prompt, emphasised words pushed from the empty text.

        A token in a span of weight w becomes ``empty + w * (token - empty)``, eq. (7).
        """
        states = self.token_states([prompt])
        if not emphases:
            return states
        empty = self.token_states([""])[:, :1]  # its start token stands for "nothing said"
        for place, (start, end) in enumerate(self._encode([prompt])[0].offsets[: CONDITION_TOKENS - 1]):
            weights = [e.weight for e in emphases if start < e.end and end > e.start and end > start]
            if weights:
                states[:, place] = empty[:, 0] + max(weights) * (states[:, place] - empty[:, 0])
        return states


def _upto(last: Tensor, length: int) -> Tensor:
    """Return a mask (T, L) of ones up to and with each text's last place."""
    return (torch.arange(length, device=last.device)[None] <= last[:, None]).float()

"""The models of stanza with shortcuts for training on a CPU; their parameters are the stock ones.

The spelling of each distinct word of a batch is read once, and the labels of arcs are scored for the
true heads only, where stock code scores every word under every other and picks afterwards.
"""

from __future__ import annotations

from typing import Any

import torch
from stanza.models.common.char_model import CharacterModel
from stanza.models.common.utils import tensor_unsort
from stanza.models.common.vocab import VOCAB_PREFIX_SIZE
from stanza.models.depparse.model import GraphParser
from stanza.models.depparse.trainer import GraphTrainer
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence


def read_words_once(model: CharacterModel) -> None:
    """Let a character model read each distinct word of a batch once."""

    def forward(chars: Tensor, _mask: Tensor, order: list[int], lengths: list[int], _letters: list[int]) -> Any:
        distinct, place = torch.unique(chars, dim=0, return_inverse=True)  # (U, C), (W,)
        letters, by_length = (distinct != 0).sum(1).sort(descending=True, stable=True)
        read = _spell(model, distinct[by_length], letters)  # (U, H), longest word first
        row = torch.empty_like(by_length)
        row[by_length] = torch.arange(len(by_length))
        return pack_sequence(tensor_unsort(read[row[place]], order).split([int(length) for length in lengths]))

    model.forward = forward


def _spell(model: CharacterModel, chars: Tensor, letters: Tensor) -> Tensor:
    """Return what the attention makes of the states after each letter, shape (U, H)."""
    embedded = pack_padded_sequence(model.dropout(model.char_emb(chars)), letters, batch_first=True)
    start = [part.expand(-1, len(chars), -1).contiguous() for part in (model.charlstm_h_init, model.charlstm_c_init)]
    states, _ = model.charlstm(embedded, letters, hx=tuple(start))
    weights = torch.sigmoid(model.char_attn(model.dropout(states.data)))
    weighted, _ = pad_packed_sequence(PackedSequence(states.data * weights, states.batch_sizes), batch_first=True)
    return weighted.sum(1)


class QuickParser(GraphParser):  # type: ignore[misc]  # stanza has no types
    """The graph parser with a training pass that scores labels of true arcs only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        read_words_once(self.charmodel)

    def loss(self, *inputs: Any) -> tuple[Tensor, None]:
        """Return the loss a word of heads and labels, as the stock parser does."""
        mask, head, relation = inputs[1], inputs[9], inputs[10]
        states = self.embed(*inputs)  # (N, L+1, 2H), position 0 is the root
        arcs = self.unlabeled(self.drop(states), self.drop(states)).squeeze(3)[:, 1:]  # (N, L, L+1)
        self_arc = torch.eye(arcs.shape[2], dtype=torch.bool)[1:]
        arcs = arcs.masked_fill(self_arc | mask.unsqueeze(1), -torch.inf)
        real = ~mask[:, 1:]
        labels = self._labels(states, head, real)
        loss = self.crit(arcs[real], head[real]) + self.crit(labels, relation[real] - VOCAB_PREFIX_SIZE)
        return loss / inputs[2].shape[0], None

    def _labels(self, states: Tensor, head: Tensor, real: Tensor) -> Tensor:
        """Return the scores of all labels for each word under its true head, shape (words, labels)."""
        scorer, bilinear = self.deprel, self.deprel.scorer.W_bilin
        below = scorer.dropout(scorer.hidden_func(scorer.W1(self.drop(states[:, 1:][real]))))
        above = scorer.dropout(scorer.hidden_func(scorer.W2(self.drop(states))))
        above = above.gather(1, head.unsqueeze(2).expand(-1, -1, above.shape[2]))[real]
        below, above = (torch.cat([part, part.new_ones(len(part), 1)], 1) for part in (below, above))
        inner, outer, labels = bilinear.weight.shape
        mixed = (below @ bilinear.weight.view(inner, outer * labels)).view(-1, outer, labels)
        scores: Tensor = torch.bmm(above.unsqueeze(1), mixed).squeeze(1) + bilinear.bias
        return scores


class QuickTrainer(GraphTrainer):  # type: ignore[misc]
    """The stock trainer around the quick parser."""

    @staticmethod
    def build_model(*args: Any, **kwargs: Any) -> QuickParser:
        """Return the model that the trainer updates."""
        return QuickParser(*args, **kwargs)

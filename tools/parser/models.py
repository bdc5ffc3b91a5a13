"""The tagger and the parser of stanza as tasks of the training loop."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from tools.parser.fragments import base
from tools.parser.prepare import dev_file, parser_file, tagger_file
from tools.parser.quick import QuickTrainer, read_words_once
from tools.parser.rows import Rows, read_rows
from tools.parser.training import Schedule

_COMMON = "--lang en --shorthand en_mini --cpu --num_layers 2 --word_emb_dim 50 --word_cutoff 5 --lr 0.003 --beta2 0.95"
TAGGER = (
    f"{_COMMON} --share_hid --hidden_dim 150 --deep_biaff_hidden_dim 150 --char_emb_dim 40 --char_hidden_dim 100 "
    "--transformed_dim 80 --dropout 0.4 --word_dropout 0.25 --augment_nopunct 0 --batch_size 64"
)
PARSER = (
    f"{_COMMON} --no_ufeats --no_distance --no_linearization --hidden_dim 180 --deep_biaff_hidden_dim 100 "
    "--char_emb_dim 32 --char_hidden_dim 60 --tag_emb_dim 32 --transformed_dim 64 --dropout 0.33 --word_dropout 0.2 "
    "--optim adam --weight_decay 0 --no_plateau --no_second_optim --augment_nopunct 0 --no_checkpoint "
    "--batch_size 1000"
)
"""Arguments of stanza's command lines. The data has sentences without a final stop of its own.

The batch sizes are for users of the models (sentences for the tagger, words for the parser): with stanza's
own, all prompts are padded to the longest, which takes twice the time.
"""
TAGGER_SCHEDULE = Schedule(steps=6000, fall=2500)
PARSER_SCHEDULE = Schedule(steps=6500, fall=2700)
TOKENIZER_STEPS = 1500


class TaggerTask:
    """UPOS and XPOS, trained on true tags."""

    def __init__(self, work: Path, draws: int, vectors: Any, seed: int) -> None:
        from stanza.models import tagger
        from stanza.models.pos.data import Dataset
        from stanza.models.pos.trainer import Trainer

        args = tagger.parse_args(TAGGER.split())
        random.seed(seed)
        torch.manual_seed(seed)
        rows = [read_rows(tagger_file(work, draw)) for draw in range(draws)]
        vocab = Dataset.init_vocab([rows[0]], args)
        self._data = [Dataset(part, args, vectors, vocab=vocab, evaluation=False) for part in rows]
        self._lengths = [[len(sentence) for sentence in part.sentences] for part in rows]
        self._dev_rows = read_rows(dev_file(work))
        self._dev = Dataset(self._dev_rows, args, vectors, vocab=vocab, evaluation=True)
        self.trainer = Trainer(args=args, vocab=vocab, pretrain=vectors, device="cpu")
        read_words_once(self.trainer.model.charmodel)

    @property
    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The optimizers whose rate is scheduled."""
        found: dict[str, torch.optim.Optimizer] = self.trainer.optimizers
        return found

    def lengths(self, epoch: int) -> Sequence[int]:
        """Return the words of each sentence of an epoch's data."""
        return self._lengths[epoch % len(self._data)]

    def batch(self, epoch: int, places: list[int]) -> Any:
        """Return sentences as a batch that the trainer takes."""
        data = self._data[epoch % len(self._data)]
        return data.collate_fn([data[place] for place in places])

    def score(self) -> float:
        """Return the share of words whose UPOS and XPOS are right, in percent, as the mean of both."""
        right = total = 0
        sentences = self._dev_rows.sentences
        with torch.inference_mode():
            for start in range(0, len(sentences), 64):
                places = range(start, min(start + 64, len(sentences)))
                found = self.trainer.predict(self._dev.collate_fn([self._dev[place] for place in places]))
                for place, tags in zip(places, found, strict=True):
                    right += sum(
                        (word.upos == tag[0]) + (word.xpos == tag[1])
                        for word, tag in zip(sentences[place], tags, strict=True)
                    )
                    total += 2 * len(tags)
        return 100 * right / total


class ParserTask:
    """Heads and labels, trained on predicted tags."""

    def __init__(self, work: Path, draws: int, vectors: Any, seed: int) -> None:
        from stanza.models import parser
        from stanza.models.depparse.data import DataLoader, Dataset

        args = parser.parse_args(PARSER.split())
        random.seed(seed)
        torch.manual_seed(seed)
        first = Dataset(read_rows(parser_file(work, 0)), args, vectors, evaluation=False)
        vocab = first.vocab
        rest = [read_rows(parser_file(work, draw)) for draw in range(1, draws)]
        self._data = [first, *(Dataset(rows, args, vectors, vocab=vocab, evaluation=False) for rows in rest)]
        self._dev_rows: Rows = read_rows(dev_file(work))
        self._dev = Dataset(self._dev_rows, args, vectors, vocab=vocab, evaluation=True)
        self._collate = DataLoader.collate
        self.trainer = QuickTrainer(args=args, vocab=vocab, pretrain=vectors, device="cpu")

    @property
    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The optimizers whose rate is scheduled."""
        found: dict[str, torch.optim.Optimizer] = self.trainer.optimizer
        return found

    def lengths(self, epoch: int) -> Sequence[int]:
        """Return the words of each sentence of an epoch's data, the root included."""
        found: list[int] = self._data[epoch % len(self._data)].lengths
        return found

    def batch(self, epoch: int, places: list[int]) -> Any:
        """Return sentences as a batch that the trainer takes."""
        data = self._data[epoch % len(self._data)]
        return self._collate([data[place] for place in places])

    def score(self) -> float:
        """Return the labelled attachment score with true tags, subtypes left aside, in percent."""
        right = total = 0
        sentences = self._dev_rows.sentences
        with torch.inference_mode():
            for start in range(0, len(sentences), 64):
                places = range(start, min(start + 64, len(sentences)))
                found = self.trainer.predict(self._collate([self._dev[place] for place in places]))
                for place, arcs in zip(places, found, strict=True):
                    right += sum(
                        word.head == int(arc[0]) and base(word.relation) == base(arc[1])
                        for word, arc in zip(sentences[place], arcs, strict=True)
                    )
                    total += len(arcs)
        return 100 * right / total

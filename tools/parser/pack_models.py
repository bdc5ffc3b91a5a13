"""Tagger and parser of a pack without its tokenizer, to measure them on the words of a treebank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from tools.parser.rows import Rows
from tools.parser.treebank import Sentence
from tools.parser.vectors import load_vectors

TOKENIZER_FILE, TAGGER_FILE, PARSER_FILE = "tok.pt", "tag.pt", "parse.pt"
_BATCH_WORDS = 2000


class Models(NamedTuple):
    """Tagger and parser of a pack."""

    tagger: Any
    parser: Any
    vectors: Any


def load_models(folder: Path) -> Models:
    """Load tagger and parser, without a tokenizer."""
    from stanza.models.depparse.trainer import Trainer as ParserTrainer
    from stanza.models.pos.trainer import Trainer as TaggerTrainer

    vectors = load_vectors(folder)
    tagger = TaggerTrainer(pretrain=vectors, model_file=str(folder / TAGGER_FILE), device="cpu")
    parser = ParserTrainer.load(str(folder / PARSER_FILE), vectors, device="cpu")
    return Models(tagger, parser, vectors)


@torch.inference_mode()
def tag(models: Models, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences with predicted tags."""
    from stanza.models.pos.data import Dataset

    args = dict(models.tagger.args)
    data = Dataset(Rows(sentences), args, models.vectors, vocab=models.tagger.vocab, evaluation=True)
    out: list[Sentence] = []
    for start in range(0, len(sentences), 64):
        places = range(start, min(start + 64, len(sentences)))
        found = models.tagger.predict(data.collate_fn([data[place] for place in places]))
        for place, tags in zip(places, found, strict=True):
            pairs = zip(sentences[place], tags, strict=True)
            out.append(tuple(replace(word, upos=pair[0], xpos=pair[1]) for word, pair in pairs))
    return out


@torch.inference_mode()
def parse(models: Models, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the tagged sentences with predicted heads and relations."""
    from stanza.models.common.utils import unsort
    from stanza.models.depparse.data import DataLoader

    args = dict(models.parser.args)
    loader = DataLoader(
        Rows(sentences),
        _BATCH_WORDS,
        args,
        models.vectors,
        vocab=models.parser.vocab,
        evaluation=True,
        sort_during_eval=True,
    )
    found = [arcs for batch in loader for arcs in models.parser.predict(batch, resolve_head_constraints=True)]
    if loader.data_orig_idx is not None:
        found = unsort(found, loader.data_orig_idx)
    return [
        tuple(replace(word, head=int(arc[0]), relation=arc[1]) for word, arc in zip(sentence, arcs, strict=True))
        for sentence, arcs in zip(sentences, found, strict=True)
    ]

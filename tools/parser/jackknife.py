"""Predicted tags for the parser's training file: with gold tags it would trust tags too much.

Each fold is tagged by NLTK's averaged perceptron trained on the other folds, on the joint tag
UPOS|XPOS. It is fast, so that tagger and parser can be trained side by side.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from tools.parser.treebank import Sentence

PASSES = 2
GOLD_SHARE = 0.3
"""Sentences that keep their true tags: the tagger that the parser will get is better than the perceptron."""


def train_perceptron(sentences: Sequence[Sentence], seed: int) -> Any:
    """Return a perceptron tagger of joint tags."""
    from nltk.tag.perceptron import PerceptronTagger

    tagger = PerceptronTagger(load=False)
    random.seed(seed)  # it shuffles with the module's generator
    tagged = [[(word.form, f"{word.upos}|{word.xpos}") for word in sentence] for sentence in sentences]
    tagger.train(tagged, nr_iter=PASSES)
    return tagger


def retag(tagger: Any, sentences: Sequence[Sentence], rng: Random) -> list[Sentence]:
    """Return the sentences with predicted tags, but for a share that stays as it is."""
    return [sentence if rng.random() < GOLD_SHARE else retagged(tagger, sentence) for sentence in sentences]


def retagged(tagger: Any, sentence: Sentence) -> Sentence:
    """Return one sentence with predicted tags."""
    tags = [tag.split("|", 1) for _, tag in tagger.tag([word.form for word in sentence])]
    return tuple(replace(word, upos=upos, xpos=xpos) for word, (upos, xpos) in zip(sentence, tags, strict=True))

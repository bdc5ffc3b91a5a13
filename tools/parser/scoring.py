"""Scores of predicted trees, as the CoNLL 2018 scorer counts them for given words."""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Set as AbstractSet
from dataclasses import dataclass

from tools.parser.fragments import base
from tools.parser.treebank import Sentence

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Percent of words that are right; punctuation counts, subtypes of relations do not."""

    words: int
    upos: float
    xpos: float
    uas: float
    las: float


def score_trees(gold: Sequence[Sentence], found: Sequence[Sentence]) -> Scores:
    """Compare sentences of the same words."""
    pairs = [pair for true, seen in zip(gold, found, strict=True) for pair in zip(true, seen, strict=True)]
    count = len(pairs)
    heads = [true.head == seen.head for true, seen in pairs]
    labels = [base(true.relation) == base(seen.relation) for true, seen in pairs]
    return Scores(
        words=count,
        upos=100 * sum(true.upos == seen.upos for true, seen in pairs) / count,
        xpos=100 * sum(true.xpos == seen.xpos for true, seen in pairs) / count,
        uas=100 * sum(heads) / count,
        las=100 * sum(head and label for head, label in zip(heads, labels, strict=True)) / count,
    )


def spans(sentence: Sentence) -> list[Span]:
    """Return where each word begins and ends in the sentence's text."""
    out, place = [], 0
    for word in sentence:
        out.append((place, place + len(word.form)))
        place += len(word.form) + word.space_after
    return out


def f1(gold: AbstractSet[Hashable], found: AbstractSet[Hashable]) -> float:
    """Return the F1 of what was found, such as spans of words, in percent."""
    return 100 * 2 * len(gold & found) / max(1, len(gold) + len(found))

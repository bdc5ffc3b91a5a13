"""Pieces of treebank sentences that look like prompts: noun phrases, and lists of them with commas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

from tools.parser.treebank import Sentence, Word

LONGEST = 12
_NOUNS = {"NOUN", "PROPN"}
_LEFT_OUT = {"case", "cc", "cop", "nsubj", "csubj", "mark"}
"""Dependents that tie a noun to what is around it; they go with all that hangs on them."""
_NO_FRAGMENT = {"nsubj", "csubj", "cop"}


def base(relation: str) -> str:
    """Return a relation without its subtype."""
    return relation.split(":", maxsplit=1)[0]


def noun_phrases(sentence: Sentence) -> list[Sentence]:
    """Return every noun with all that hangs on it, of 2 to 12 words in one piece."""
    children: list[list[int]] = [[] for _ in range(len(sentence) + 1)]
    for number, word in enumerate(sentence, 1):
        children[word.head].append(number)
    heads = [number for number, word in enumerate(sentence, 1) if word.upos in _NOUNS]
    return [phrase for head in heads if (phrase := _phrase(sentence, children, head))]


def _phrase(sentence: Sentence, children: list[list[int]], head: int) -> Sentence | None:
    kept, waiting = {head}, [head]
    while waiting:
        current = waiting.pop()
        for child in children[current]:
            if current != head or base(sentence[child - 1].relation) not in _LEFT_OUT:
                kept.add(child)
                waiting.append(child)
    places = sorted(kept)
    for edge in (0, -1):
        while sentence[places[edge] - 1].upos == "PUNCT":
            places.pop(edge)
    whole = places[-1] - places[0] + 1 == len(places)
    if head not in places or not whole or not 2 <= len(places) <= LONGEST:
        return None
    if any(place != head and sentence[place - 1].head not in places for place in places):
        return None  # a word hangs on punctuation that was taken off
    return cut(sentence, places, head)


def cut(sentence: Sentence, places: Sequence[int], root: int) -> Sentence:
    """Return the words at `places` (from 1, rising) as a sentence of their own."""
    numbers = {place: number for number, place in enumerate(places, 1)}
    words = []
    for place in places:
        word = sentence[place - 1]
        if place == root:
            words.append(replace(word, head=0, relation="root"))
        else:
            words.append(replace(word, head=numbers[word.head]))
    words[-1] = replace(words[-1], space_after=True)
    return tuple(words)


def is_natural_fragment(sentence: Sentence) -> bool:
    """Tell whether a whole sentence is a noun phrase: a nominal root without subject or copula."""
    root = next(number for number, word in enumerate(sentence, 1) if word.head == 0)
    if sentence[root - 1].upos not in _NOUNS or len(sentence) < 2:
        return False
    return not any(word.head == root and base(word.relation) in _NO_FRAGMENT for word in sentence)


def joined(phrases: Sequence[Sentence]) -> Sentence:
    """Join phrases by commas: later heads hang on the first as `list`, each comma on the head after it."""
    words: list[Word] = []
    first = 0
    for phrase in phrases:
        comma = len(words) + 1 if words else 0
        start = len(words) + bool(comma)
        root = start + next(number for number, word in enumerate(phrase, 1) if word.head == 0)
        if comma:
            words[-1] = replace(words[-1], space_after=False)
            words.append(Word(form=",", upos="PUNCT", xpos=",", head=root, relation="punct"))
        first = first or root
        for word in phrase:
            if word.head:
                words.append(replace(word, head=word.head + start))
            else:
                words.append(replace(word, head=first if comma else 0, relation="list" if comma else "root"))
    return tuple(words)


def with_stop(sentence: Sentence) -> Sentence:
    """Return the sentence with a full stop that hangs on its root."""
    root = next(number for number, word in enumerate(sentence, 1) if word.head == 0)
    stop = Word(form=".", upos="PUNCT", xpos=".", head=root, relation="punct")
    return (*sentence[:-1], replace(sentence[-1], space_after=False), stop)


def tag_soup(phrases: Sequence[Sentence], words: Sequence[Word], rng: Random) -> Sentence:
    """Return 2 to 6 parts joined by commas, each a phrase or a single noun or adjective."""
    parts = []
    for _ in range(rng.randint(2, 6)):
        single = replace(rng.choice(words), head=0, relation="root", space_after=True)
        parts.append(rng.choice(phrases) if rng.random() < 0.6 else (single,))
    return joined(parts)


def single_words(sentences: Iterable[Sentence]) -> list[Word]:
    """Return all nouns and adjectives of letters only."""
    kinds = ("NN", "NNS", "JJ", "NNP")
    return [word for sentence in sentences for word in sentence if word.xpos in kinds and word.form.isalpha()]

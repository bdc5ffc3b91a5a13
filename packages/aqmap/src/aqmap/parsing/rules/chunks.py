"""Nominal chunks: a noun with the articles, numbers, adjectives and nouns before it, and how they hang on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aqmap.parsing.rules.lexicon import POSSESSIVES, RELATIVES

_PARTICIPLES = ("ing", "ed", "en", "wn")
_MODIFIERS = frozenset({"ADJ", "NUM", "VERB"})
_RELATIONS = {
    "DET": "det",
    "POSS": "nmod:poss",
    "NUM": "nummod",
    "ADJ": "amod",
    "VERB": "amod",
    "NOUN": "compound",
    "PRON": "dep",
}
"""How a word of each kind hangs on the head of its chunk."""


@dataclass(kw_only=True)
class Edge:
    """Where one word hangs; a root until it is hung somewhere."""

    upos: str
    head: int | None = None
    relation: str = "root"

    def hang(self, head: int, relation: str) -> None:
        """Hang the word on another."""
        self.head, self.relation = head, relation


def find_kinds(words: Sequence[str], tags: Sequence[str]) -> list[str]:
    """Return the parts of speech, finer where chunks need it.

    POSS is a pronoun before its noun, REL one that begins a clause, OWNER the `'s` after a noun.
    """
    kinds = list(tags)
    for place, (word, upos) in enumerate(zip(words, tags, strict=True)):
        after = tags[place + 1] if place + 1 < len(tags) else ""
        if upos == "PRON" and word in RELATIVES:
            kinds[place] = "REL"
        elif upos == "PRON" and word in POSSESSIVES and after in {"NOUN", *_MODIFIERS}:
            kinds[place] = "POSS"
        elif upos == "PART" and word == "'s" and place and tags[place - 1] == "NOUN":
            kinds[place] = "OWNER"
    return kinds


def find_end(words: Sequence[str], kinds: Sequence[str], start: int, *, verb_due: bool) -> int:
    """Return one past the chunk that begins at `start`, or `start` if none does.

    Args:
        words: In lower case.
        kinds: Of the words, by `find_kinds`.
        start: First word that may belong to it.
        verb_due: Whether a participle here is a verb, `dog wearing shoes`, and none `burning candles`.
    """
    end, noun = start, verb_due
    while end < len(kinds) and _goes_on(words, kinds, start, end, noun=noun):
        noun = kinds[end] == "NOUN" or (noun and kinds[end] != "OWNER" and end > start)
        end += 1
    while end > start and kinds[end - 1] in {"ADV", "CCONJ", "PUNCT", "OWNER"}:
        end -= 1
    return end


def _goes_on(words: Sequence[str], kinds: Sequence[str], start: int, place: int, *, noun: bool) -> bool:
    """Say whether the word at `place` belongs to the chunk that began at `start`."""
    before = kinds[place - 1] if place > start else ""
    after = kinds[place + 1] if place + 1 < len(kinds) else ""
    match kinds[place]:
        case "DET" | "POSS":
            fits = before in {"", "DET", "POSS", "ADV"}
        case "PRON":
            fits = not before
        case "NOUN" | "NUM" | "ADJ":
            fits = before != "PRON"
        case "VERB":  # `a running dog`, `blurred detail`, but not `running in the rain`
            fits = not noun and words[place].endswith(_PARTICIPLES) and after in {"NOUN", "ADJ", "VERB"}
        case "ADV":
            fits = not noun and after in {"ADJ", "ADV", "NUM"}
        case "CCONJ" | "PUNCT":
            fits = not noun and before in _MODIFIERS and _leads_to_noun(kinds, place + 1)
        case "OWNER":
            fits = before == "NOUN"
        case _:
            fits = False
    return fits


def _leads_to_noun(kinds: Sequence[str], place: int) -> bool:
    """Say whether only adjectives are between here and a noun: `red and (dark blue car)`."""
    first = place
    while place < len(kinds) and kinds[place] in {"ADJ", "VERB", "ADV"}:
        place += 1
    return first < place < len(kinds) and kinds[place] == "NOUN"


def hang_chunk(kinds: Sequence[str], edges: Sequence[Edge], start: int, end: int) -> int:
    """Hang the words from `start` to before `end` on the head of their chunk, and return that."""
    owners = [place for place in range(start, end) if kinds[place] == "OWNER"]
    head = _head(kinds, owners[-1] + 1 if owners else start, end)
    for mark in owners:
        owner = _head(kinds, start, mark)
        _hang_words(kinds, edges, start, mark, owner)
        edges[mark].hang(owner, "case")
        edges[owner].hang(head, "nmod:poss")
        start = mark + 1
    _hang_words(kinds, edges, start, end, head)
    return head


def _head(kinds: Sequence[str], start: int, end: int) -> int:
    """Return the last noun, or the last word where there is none."""
    return max((place for place in range(start, end) if kinds[place] == "NOUN"), default=end - 1)


def _hang_words(kinds: Sequence[str], edges: Sequence[Edge], start: int, end: int, head: int) -> None:
    first: int | None = None
    """The adjective that a coordinated one joins."""
    for place in range(start, end):
        kind = kinds[place]
        if place == head:
            continue
        if kind in {"ADV", "CCONJ", "PUNCT"}:
            relation = {"ADV": "advmod", "CCONJ": "cc", "PUNCT": "punct"}[kind]
            edges[place].hang(place + 1 if place + 1 < end else head, relation)
        elif first is not None and kinds[place - 1] in {"CCONJ", "PUNCT"}:
            edges[place].hang(first, "conj")
        else:
            edges[place].hang(head, _RELATIONS[kind])
            first = place if kind in _MODIFIERS else first

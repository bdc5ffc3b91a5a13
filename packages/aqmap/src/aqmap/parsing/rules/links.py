"""Heads and relations from parts of speech: how the chunks of a segment hang on each other.

From left to right: by a preposition (`nmod`), a conjunction (`conj`), a verb (`acl`, with its `obj`), or,
where only a comma is between them, as a `list`.
"""

from __future__ import annotations

from collections.abc import Sequence

from aqmap.parsing.rules.chunks import Edge, find_end, find_kinds, hang_chunk
from aqmap.parsing.rules.words import find_prepositions, lower

_NOMINAL = frozenset({"NOUN", "NUM", "PRON"})
_WAITING = {
    "ADP": "case",
    "ADV": "advmod",
    "AUX": "aux",
    "CCONJ": "cc",
    "OWNER": "case",
    "PART": "advmod",
    "PUNCT": "punct",
    "REL": "nsubj",
    "SCONJ": "mark",
}
"""How a word of each kind hangs on the chunk or verb after it."""


def link(words: Sequence[str], tags: Sequence[str]) -> list[Edge]:
    """Return the edges of a tree with one root; none for no words."""
    return _Linker([lower(word) for word in words], tags).run()


class _Linker:
    """One pass over a segment, with what was seen last."""

    def __init__(self, words: Sequence[str], tags: Sequence[str]) -> None:
        self.words, self.kinds = words, find_kinds(words, tags)
        self.edges = [Edge(upos=upos) for upos in tags]
        self.root: int | None = None
        self.noun: int | None = None
        """Head of the last nominal chunk."""
        self.verb: int | None = None
        self.waiting: list[int] = []
        """Words that hang on what follows."""

    def run(self) -> list[Edge]:
        prepositions = find_prepositions(self.words)
        place = 0
        while place < len(self.words):
            if place in prepositions:
                self._take_preposition(place, prepositions[place])
                place = prepositions[place]
                continue
            end = find_end(self.words, self.kinds, place, verb_due=self._verb_due)
            if end > place:
                self._take_chunk(hang_chunk(self.kinds, self.edges, place, end))
            elif self.kinds[place] == "VERB":
                self._take_verb(place)
            elif self.kinds[place] == "ADV" and self._last is not None:
                self.edges[place].hang(self._last, "advmod")
            else:
                self.waiting.append(place)
            place = max(end, place + 1)
        self._finish()
        return self.edges

    @property
    def _last(self) -> int | None:
        """The verb or noun that was last."""
        return max((index for index in (self.noun, self.verb) if index is not None), default=None)

    @property
    def _verb_due(self) -> bool:
        """Whether a participle is a verb here: right after a noun, or joined to a verb by `and`."""
        if self._waits("CCONJ"):
            return self.verb is not None
        return not self.waiting and self.noun is not None and self._last == self.noun

    def _take_preposition(self, start: int, end: int) -> None:
        """Take `in front of` as one."""
        for index in range(start, end):
            self.edges[index].upos = self.kinds[index] = "ADP"
            if index > start:
                self.edges[index].hang(start, "fixed")
        self.waiting.append(start)

    def _take_verb(self, index: int) -> None:
        if self.verb is not None and self._waits("CCONJ"):
            self._join(index, self.verb, "conj")
        elif self.noun is not None:
            self._join(index, self.noun, "acl")
        else:
            self._join(index, self.root, "parataxis")
        self.verb = index
        self._hang_waiting(index)

    def _take_chunk(self, head: int) -> None:
        nominal = self.kinds[head] in _NOMINAL
        after_verb = self.verb is not None and self._last == self.verb
        if self._last is None:
            self._join(head, self.root, "parataxis")
        elif self._waits("ADP"):
            self._join(head, self._last, "obl" if after_verb else "nmod")
        elif self.noun is not None and self._waits("CCONJ"):
            self._join(head, self._first_conjunct(self.noun), "conj")
        elif self._waits("PUNCT"):
            self._join(head, self.root, "list")
        elif after_verb:
            self._join(head, self.verb, "obj" if nominal else "xcomp")
        else:
            self._join(head, self.noun, "appos" if nominal else "amod")  # `the cat is black`
        self._hang_waiting(head)
        if nominal or self.noun is None:
            self.noun = head

    def _waits(self, kind: str) -> bool:
        return any(self.kinds[index] == kind for index in self.waiting)

    def _join(self, index: int, head: int | None, relation: str) -> None:
        if head is None:
            self.root = index
        else:
            self.edges[index].hang(head, relation)

    def _first_conjunct(self, index: int) -> int:
        edge = self.edges[index]
        return index if edge.head is None or edge.relation != "conj" else edge.head

    def _hang_waiting(self, head: int) -> None:
        verb = self.kinds[head] == "VERB"
        for index in self.waiting:
            relation = _WAITING[self.kinds[index]]
            if relation == "case" and verb:
                relation = "mark"
            elif relation == "aux" and not verb:
                relation = "cop"
            self.edges[index].hang(head, relation)
        self.waiting.clear()

    def _finish(self) -> None:
        """Hang what still waits on the root; without one the first word is it."""
        if self.root is None and self.waiting:
            self.root = next((index for index in self.waiting if self.kinds[index] != "PUNCT"), self.waiting[0])
        for index in self.waiting:
            if self.root is not None and index != self.root:
                self.edges[index].hang(self.root, "punct" if self.kinds[index] == "PUNCT" else "dep")

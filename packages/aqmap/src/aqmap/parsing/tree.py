"""Dependency trees of a prompt, independent of the parser that made them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from grefine_core import InputError

if TYPE_CHECKING:
    from nltk.parse import DependencyGraph

_GLUE = re.compile(r"[-'\u2019/&.]")
"""Punctuation that keeps words together where no space is beside it: `semi-truck`."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """One word or punctuation mark."""

    index: int
    """Place in its tree, from 0."""
    text: str
    start: int
    end: int
    """Characters in the user's text, `end` exclusive."""
    upos: str
    """Universal part of speech, such as NOUN."""
    head: int | None
    """Index of the token it hangs on; None for a root."""
    relation: str
    """Universal dependency relation, such as `amod` or `nmod:poss`."""


@dataclass(frozen=True)
class Tree:
    """The tokens of a text in their order; several roots where it was parsed in segments.

    Raises:
        InputError: If indices are not 0, 1, 2, ..., a head does not exist, or heads form a circle.
    """

    tokens: tuple[Token, ...]
    _children: tuple[tuple[int, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        children: list[list[int]] = [[] for _ in self.tokens]
        for place, token in enumerate(self.tokens):
            if token.index != place:
                raise InputError(f"Token {place} must have that index, got {token.index}.")
            if token.head is not None:
                if not 0 <= token.head < len(self.tokens):
                    raise InputError(f"Token {place} hangs on token {token.head}, which does not exist.")
                children[token.head].append(place)
        object.__setattr__(self, "_children", tuple(map(tuple, children)))
        if len(list(self.breadth_first())) != len(self.tokens):
            raise InputError("The heads of the tokens form a circle.")

    @classmethod
    def join(cls, trees: Sequence[Tree]) -> Tree:
        """Return one tree with the roots of all, tokens renumbered."""
        tokens: list[Token] = []
        for tree in trees:
            shift = len(tokens)
            tokens += [
                replace(token, index=token.index + shift, head=None if token.head is None else token.head + shift)
                for token in tree.tokens
            ]
        return cls(tuple(tokens))

    @property
    def roots(self) -> tuple[int, ...]:
        """Tokens that hang on none, in their order."""
        return tuple(token.index for token in self.tokens if token.head is None)

    def children(self, index: int) -> tuple[int, ...]:
        """Return the tokens that hang on one, in their order."""
        return self._children[index]

    def ancestors(self, index: int) -> Iterator[int]:
        """Yield the tokens above one, its head first."""
        head = self.tokens[index].head
        while head is not None:
            yield head
            head = self.tokens[head].head

    def breadth_first(self, start: int | None = None) -> Iterator[int]:
        """Yield the tokens from one down, or from all roots: heads before what hangs on them."""
        queue = deque(self.roots if start is None else (start,))
        while queue:
            index = queue.popleft()
            yield index
            queue.extend(self._children[index])

    def distances(self, start: int) -> dict[int, int]:
        """Return the number of edges from one token to every token that it is joined with."""
        found = {start: 0}
        queue = deque([start])
        while queue:
            index = queue.popleft()
            head = self.tokens[index].head
            for neighbour in (*self._children[index], *(() if head is None else (head,))):
                if neighbour not in found:
                    found[neighbour] = found[index] + 1
                    queue.append(neighbour)
        return found

    def distance(self, a: int, b: int) -> int | None:
        """Return the number of edges between two tokens; None if they hang on different roots."""
        return self.distances(a).get(b)

    def wording(self, indices: Sequence[int]) -> str:
        """Return the words of tokens as a phrase: with single spaces, and none where the text has none.

        Args:
            indices: Tokens in rising order.
        """
        shown = [
            index
            for place, index in enumerate(indices)
            if not place or not self._same_place(indices[place - 1], index)  # parts of one word: French `du`
        ]
        gaps = ["", *(self._gap(left, right) for left, right in pairwise(shown))]
        return "".join(gap + self.tokens[index].text for gap, index in zip(gaps, shown, strict=True))

    def to_conllu(self) -> str:
        """Return the tree as CoNLL-U, see `write_conllu`."""
        from aqmap.parsing.conllu import write_conllu

        return write_conllu(self)

    def to_nltk(self) -> DependencyGraph:
        """Return the tree as a dependency graph of nltk, see `to_graph`.

        Raises:
            InputError: If nltk is not installed, or there are no tokens.
        """
        from aqmap.parsing.nltk_graph import to_graph

        return to_graph(self)

    def _same_place(self, left: int, right: int) -> bool:
        a, b = self.tokens[left], self.tokens[right]
        return (a.start, a.end, a.text) == (b.start, b.end, b.text)

    def _gap(self, left: int, right: int) -> str:
        """Return what the wording has between two tokens: a hyphen, nothing, or a space."""
        stretch = self.tokens[left : right + 1]
        touching = all(a.end == b.start for a, b in pairwise(stretch))
        between = "".join(token.text for token in stretch[1:-1])
        return between if touching and (not between or _GLUE.fullmatch(between)) else " "

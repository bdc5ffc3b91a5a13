"""Which phrase each phrase hangs on: Algorithm 1 of G-Refine (arXiv:2404.18343)."""

from __future__ import annotations

from collections.abc import Sequence

from aqmap.parsing.tree import Tree
from aqmap.phrases import Phrase, is_noun


def find_ancestors(tree: Tree, phrases: Sequence[Phrase]) -> tuple[int, ...]:
    """Return for each phrase the index of its ancestor phrase; its own where it has none.

    Breadth first from the root: where a token's phrase is not its parent's, the first noun above
    the token names the ancestor. The first assignment stands; one that would close a circle is
    left out. Where no noun is above, the root's phrase is the ancestor: a verb as root ("girls
    wearing hats") stands for its subject.
    """
    phrase_of = {index: number for number, phrase in enumerate(phrases) for index in phrase.tokens}
    found = list(range(len(phrases)))
    for index in tree.breadth_first():
        own, head = phrase_of.get(index), tree.tokens[index].head
        if own is None or head is None or phrase_of.get(head) == own or found[own] != own:
            continue
        ancestor = _phrase_above(tree, index, phrase_of)
        if ancestor is not None and own not in _chain(found, ancestor):
            found[own] = ancestor
    return tuple(found)


def _phrase_above(tree: Tree, index: int, phrase_of: dict[int, int]) -> int | None:
    above = list(tree.ancestors(index))
    noun = next((place for place in above if is_noun(tree.tokens[place])), above[-1])
    return phrase_of.get(noun)


def _chain(found: Sequence[int], start: int) -> list[int]:
    """Return a phrase and all above it."""
    chain = [start]
    while found[chain[-1]] != chain[-1]:
        chain.append(found[chain[-1]])
    return chain

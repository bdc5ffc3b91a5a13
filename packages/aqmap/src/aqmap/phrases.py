"""Nouns and their phrases, eq. (4) of G-Refine (arXiv:2404.18343)."""

from __future__ import annotations

from dataclasses import dataclass

from aqmap.parsing.tree import Token, Tree
from aqmap.prompts.segments import has_word

NOUNS = frozenset({"NOUN", "PROPN"})
SILENT = frozenset({"PUNCT", "DET", "CCONJ", "SCONJ"})
"""Parts of speech that join no phrase's wording."""
FUNCTION_WORDS = frozenset({"ADP", "AUX", "PART", "PRON"})
"""Parts of speech that join the wording but say nothing of how the noun looks."""
_COMPOUNDS = frozenset({"compound", "flat"})


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A noun and the words that belong to it, by their places in the tree."""

    noun: tuple[int, ...]
    """The noun with its compound parts, in the order of the text."""
    tokens: tuple[int, ...]
    """All words, the noun's included, in the order of the text."""
    attributed: bool
    """Whether a word beside the noun says how it looks; only then can an attribute be missing."""


def is_silent(token: Token) -> bool:
    """Say whether a token joins no phrase; what has no letter is silent whatever a tagger calls it."""
    return token.upos in SILENT or not has_word(token.text)


def is_content(token: Token) -> bool:
    """Say whether a token names or describes something that can be seen."""
    return not is_silent(token) and token.upos not in FUNCTION_WORDS


def is_noun(token: Token) -> bool:
    """Say whether a token is a noun or a name."""
    return token.upos in NOUNS and has_word(token.text)


def find_phrases(tree: Tree, *, join_compounds: bool = True, parts_apart: bool = False) -> tuple[Phrase, ...]:
    """Return the phrases of a tree in the order of their nouns; no two share a token.

    Every token that is not silent is in one phrase: that of the noun at the smallest tree distance;
    on a tie that of a noun above it, then of the earlier one. Where a segment has no noun, its words
    go to the main noun of the segment before it; if it is the first or begins with an article, of
    the one after it. Without any noun all words are one phrase.

    Args:
        tree: One tree, or the joined trees of several segments.
        join_compounds: Whether `fire hydrant` is one noun; eq. (4) as printed keeps its words apart.
        parts_apart: Whether a segment without a noun is a phrase of its own. A list of what is not wanted,
            "extra fingers, blurry", describes no picture, and no part of it another.
    """
    groups = _noun_groups(tree, join_compounds=join_compounds)
    if parts_apart:
        groups |= _nounless(tree, groups)
    if not groups:
        words = tuple(token.index for token in tree.tokens if has_word(token.text))
        return (Phrase(noun=words, tokens=words, attributed=False),) if words else ()
    owners = dict(groups)
    for root in tree.roots:
        members = sorted(tree.breadth_first(root))
        local = [index for index in members if index in groups]
        for index in members:
            if index not in groups and not is_silent(tree.tokens[index]):
                nearest = _nearest(tree, index, local) if local else _neighbour(tree, members, groups)
                owners[index] = groups[nearest]
    heads = dict.fromkeys(groups[index] for index in sorted(groups))  # by the first word of the noun
    return tuple(_phrase(tree, head, groups, owners) for head in heads)


def _noun_groups(tree: Tree, *, join_compounds: bool) -> dict[int, int]:
    """Return for every token that is part of a noun the token that heads this noun."""
    groups: dict[int, int] = {}
    for index in tree.breadth_first():  # heads come first
        token = tree.tokens[index]
        part = join_compounds and token.relation.split(":")[0] in _COMPOUNDS and not is_silent(token)
        if part and token.head in groups:
            groups[index] = groups[token.head]
        elif is_noun(token):
            groups[index] = index
    return groups


def _nounless(tree: Tree, groups: dict[int, int]) -> dict[int, int]:
    """Return the words of each segment without a noun, the first of them as their head."""
    found: dict[int, int] = {}
    for root in tree.roots:
        members = sorted(tree.breadth_first(root))
        words = [index for index in members if not is_silent(tree.tokens[index])]
        if words and groups.keys().isdisjoint(members):
            found |= dict.fromkeys(words, words[0])
    return found


def _nearest(tree: Tree, index: int, nouns: list[int]) -> int:
    distances = tree.distances(index)
    above = set(tree.ancestors(index))
    return min(nouns, key=lambda noun: (distances[noun], noun not in above, noun))


def _neighbour(tree: Tree, members: list[int], groups: dict[int, int]) -> int:
    """Return the noun that takes the words of a segment without one."""
    before = [noun for noun in groups if noun < members[0]]
    after = [noun for noun in groups if noun > members[0]]
    forward = bool(after) and (not before or tree.tokens[members[0]].upos == "DET")
    root = _root(tree, min(after) if forward else max(before))
    return next(index for index in tree.breadth_first(root) if index in groups)  # the highest: the main noun


def _root(tree: Tree, index: int) -> int:
    return [index, *tree.ancestors(index)][-1]


def _phrase(tree: Tree, head: int, groups: dict[int, int], owners: dict[int, int]) -> Phrase:
    tokens = tuple(sorted(index for index, owner in owners.items() if owner == head))
    noun = tuple(index for index in tokens if groups.get(index) == head)
    attributed = any(is_content(tree.tokens[index]) for index in tokens if index not in noun)
    return Phrase(noun=noun, tokens=tokens, attributed=attributed)

"""Which phrases image-text models cannot judge: what is not to be there, how many there are, praise.

Such models read "no hat" as "hat" and "three cats" as "cats", and "best quality" shows nothing. A
phrase of these kinds is reported as not judged instead of being scored wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from aqmap.parsing.tree import Tree
from aqmap.phrases import Phrase
from aqmap.prompts.negation import is_negation, is_number
from aqmap.prompts.prompt import Prompt

Reason = Literal["quality words", "negation", "count"]
"""Why a phrase is not judged."""


def find_reasons(prompt: Prompt, tree: Tree, phrases: Sequence[Phrase]) -> tuple[Reason | None, ...]:
    """Return for each phrase why it cannot be judged; None where it can.

    Args:
        prompt: The prompt, with the spans of quality words in `unjudged`.
        tree: Its tokens.
        phrases: Of the tree.
    """
    negated = _negated(tree)
    return tuple(_reason(prompt, tree, phrase, negated) for phrase in phrases)


def _reason(prompt: Prompt, tree: Tree, phrase: Phrase, negated: set[int]) -> Reason | None:
    tokens = [tree.tokens[index] for index in phrase.tokens]
    if all(any(start <= token.start < end for start, end in prompt.unjudged) for token in tokens):
        return "quality words"
    if not negated.isdisjoint(phrase.tokens):
        return "negation"
    attributes = [token for token in tokens if token.index not in phrase.noun]
    if any(token.upos == "NUM" and is_number(token.text) for token in attributes):
        return "count"
    return None


def _negated(tree: Tree) -> set[int]:
    """Return the tokens that a negation reaches: itself, its head, and what is joined to that."""
    reached: set[int] = set()
    for token in tree.tokens:
        if is_negation(token.text):
            reached.add(token.index)
            reached.update(() if token.head is None else _scope(tree, token.head))
    return reached


def _scope(tree: Tree, head: int) -> Iterator[int]:
    """Yield what is denied with a word: nouns beside a noun ("no hats or cats"), what a verb acts on."""
    yield head
    verb = tree.tokens[head].upos in {"VERB", "AUX"}
    for child in tree.children(head):
        relation = tree.tokens[child].relation.split(":")[0]
        if relation == "conj" or (verb and relation in {"obj", "iobj", "obl", "xcomp", "ccomp", "advcl"}):
            yield from _scope(tree, child)

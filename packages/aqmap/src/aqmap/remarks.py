"""What a user should know before trusting the scores of a prompt."""

from __future__ import annotations

from collections.abc import Iterator

from aqmap.parsing.tree import Tree
from aqmap.prompts.prompt import Prompt

_NEGATIONS = frozenset({"no", "not", "n't", "without", "never", "none", "nothing"})


def find_remarks(prompt: Prompt, tree: Tree, *, parts: int) -> tuple[str, ...]:
    """Return one sentence for each limit that the prompt meets.

    Args:
        prompt: The prompt.
        tree: Its tokens.
        parts: In how many parts the whole prompt was scored.
    """
    return tuple(_remarks(prompt, tree, parts))


def _remarks(prompt: Prompt, tree: Tree, parts: int) -> Iterator[str]:
    if parts > 1:
        yield f"The prompt exceeds the encoder's context; its score is the average over {parts} parts."
    negations = sorted({token.text.lower() for token in tree.tokens} & _NEGATIONS)
    if negations:
        yield f"Image-text models do not understand negation (`{'`, `'.join(negations)}`); its words count as wanted."
    counts = [token.text for token in tree.tokens if token.upos == "NUM"]
    if counts:
        yield f"Image-text models do not count well (`{'`, `'.join(counts)}`)."
    if not any("a" <= letter <= "z" for letter in prompt.text.lower()):
        yield "The prompt has no Latin letters; the parser and most encoders know English only."

"""The Parser protocol, how one is found, and how a prompt is parsed through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from aqmap.parsing.tree import Token, Tree
from aqmap.prompts.prompt import Prompt
from grefine_core import ParserPack, load_preset

PARSERS = "grefine.parsers"
"""Entry point group; each entry is a `Preset` whose `load()` returns a `ParserPack`."""


@runtime_checkable
class Parser(Protocol):
    """All that anyone may know of a dependency parser."""

    def parse(self, segments: Sequence[str]) -> list[Tree]:
        """Return one tree a segment, in order; places count from the start of the segment."""


def load_parser(preset: str = "mini") -> Parser:
    """Load the parser of an installed preset; it runs on the CPU.

    Raises:
        InputError: If no installed package offers the preset.
        WeightsError: If a file is absent, altered or unreadable.
    """
    from aqmap.parsing.stanza_parser import StanzaParser

    pack: ParserPack = load_preset(PARSERS, preset).load()
    return StanzaParser(pack)


def parse_prompt(prompt: Prompt, parser: Parser) -> Tree:
    """Parse the segments of a prompt in one call, and join their trees.

    Returns:
        One tree; places of its tokens count in the user's text, the words are those of the plain text.
    """
    trees = parser.parse([prompt.text[start:end] for start, end in prompt.segments])
    return Tree.join(
        [
            Tree(tuple(_place(token, prompt, start) for token in tree.tokens))
            for tree, (start, _) in zip(trees, prompt.segments, strict=True)
        ]
    )


def _place(token: Token, prompt: Prompt, shift: int) -> Token:
    """Move a token from its segment, that begins at `shift` of the plain text, to the user's text."""
    start, end = token.start + shift, token.end + shift
    return replace(
        token,
        text=prompt.text[start:end],  # parsers put placeholders for what they do not know
        start=prompt.origins[start],
        end=prompt.origins[end - 1] + 1,
    )

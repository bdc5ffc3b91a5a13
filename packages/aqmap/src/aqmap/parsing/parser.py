"""The Parser protocol, how one is found, and how prompts are parsed through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Protocol, runtime_checkable

from aqmap.parsing.limits import SECONDS, GuardedParser, ParsedSegment
from aqmap.parsing.rules import chunker
from aqmap.parsing.tree import Token, Tree
from aqmap.prompts.prompt import Prompt
from grefine_core import InputError, ParserPack, load_preset
from grefine_core.presets import DEFAULT_PRESET

PARSERS = "grefine.parsers"
"""Entry point group; each entry is a `Preset` whose `load()` returns a `ParserPack`."""
FORMS = "`stanza:LANG`, `stanza:LANG/PACKAGE`, `conllu:FILE` or `chunker`"
"""What names a parser beside an installed preset."""
_QUOTED = 40
"""Characters of a segment that a remark quotes."""


@runtime_checkable
class Parser(Protocol):
    """All that anyone may know of a dependency parser."""

    @property
    def name(self) -> str:
        """How remarks and listings call it."""

    def parse(self, segments: Sequence[str]) -> list[Tree]:
        """Return one tree a segment, in order; places count from the start of the segment."""


@dataclass(frozen=True, kw_only=True)
class ParsedPrompt:
    """The tree of a whole prompt."""

    tree: Tree
    """Places of its tokens count in the user's text, the words are those of the plain text."""
    remarks: tuple[str, ...] = ()
    """Which parts the parser did not read, and why, one sentence each; those were read by simple rules."""


def load_parser(preset: str = DEFAULT_PRESET, *, seconds: float = SECONDS) -> Parser:
    """Load a parser; it runs on the CPU and always answers.

    Args:
        preset: An installed preset; `stanza:LANG` or `stanza:LANG/PACKAGE` for stanza's own models, downloaded
            once; `conllu:FILE` for trees that are written down; `chunker` for simple rules without a model.
        seconds: After how long without an answer simple rules take over, see `GuardedParser`.

    Raises:
        InputError: If no such parser is installed or known, a file cannot be read, or `seconds` is not above 0.
        WeightsError: If a file is absent, altered or unreadable, or cannot be downloaded.
    """
    if preset == chunker.NAME:
        return chunker.Chunker()
    return GuardedParser(_load(preset), seconds=seconds)


def _load(preset: str) -> Parser:
    kind, _, rest = preset.partition(":")
    if kind == "conllu" and rest:
        from aqmap.parsing.conllu_parser import ConlluParser

        return ConlluParser.read(Path(rest))
    if kind == "stanza" and rest:
        from aqmap.parsing.stanza_models import load_models

        return load_models(rest)
    try:
        record = load_preset(PARSERS, preset)
    except InputError as error:
        raise InputError(f"{str(error).rstrip('.')}; a parser may also be {FORMS}.") from None
    from aqmap.parsing.stanza_parser import load_pack

    pack: ParserPack = record.load()
    return load_pack(pack)


def parse_prompt(prompt: Prompt, parser: Parser) -> ParsedPrompt:
    """Parse the segments of a prompt in one call, and join their trees."""
    return parse_prompts([prompt], parser)[0]


def parse_prompts(prompts: Sequence[Prompt], parser: Parser) -> list[ParsedPrompt]:
    """Parse all segments of all prompts in one call, repeated ones once.

    Writing ("a sign that says 'KEEP OFF'") is hidden from a parser behind a made-up noun, except from one that
    finds its trees by the words of a segment and says so by an attribute `by_words`.

    A parser that `load_parser` did not make is asked as it is: wrap it in a `GuardedParser` for its
    limits and for what happens where it fails.
    """
    by_words = getattr(parser, "by_words", False)
    asked = [prompt.plain_segments() if by_words else prompt.parser_segments() for prompt in prompts]
    distinct = list(dict.fromkeys(chain.from_iterable(asked)))
    parsed = dict(zip(distinct, _parse(parser, distinct), strict=True)) if distinct else {}
    return [
        _join(prompt, [parsed[text] for text in segments], parser.name)
        for prompt, segments in zip(prompts, asked, strict=True)
    ]


def _parse(parser: Parser, segments: list[str]) -> list[ParsedSegment]:
    if isinstance(parser, GuardedParser):
        return parser.parse_segments(segments)
    return [ParsedSegment(tree=tree) for tree in parser.parse(segments)]


def _join(prompt: Prompt, parsed: Sequence[ParsedSegment], name: str) -> ParsedPrompt:
    trees = [
        Tree(tuple(_place(token, prompt, start) for token in segment.tree.tokens))
        for segment, (start, _) in zip(parsed, prompt.segments, strict=True)
    ]
    remarks = _remarks(dict(zip(prompt.plain_segments(), parsed, strict=True)), name)
    return ParsedPrompt(tree=Tree.join(trees), remarks=remarks)


def _place(token: Token, prompt: Prompt, shift: int) -> Token:
    """Move a token from its segment, that begins at `shift` of the plain text, to the user's text."""
    start, end = token.start + shift, token.end + shift
    return replace(
        token,
        text=prompt.text[start:end],  # parsers put placeholders for what they do not know
        start=prompt.origins[start],
        end=prompt.origins[end - 1] + 1,
        upos="PROPN" if (start, end) in prompt.writing else token.upos,  # whatever a tagger makes of a made-up noun
    )


def _remarks(parsed: dict[str, ParsedSegment], name: str) -> tuple[str, ...]:
    """Return a sentence for each reason why rules read a part of the prompt."""
    reasons: dict[str, list[str]] = {}
    for text, segment in parsed.items():
        if segment.fallback:
            reasons.setdefault(segment.fallback, []).append(text)
    return tuple(
        f"{_subject(texts)} read by simple rules, not by the parser `{name}`: {reason}."
        for reason, texts in reasons.items()
    )


def _subject(texts: list[str]) -> str:
    first = texts[0] if len(texts[0]) <= _QUOTED else f"{texts[0][:_QUOTED].rstrip()}..."
    if len(texts) == 1:
        return f"The part `{first}` of the prompt was"
    return f"{len(texts)} parts of the prompt (the first is `{first}`) were"

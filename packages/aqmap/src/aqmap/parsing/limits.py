"""A parser that always answers: what is too long, too slow or breaks it is read by simple rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aqmap.parsing.rules.chunker import Chunker, find_tokens
from aqmap.parsing.tree import Tree
from aqmap.parsing.worker import LateError, Worker
from aqmap.prompts.segments import MAX_SEGMENT_CHARACTERS
from grefine_core import InputError
from grefine_core.downloads import first_line

if TYPE_CHECKING:
    from aqmap.parsing.parser import Parser

MAX_SEGMENT_TOKENS = 200
"""The longest sentence of real prompts has 60 words; a parser's time grows with the square of the length."""
SLICE_SEGMENTS = 128
"""Most segments that a parser gets at once: in larger slices it is hardly faster, and limits come late."""
SLICE_CHARACTERS = 4096
SECONDS = 60.0
"""Time for one slice. Ordinary ones take below a second, so that a busy machine does not change results."""


@dataclass(frozen=True, kw_only=True)
class ParsedSegment:
    """The tree of one segment, and whose it is."""

    tree: Tree
    fallback: str | None = None
    """Why simple rules made the tree, as the end of a sentence; None where the parser did."""


class GuardedParser:
    """Another parser with a limit on length and time; `Chunker` takes over what it does not answer."""

    def __init__(self, parser: Parser, *, seconds: float = SECONDS) -> None:
        """Wrap a parser.

        Args:
            parser: May raise anything, or never return.
            seconds: Time for at most `SLICE_SEGMENTS` segments.

        Raises:
            InputError: If `seconds` is not above 0.
        """
        if not seconds > 0:
            raise InputError(f"`seconds` must be above 0, got {seconds}.")
        self._parser, self._seconds = parser, seconds
        self._worker, self._rules = Worker(), Chunker()

    @property
    def name(self) -> str:
        """That of the wrapped parser."""
        return self._parser.name

    @property
    def by_words(self) -> bool:
        """Whether the wrapped parser finds its trees by the words, see `parse_prompts`."""
        return bool(getattr(self._parser, "by_words", False))

    def parse(self, segments: Sequence[str]) -> list[Tree]:
        """Return one tree a segment, in order."""
        return [segment.tree for segment in self.parse_segments(segments)]

    def parse_segments(self, segments: Sequence[str]) -> list[ParsedSegment]:
        """Return one tree a segment, in order, with the reason where the parser did not make it.

        Slices hold segments of like length, which parsers read fastest, and depend on nothing but the
        segments. The time limit holds for each slice; where it passes, this slice and all after it are
        read by rules, and so are later calls for as long as the parser stays away.
        """
        found: dict[int, ParsedSegment] = {}
        late = False
        for part in _slices(segments):
            texts = [segments[index] for index in part]
            answers = None if late else self._ask(texts)
            late = answers is None
            found.update(zip(part, answers or [self._give_up(text) for text in texts], strict=True))
        return [found.get(index) or self._refuse(segment) for index, segment in enumerate(segments)]

    def _ask(self, texts: Sequence[str]) -> list[ParsedSegment] | None:
        """Return the parser's answers; None if it is late. One that breaks it does not spoil its neighbours."""
        try:
            trees = self._worker.run(partial(self._parser.parse, texts), seconds=self._seconds)
            for text, tree in zip(texts, trees, strict=True):
                _check(tree, text)
        except LateError:
            return None
        except Exception as error:  # noqa: BLE001 - parsers are libraries of all kinds
            if len(texts) == 1:
                return [self._fall_back(texts[0], f"the parser failed on it ({first_line(error)})")]
            single = [self._ask([text]) for text in texts]
            return [answer for answers in single for answer in answers or ()] if None not in single else None
        return [ParsedSegment(tree=tree) for tree in trees]

    def _give_up(self, text: str) -> ParsedSegment:
        return self._fall_back(text, f"the parser did not answer within {self._seconds:g} seconds")

    def _refuse(self, text: str) -> ParsedSegment:
        if len(text) > MAX_SEGMENT_CHARACTERS:
            return self._fall_back(text, f"it has {len(text)} characters, more than {MAX_SEGMENT_CHARACTERS}")
        return self._fall_back(text, f"it has {_count_words(text)} words, more than {MAX_SEGMENT_TOKENS}")

    def _fall_back(self, text: str, reason: str) -> ParsedSegment:
        return ParsedSegment(tree=self._rules.parse([text])[0], fallback=reason)


def _slices(segments: Sequence[str]) -> Iterator[list[int]]:
    """Yield the places of the segments that are not too long, the shortest first, in bounded slices."""
    short = [index for index, text in enumerate(segments) if _is_short(text)]
    part: list[int] = []
    characters = 0
    for index in sorted(short, key=lambda index: len(segments[index])):
        if part and (len(part) == SLICE_SEGMENTS or characters + len(segments[index]) > SLICE_CHARACTERS):
            yield part
            part, characters = [], 0
        part.append(index)
        characters += len(segments[index])
    if part:
        yield part


def _is_short(text: str) -> bool:
    # a text of n tokens has n characters, and most need no counting
    if len(text) <= MAX_SEGMENT_TOKENS:
        return True
    return len(text) <= MAX_SEGMENT_CHARACTERS and _count_words(text) <= MAX_SEGMENT_TOKENS


def _count_words(text: str) -> int:
    """Return how many tokens a parser may make of a text: also one of each ideograph or syllable of East Asia."""
    return len(find_tokens(text)) + sum("\u2e80" <= character <= "\ud7ff" for character in text)


def _check(tree: Tree, text: str) -> None:
    """Refuse a tree that says nothing of its text, or has places outside of it."""
    place = 0
    for token in tree.tokens:
        if not place <= token.start < token.end <= len(text):
            raise InputError(f"Token {token.index} has the place {token.start}:{token.end} of {len(text)} characters.")
        place = token.start
    if not tree.tokens and text.strip():
        raise InputError("The tree is empty.")

"""Trees as CoNLL-U, the exchange format of Universal Dependencies (universaldependencies.org/format.html)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from aqmap.parsing.tree import Token, Tree
from grefine_core import InputError

_COLUMNS = 10
_WORD = re.compile(r"[1-9]\d*")
_RANGE = re.compile(r"([1-9]\d*)-([1-9]\d*)")
_EMPTY_NODE = re.compile(r"\d+\.\d+")
_TEXT = re.compile(r"#\s*text\s*=\s*(.*)")


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One sentence of a file."""

    text: str
    """With single spaces; places in the tree count from its start."""
    tree: Tree


def write_conllu(tree: Tree) -> str:
    """Return a tree as CoNLL-U, a sentence for each root, with a blank line after each.

    MISC has the places in the user's text as `start_char` and `end_char`, as stanza writes them. Roots
    whose words stand between each other's share one sentence.
    """
    return "".join(_write(tree, members) for members in _sentences(tree))


def _sentences(tree: Tree) -> list[list[int]]:
    """Return the tokens of each sentence, in order."""
    parts = [sorted(tree.breadth_first(root)) for root in tree.roots]
    if all(part[-1] - part[0] + 1 == len(part) for part in parts):
        return parts
    return [list(range(len(tree.tokens)))]


def _write(tree: Tree, members: Sequence[int]) -> str:
    numbers = {index: number for number, index in enumerate(members, start=1)}
    tokens = (tree.tokens[index] for index in members)
    # words with one place are the parts of one word: French `du`
    groups = [list(group) for _, group in groupby(tokens, key=lambda token: (token.start, token.end))]
    text, lines = "", []
    for group, after in zip_longest(groups, groups[1:]):
        touches = after is not None and group[0].end == after[0].start
        misc = f"start_char={group[0].start}|end_char={group[0].end}" + "|SpaceAfter=No" * touches
        text += _clean(group[0].text) + " " * (not touches)
        if len(group) > 1:
            first, last = numbers[group[0].index], numbers[group[-1].index]
            lines.append("\t".join([f"{first}-{last}", _clean(group[0].text), *"_______", misc]))
            misc = "_"
        for token in group:
            head = "0" if token.head is None else str(numbers[token.head])
            cells = (str(numbers[token.index]), _clean(token.text), "_", token.upos, "_", "_", head, token.relation)
            lines.append("\t".join([*cells, "_", misc]))
    return "\n".join([f"# text = {text.strip()}", *lines]) + "\n\n"


def _clean(text: str) -> str:
    return " ".join(text.split()) or "_"


def read_conllu(text: str, *, source: str = "the CoNLL-U text") -> list[Sentence]:
    """Return the sentences of a CoNLL-U text; empty nodes are left out.

    Words get their places from `# text`, or without it from their forms and `SpaceAfter=No`.

    Args:
        text: All of it.
        source: What errors call it.

    Raises:
        InputError: If a line breaks the format; the message names it.
    """
    sentences = []
    block: list[tuple[int, str]] = []
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.strip():
            block.append((number, line))
        elif block:
            sentence = _Reader(source, block).read()
            if sentence is not None:
                sentences.append(sentence)
            block = []
    return sentences


@dataclass(frozen=True, kw_only=True)
class _Word:
    """One line that is a word or a multi-word token."""

    line: int
    first: int
    last: int
    """The numbers of the words that it is; the same for a word."""
    form: str
    upos: str
    head: str
    relation: str
    space_after: bool


class _Reader:
    """One sentence."""

    def __init__(self, source: str, lines: Sequence[tuple[int, str]]) -> None:
        self.source, self.lines = source, lines

    def read(self) -> Sentence | None:
        """Return the sentence; None if it has no words."""
        rows = [row for number, line in self.lines if (row := self._row(number, line))]
        words = [row for row in rows if row.first == row.last]
        for expected, word in enumerate(words, start=1):
            if word.first != expected:
                raise self._error(word.line, f"word {word.first} stands where {expected} is due")
        if not words:
            return None
        text, spans = self._lay(rows)
        tokens = [self._token(word, spans[word.first], len(words)) for word in words]
        try:
            return Sentence(text=text, tree=Tree(tuple(tokens)))
        except InputError as error:  # a circle
            raise self._error(self.lines[0][0], f"the sentence that begins here is no tree. {error}") from None

    def _row(self, number: int, line: str) -> _Word | None:
        """Return the word of a line; None for a comment or an empty node."""
        if line.startswith("#"):
            return None
        cells = line.split("\t")
        if len(cells) != _COLUMNS:
            raise self._error(number, f"a word has {_COLUMNS} columns with tabs between them, this line {len(cells)}")
        if _EMPTY_NODE.fullmatch(cells[0]):
            return None
        span = _RANGE.fullmatch(cells[0])
        if not span and not _WORD.fullmatch(cells[0]):
            raise self._error(number, f"`{cells[0]}` is no number of a word")
        first, last = (int(span[1]), int(span[2])) if span else (int(cells[0]), int(cells[0]))
        if last < first or (span and last == first):
            raise self._error(number, f"`{cells[0]}` is no range of words")
        if not (form := " ".join(cells[1].split())):
            raise self._error(number, "the word has no form")
        return _Word(
            line=number,
            first=first,
            last=last,
            form=form,
            upos=cells[3].strip(),
            head=cells[6].strip(),
            relation=cells[7].strip(),
            space_after="SpaceAfter=No" not in cells[9].split("|"),
        )

    def _lay(self, rows: Sequence[_Word]) -> tuple[str, dict[int, tuple[int, int]]]:
        """Return the text of the sentence and the span of each word in it, by its number."""
        surface = list(_surface(rows))
        text = next((" ".join(found[1].split()) for _, line in self.lines if (found := _TEXT.fullmatch(line))), "")
        if not text:
            text = "".join(row.form + " " * row.space_after for row in surface).strip()
        spans: dict[int, tuple[int, int]] = {}
        forms = {row.first: row.form for row in rows if row.first == row.last}
        end = 0
        for row in surface:
            start = end + (text[end : end + 1] == " ")
            end = start + len(row.form)
            if text[start:end] != row.form:
                raise self._error(row.line, f"`{row.form}` is not what comes next in the text of the sentence")
            spans |= _part(start, row, forms)
        return text, spans

    def _token(self, word: _Word, span: tuple[int, int], count: int) -> Token:
        if not word.head.isdecimal() or int(word.head) > count:
            raise self._error(word.line, f"the head must be a number from 0 to {count}, got `{word.head}`")
        return Token(
            index=word.first - 1,
            text=word.form,
            start=span[0],
            end=span[1],
            upos="X" if word.upos == "_" else word.upos,
            head=int(word.head) - 1 if int(word.head) else None,
            relation="dep" if word.relation == "_" else word.relation,
        )

    def _error(self, line: int, what: str) -> InputError:
        return InputError(f"Line {line} of {self.source}: {what.rstrip('.')}.")


def _surface(rows: Sequence[_Word]) -> Iterator[_Word]:
    """Yield what stands in the text: multi-word tokens instead of their words."""
    done = 0
    for row in rows:
        if row.first > done:
            yield row
            done = row.last


def _part(start: int, row: _Word, forms: dict[int, str]) -> dict[int, tuple[int, int]]:
    """Return the spans of the words of a token: their own where they make it up, `do` + `n't`, else the token's."""
    numbers = range(row.first, row.last + 1)
    parts = [forms.get(number, "") for number in numbers]
    if "".join(parts) != row.form:
        return dict.fromkeys(numbers, (start, start + len(row.form)))
    spans = {}
    for number, part in zip(numbers, parts, strict=True):
        spans[number] = (start, start + len(part))
        start += len(part)
    return spans

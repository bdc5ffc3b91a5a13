"""CoNLL-U files as stanza's data sets want them, without its costly documents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.parser.treebank import Sentence, parse_conllu


class Rows:
    """What stanza's training data sets ask of a document."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self.sentences = sentences

    def get(self, fields: Sequence[str], *, as_sentences: bool) -> list[list[list[str]]]:
        """Return the fields of all words by sentence; `_` for those that were dropped."""
        if not as_sentences:
            raise NotImplementedError("Rows gives sentences only.")
        columns = {"text": "form", "upos": "upos", "xpos": "xpos", "head": "head", "deprel": "relation"}
        names = [columns.get(field) for field in fields]
        return [[[_value(word, name) for name in names] for word in sentence] for sentence in self.sentences]


def _value(word: Any, name: str | None) -> str:
    return "_" if name is None else str(getattr(word, name))


def read_rows(file: Path) -> Rows:
    """Return the sentences of a CoNLL-U file."""
    return Rows(parse_conllu(file.read_text(encoding="utf-8")))

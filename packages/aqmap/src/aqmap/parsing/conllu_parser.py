"""Trees that are written down, behind the Parser protocol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from aqmap.parsing.conllu import Sentence, read_conllu
from aqmap.parsing.tree import Tree
from grefine_core import InputError


class ConlluParser:
    """Answer with the tree of the sentence that has the same text."""

    by_words = True
    """`parse_prompts` hides no writing from it: the words are what it finds trees by."""

    def __init__(self, sentences: Iterable[Sentence], *, name: str = "conllu") -> None:
        """Take the trees; of several for one text the first counts."""
        self._trees: dict[str, Tree] = {}
        for sentence in sentences:
            self._trees.setdefault(sentence.text, sentence.tree)
        self._name = name

    @classmethod
    def read(cls, path: Path) -> ConlluParser:
        """Read a CoNLL-U file.

        Raises:
            InputError: If it cannot be read, or a line breaks the format.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise InputError(f"The trees in {path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise InputError(f"The trees in {path} cannot be read: it is no text in UTF-8.") from error
        return cls(read_conllu(text, source=str(path)), name=f"conllu:{path.name}")

    @property
    def name(self) -> str:
        """The file."""
        return self._name

    def parse(self, segments: Sequence[str]) -> list[Tree]:
        """Return one tree a segment, in order; a blank segment has an empty one.

        Raises:
            InputError: If no sentence has the text of a segment.
        """
        return [self._find(" ".join(segment.split())) for segment in segments]

    def _find(self, text: str) -> Tree:
        if not text:
            return Tree(())
        if text not in self._trees:
            raise InputError("No sentence has this text.")
        return self._trees[text]

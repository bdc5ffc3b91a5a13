"""Read and write CoNLL-U, and prepare treebanks for a pipeline of tokenizer, tagger and parser.

Lemmas and features are dropped: without a lemmatizer the pipeline feeds `_`, so the parser must be
trained on `_`. Multi-word tokens become plain words (do + n't), which the tokenizer learns to cut.
"""

from __future__ import annotations

import lzma
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

FOLDED = {
    "obl:tmod": "obl:unmarked",
    "obl:npmod": "obl:unmarked",
    "nmod:tmod": "nmod:unmarked",
    "nmod:npmod": "nmod:unmarked",
    "flat:foreign": "flat",
}
"""Labels of older releases, by their names in EWT."""
TRAINING = ("en_ewt-train", "en_gum-train", "en_pud-test")
"""PUD has one file and no split; it is used for training only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """One word of a sentence."""

    form: str
    upos: str
    xpos: str
    head: int
    """Position of the head, from 1; 0 is the root."""
    relation: str
    space_after: bool = True
    lemma: str = "_"
    """Only as read; it is not written, since the models must not see it."""


Sentence = tuple[Word, ...]


def treebank_folder(argument: str | None) -> Path:
    """Return the treebank folder within the data folder; exit with one sentence if absent."""
    name = argument or os.environ.get("GREFINE_DATA")
    if not name:
        raise SystemExit("Give the data folder as an argument or in GREFINE_DATA.")
    folder = Path(name) / "treebank"
    if not (folder / "en_ewt-train.conllu.xz").is_file():
        raise SystemExit(f"{name} has no treebank/en_ewt-train.conllu.xz, so it is not the data folder.")
    return folder


def parse_conllu(text: str) -> list[Sentence]:
    """Return the sentences of CoNLL-U text, multi-word tokens split and labels folded."""
    return [words for block in text.split("\n\n") if (words := _words(block))]


def _words(block: str) -> Sentence:
    words: list[Word] = []
    joined_until = 0  # the words of a multi-word token up to here are written without spaces
    space_after_token = True
    for line in block.splitlines():
        if not line or line.startswith("#"):
            continue
        number, form, lemma, upos, xpos, _, head, relation, _, misc = line.split("\t")
        if "-" in number:
            joined_until = int(number.split("-")[1])
            space_after_token = "SpaceAfter=No" not in misc
            continue
        position = int(number)
        space = "SpaceAfter=No" not in misc
        if position <= joined_until:
            space = position == joined_until and space_after_token
        word = Word(
            form=form,
            upos=upos,
            xpos=xpos,
            head=int(head),
            relation=FOLDED.get(relation, relation),
            space_after=space,
            lemma=lemma,
        )
        words.append(word)
    return tuple(words)


def read_treebank(folder: Path, name: str) -> list[Sentence]:
    """Return the sentences of one file of the treebank folder."""
    with lzma.open(folder / f"{name}.conllu.xz", "rt", encoding="utf-8") as file:
        return parse_conllu(file.read())


def write_conllu(file: Path, sentences: Iterable[Sentence]) -> None:
    """Write sentences in a form that stanza reads."""
    with file.open("w", encoding="utf-8") as stream:
        for sentence in sentences:
            for number, word in enumerate(sentence, 1):
                misc = "_" if word.space_after else "SpaceAfter=No"
                columns = (str(number), word.form, "_", word.upos, word.xpos, "_", str(word.head), word.relation)
                stream.write("\t".join((*columns, "_", misc)) + "\n")
            stream.write("\n")


def text_of(sentence: Sentence) -> str:
    """Return the sentence as it was written."""
    return "".join(word.form + " " * word.space_after for word in sentence).rstrip()


def lowered(sentence: Sentence) -> Sentence:
    """Return the sentence in lower case."""
    return tuple(replace(word, form=word.form.lower()) for word in sentence)


def without_final_stop(sentence: Sentence) -> Sentence:
    """Return the sentence without punctuation at its end, as far as no word hangs on it."""
    words = list(sentence)
    while len(words) > 1 and words[-1].upos == "PUNCT" and all(word.head != len(words) for word in words):
        words.pop()
    return (*words[:-1], replace(words[-1], space_after=True))


def is_short(sentence: Sentence, *, words: int = 40, letters: int = 18) -> bool:
    """Tell whether a sentence is worth its time: one long address sets the steps of a whole batch."""
    return len(sentence) <= words and all(len(word.form) <= letters for word in sentence)

from __future__ import annotations

import pytest

from aqmap.parsing.rules.chunks import Edge, find_end, find_kinds, hang_chunk
from aqmap.parsing.rules.words import tag


def chunk(text: str, *, verb_due: bool = False) -> str:
    words = text.split()
    kinds = find_kinds(words, tag(words))
    return " ".join(words[: find_end(words, kinds, 0, verb_due=verb_due)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a big red cat on a mat", "a big red cat"),
        ("a running dog", "a running dog"),
        ("a dog running fast", "a dog"),
        ("a red and blue car and a dog", "a red and blue car"),
        ("black and white", "black"),
        ("the old man 's hat", "the old man 's hat"),
        ("her hat", "her hat"),
        ("it stands", "it"),
        ("very old cats the end", "very old cats"),
        ("and a cat", ""),
        (", cat", ""),
    ],
)
def test_chunk_ends_where_its_noun_does(text: str, expected: str) -> None:
    assert chunk(text) == expected


def test_participle_is_a_verb_where_one_is_due() -> None:
    assert chunk("wearing shoes", verb_due=True) == ""
    assert chunk("burning candles") == "burning candles"


def test_words_hang_on_the_last_noun() -> None:
    words = ["the", "old", "man", "'s", "very", "dark", "blue", "straw", "hat"]
    tags = tag(words)
    edges = [Edge(upos=upos) for upos in tags]
    assert hang_chunk(find_kinds(words, tags), edges, 0, len(words)) == 8
    assert [(edge.head, edge.relation) for edge in edges] == [
        (2, "det"),
        (2, "amod"),
        (8, "nmod:poss"),
        (2, "case"),
        (5, "advmod"),
        (8, "amod"),
        (8, "amod"),
        (8, "compound"),
        (None, "root"),
    ]

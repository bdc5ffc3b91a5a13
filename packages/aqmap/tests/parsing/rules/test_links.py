from __future__ import annotations

import pytest

from aqmap.parsing.rules.links import link
from aqmap.parsing.rules.words import tag


def edges(text: str) -> dict[str, str]:
    """Return for each word what it hangs on and how; words must differ."""
    words = text.split()
    found = link(words, tag(words))
    return {
        word: edge.relation if edge.head is None else f"{edge.relation} {words[edge.head]}"
        for word, edge in zip(words, found, strict=True)
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat on mat", {"cat": "root", "on": "case mat", "mat": "nmod cat"}),
        ("in rain", {"in": "case rain", "rain": "root"}),
        ("girl wearing hats", {"wearing": "acl girl", "hats": "obj wearing"}),
        ("dog running in rain", {"running": "acl dog", "rain": "obl running"}),
        ("cat , dog and bird", {"dog": "list cat", "bird": "conj dog", "and": "cc bird", ",": "punct dog"}),
        ("cat and dog and bird", {"dog": "conj cat", "bird": "conj cat"}),
        ("girl wearing hats and holding bones", {"holding": "conj wearing", "bones": "obj holding"}),
        ("cat is black", {"is": "cop black", "black": "amod cat"}),
        ("cat is sleeping", {"is": "aux sleeping", "sleeping": "acl cat"}),
        ("girl who sings", {"who": "nsubj sings", "sings": "acl girl"}),
        ("cat to the left of dog", {"to": "case dog", "the": "fixed to", "left": "fixed to", "dog": "nmod cat"}),
        ("of", {"of": "root"}),
        ("cat of", {"cat": "root", "of": "dep cat"}),
        ("... !", {"...": "root", "!": "punct ..."}),
    ],
)
def test_words_hang_together(text: str, expected: dict[str, str]) -> None:
    found = edges(text)
    assert {word: found[word] for word in expected} == expected


def test_nouns_of_a_preposition_are_no_nouns() -> None:
    words = ["a", "cat", "in", "front", "of", "a", "dog"]
    assert [edge.upos for edge in link(words, tag(words))][2:5] == ["ADP", "ADP", "ADP"]


def test_no_words_have_no_edges() -> None:
    assert link([], []) == []

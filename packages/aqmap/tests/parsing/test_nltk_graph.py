from __future__ import annotations

import sys

import pytest

from aqmap.parsing.nltk_graph import from_graph
from aqmap.parsing.tree import Tree
from grefine_core import InputError

CAT = "a/DET/2/det red/ADJ/2/amod cat/NOUN/-/root on/ADP/5/case a/DET/5/det mat/NOUN/2/nmod"


@pytest.fixture(autouse=True)
def needs_nltk() -> None:
    pytest.importorskip("nltk", reason="needs the extra `nltk`")


def test_graph_is_turned_back_into_the_tree(grow) -> None:
    tree = Tree.join([grow(CAT), grow("sky/NOUN/-/root")])
    assert from_graph(tree.to_nltk()) == tree


def test_tree_of_one_root_begins_at_it(grow) -> None:
    assert str(grow(CAT).to_nltk().tree()) == "(cat a red (mat on a))"


def test_tree_of_several_roots_begins_above_them(grow) -> None:
    tree = Tree.join([grow("red/ADJ/1/amod cat/NOUN/-/root"), grow("sky/NOUN/-/root")])
    assert str(tree.to_nltk().tree()) == "(TOP (cat red) sky)"


def test_triples_have_words_tags_and_relations(grow) -> None:
    assert list(grow("red/ADJ/1/amod cat/NOUN/-/root").to_nltk().triples()) == [
        (("cat", "NOUN"), "amod", ("red", "ADJ"))
    ]


def test_graph_without_places_is_laid_out_with_spaces() -> None:
    from nltk.parse import DependencyGraph

    graph = DependencyGraph("red ADJ 2 amod\ncat NOUN 0 ROOT")
    assert [(token.text, token.start, token.end, token.head) for token in from_graph(graph).tokens] == [
        ("red", 0, 3, 1),
        ("cat", 4, 7, None),
    ]


def test_graph_of_no_words_is_refused() -> None:
    with pytest.raises(InputError, match="A tree without words has no graph"):
        Tree(()).to_nltk()


def test_absence_of_nltk_names_the_extra(grow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nltk.parse", None)
    with pytest.raises(InputError, match=r"install it with `pip install 'aqmap\[nltk\]'`"):
        grow(CAT).to_nltk()

from __future__ import annotations

from aqmap.ancestors import find_ancestors
from aqmap.parsing.tree import Tree
from aqmap.phrases import Phrase, find_phrases


def ancestors(tree: Tree) -> tuple[int, ...]:
    return find_ancestors(tree, find_phrases(tree))


def test_phrase_hangs_on_the_noun_above_it(grow) -> None:
    tree = grow("cat/NOUN/-/root on/ADP/2/case mat/NOUN/0/nmod in/ADP/4/case room/NOUN/2/nmod")
    assert ancestors(tree) == (0, 0, 1)


def test_root_phrase_is_its_own_ancestor(grow) -> None:
    assert ancestors(grow("red/ADJ/1/amod cat/NOUN/-/root")) == (0,)


def test_walk_passes_words_that_are_no_nouns(grow) -> None:
    tree = grow("cat/NOUN/-/root sitting/VERB/0/acl looking/VERB/1/conj at/ADP/4/case mat/NOUN/2/obl")
    # looking is two edges from the cat and one from the mat, so the mat's phrase starts at `looking`
    assert [tree.wording(phrase.tokens) for phrase in find_phrases(tree)] == ["cat sitting", "looking at mat"]
    assert ancestors(tree) == (0, 0)


def test_verb_as_root_stands_for_its_subject(grow) -> None:
    tree = grow("girls/NOUN/1/nsubj wearing/VERB/-/root straw/NOUN/3/compound hats/NOUN/1/obj")
    assert ancestors(tree) == (0, 0)


def test_without_a_noun_above_the_root_counts_not_the_nearest_verb(grow) -> None:
    tree = grow("girl/NOUN/1/nsubj sees/VERB/-/root boys/NOUN/3/nsubj throw/VERB/1/ccomp hats/NOUN/3/obj")
    assert ancestors(tree) == (0, 0, 0)


def test_walk_passes_a_verb_of_another_phrase(grow) -> None:
    tree = grow("cat/NOUN/-/root sitting/VERB/0/acl holding/VERB/1/advcl hat/NOUN/2/obj cup/NOUN/2/obj")
    assert [tree.wording(phrase.tokens) for phrase in find_phrases(tree)] == ["cat sitting", "holding hat", "cup"]
    assert ancestors(tree) == (0, 0, 0)


def test_segments_have_ancestors_of_their_own(grow) -> None:
    tree = Tree.join([grow("cat/NOUN/-/root on/ADP/2/case mat/NOUN/0/nmod"), grow("sky/NOUN/-/root")])
    assert ancestors(tree) == (0, 0, 2)


def test_first_assignment_in_breadth_first_order_stands(grow) -> None:
    tree = grow("a/NOUN/-/root b/NOUN/0/nmod c/NOUN/0/nmod x/ADJ/1/amod y/ADJ/2/amod")
    phrases = [
        Phrase(noun=(0,), tokens=(0,), attributed=False),
        Phrase(noun=(1,), tokens=(1,), attributed=False),
        Phrase(noun=(2,), tokens=(2,), attributed=False),
        Phrase(noun=(3,), tokens=(3, 4), attributed=False),
    ]
    assert find_ancestors(tree, phrases) == (0, 0, 0, 1)


def test_no_circle_comes_out(grow) -> None:
    tree = grow("a/NOUN/-/root b/NOUN/0/nmod c/ADJ/1/amod")
    phrases = [Phrase(noun=(0,), tokens=(0, 2), attributed=True), Phrase(noun=(1,), tokens=(1,), attributed=False)]
    # b hangs on a first; c, of a's phrase, hangs on b and must not close the circle
    assert find_ancestors(tree, phrases) == (0, 0)

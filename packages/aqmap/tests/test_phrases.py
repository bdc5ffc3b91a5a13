from __future__ import annotations

import pytest

from aqmap.parsing.tree import Tree
from aqmap.phrases import find_phrases, is_silent


def words(tree: Tree, **options: bool) -> list[tuple[str, str]]:
    return [(tree.wording(phrase.noun), tree.wording(phrase.tokens)) for phrase in find_phrases(tree, **options)]


def test_words_join_the_noun_they_hang_on(grow) -> None:
    tree = grow(
        "a/DET/2/det red/ADJ/2/amod cat/NOUN/-/root sitting/VERB/2/acl on/ADP/7/case a/DET/7/det "
        "blue/ADJ/7/amod mat/NOUN/3/obl"
    )
    # `sitting` is one edge from both nouns; the cat is above it
    assert words(tree) == [("cat", "red cat sitting"), ("mat", "on blue mat")]


def test_tie_without_a_noun_above_goes_to_the_earlier(grow) -> None:
    tree = grow("girls/NOUN/1/nsubj wearing/VERB/-/root hats/NOUN/1/obj")
    assert words(tree) == [("girls", "girls wearing"), ("hats", "hats")]


def test_noun_above_wins_a_tie_against_an_earlier_one(grow) -> None:
    tree = grow("dog/NOUN/1/obj chasing/VERB/2/acl cat/NOUN/-/root")
    assert words(tree) == [("dog", "dog"), ("cat", "chasing cat")]


def test_punctuation_that_touches_words_joins_nobody(grow) -> None:
    tree = grow(
        "a/DET/1/det cat/NOUN/-/root ,/PUNCT/4/punct a/DET/4/det dog/NOUN/1/list ./PUNCT/1/punct", "a cat, a dog."
    )
    assert words(tree) == [("cat", "cat"), ("dog", "dog")]


def test_repeated_words_stay_apart(grow) -> None:
    tree = grow("red/ADJ/1/amod cat/NOUN/-/root and/CCONJ/4/cc big/ADJ/4/amod cat/NOUN/1/conj")
    assert words(tree) == [("cat", "red cat"), ("cat", "big cat")]


def test_compound_nouns_are_one_or_apart(grow) -> None:
    tree = grow("red/ADJ/2/amod fire/NOUN/2/compound hydrant/NOUN/-/root")
    assert words(tree) == [("fire hydrant", "red fire hydrant")]
    assert words(tree, join_compounds=False) == [("fire", "fire"), ("hydrant", "red hydrant")]


def test_names_are_one_noun(grow) -> None:
    assert words(grow("Joe/PROPN/-/root Biden/PROPN/0/flat smiles/VERB/0/acl"))[0] == ("Joe Biden", "Joe Biden smiles")


def test_prompt_without_noun_is_one_phrase(grow) -> None:
    tree = grow("very/ADV/1/advmod big/ADJ/-/root !/PUNCT/1/punct")
    assert words(tree) == [("very big", "very big")]
    assert not find_phrases(tree)[0].attributed


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (["cat/NOUN/-/root on/ADP/2/case mat/NOUN/0/nmod", "fluffy/ADJ/-/root"], ["cat fluffy", "on mat"]),
        (["smiling/VERB/-/root", "cat/NOUN/-/root"], ["smiling cat"]),
        (["cat/NOUN/1/nmod:poss hat/NOUN/-/root", "fluffy/ADJ/-/root"], ["cat", "hat fluffy"]),
        (["cat/NOUN/1/nsubj sits/VERB/-/root", "fluffy/ADJ/-/root"], ["cat sits fluffy"]),
        (["dog/NOUN/-/root", "a/DET/1/det big/ADJ/-/root", "cat/NOUN/-/root"], ["dog", "big cat"]),
    ],
)
def test_segment_without_noun_joins_its_neighbour(grow, segments: list[str], expected: list[str]) -> None:
    tree = Tree.join([grow(segment) for segment in segments])
    assert [phrase for _, phrase in words(tree)] == expected


def test_parts_without_a_noun_can_stand_apart(grow) -> None:
    segments = ["extra/ADJ/1/amod fingers/NOUN/-/root", "very/ADV/1/advmod blurry/ADJ/-/root", "the/DET/-/root"]
    tree = Tree.join([grow(segment) for segment in segments])
    assert words(tree, parts_apart=True) == [("fingers", "extra fingers"), ("very blurry", "very blurry")]
    assert not find_phrases(tree, parts_apart=True)[1].attributed


def test_function_words_are_no_attributes(grow) -> None:
    tree = grow("its/PRON/1/nmod cat/NOUN/-/root on/ADP/4/case red/ADJ/4/amod mat/NOUN/1/nmod")
    assert [phrase.attributed for phrase in find_phrases(tree)] == [False, True]


def test_mark_with_a_wrong_tag_is_still_no_noun(grow) -> None:
    assert words(grow("cat/NOUN/-/root |/NOUN/0/list")) == [("cat", "cat")]


def test_empty_tree_has_no_phrase() -> None:
    assert find_phrases(Tree(())) == ()


def test_every_word_is_in_exactly_one_phrase(grow) -> None:
    tree = Tree.join(
        [
            grow("two/NUM/1/nummod girls/NOUN/-/root in/ADP/3/case hats/NOUN/1/nmod and/CCONJ/5/cc coats/NOUN/3/conj"),
            grow("very/ADV/1/advmod tall/ADJ/-/root"),
        ]
    )
    found = [index for phrase in find_phrases(tree) for index in phrase.tokens]
    assert sorted(found) == [token.index for token in tree.tokens if not is_silent(token)]

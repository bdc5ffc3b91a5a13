from __future__ import annotations

from dataclasses import replace

import pytest

from aqmap.parsing.tree import Token, Tree
from grefine_core import InputError

CAT = "a/DET/2/det red/ADJ/2/amod cat/NOUN/-/root on/ADP/5/case a/DET/5/det mat/NOUN/2/nmod"


def test_distance_counts_edges(grow) -> None:
    tree = grow(CAT)
    assert [tree.distance(1, other) for other in range(6)] == [2, 0, 1, 3, 3, 2]


def test_joined_trees_have_no_distance(grow) -> None:
    tree = Tree.join([grow(CAT), grow("sky/NOUN/-/root")])
    assert tree.roots == (2, 6)
    assert tree.distance(2, 6) is None


def test_breadth_first_visits_heads_before_children(grow) -> None:
    assert list(grow(CAT).breadth_first()) == [2, 0, 1, 5, 3, 4]


def test_ancestors_lead_to_the_root(grow) -> None:
    assert list(grow(CAT).ancestors(3)) == [5, 2]


@pytest.mark.parametrize(
    ("text", "indices", "wording"),
    [
        ("semi-truck", (0, 2), "semi-truck"),
        ("semi - truck", (0, 2), "semi truck"),
        ("semi, truck", (0, 2), "semi truck"),
    ],
)
def test_wording_keeps_hyphens_that_touch(grow, text: str, indices: tuple[int, ...], wording: str) -> None:
    mark = "," if "," in text else "-"
    assert grow(f"semi/NOUN/2/compound {mark}/PUNCT/2/punct truck/NOUN/-/root", text).wording(indices) == wording


def test_wording_adds_no_space_within_a_word(grow) -> None:
    assert grow("do/AUX/-/root n't/PART/0/advmod", "don't").wording((0, 1)) == "don't"


def test_wording_says_a_word_of_two_parts_once() -> None:
    parts = [("du", 0, 2), ("du", 0, 2), ("roi", 3, 6)]
    tree = Tree(
        tuple(
            Token(index=index, text=text, start=start, end=end, upos="X", head=None, relation="root")
            for index, (text, start, end) in enumerate(parts)
        )
    )
    assert tree.wording((0, 1, 2)) == "du roi"


def test_circle_is_refused(grow) -> None:
    with pytest.raises(InputError, match="circle"):
        grow("a/NOUN/1/dep b/NOUN/0/dep")


def test_head_outside_the_tree_is_refused(grow) -> None:
    with pytest.raises(InputError, match="hangs on token 7"):
        grow("a/NOUN/7/dep")


def test_wrong_index_is_refused(grow) -> None:
    with pytest.raises(InputError, match="Token 0 must have that index, got 3"):
        Tree((replace(grow("a/NOUN/-/root").tokens[0], index=3),))

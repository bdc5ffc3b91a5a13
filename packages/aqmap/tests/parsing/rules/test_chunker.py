from __future__ import annotations

import time

import pytest
from hypothesis import given, strategies as st

from aqmap.ancestors import find_ancestors
from aqmap.parsing.parser import Parser
from aqmap.parsing.rules.chunker import Chunker, find_tokens
from aqmap.phrases import find_phrases

VOCABULARY = "a the red big cat dog hat wearing running and or , . of on with in is not that her two 's very sits 🐱 no"


def phrases(text: str) -> list[str]:
    (tree,) = Chunker().parse([text])
    return [tree.wording(phrase.tokens) for phrase in find_phrases(tree)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a red cat on a straw hat", ["red cat", "on straw hat"]),
        ("a tray of sushi, blurred detail, anime style", ["tray", "of sushi", "blurred detail", "anime style"]),
        ("a girl wearing a red hat", ["girl wearing", "red hat"]),
        ("the cat is black and white", ["cat is black white"]),
        ("a photo of a dog to the right of a bench", ["photo", "of dog", "to the right of bench"]),
        ("the old man's blue hat", ["old man's", "blue hat"]),
        ("two dogs don't sleep", ["two dogs don't sleep"]),
        ("🐱 on 一只猫坐在垫子上", ["🐱", "on 一只猫坐在垫子上"]),
        ("castle", ["castle"]),
    ],
)
def test_prompt_has_its_phrases(text: str, expected: list[str]) -> None:
    assert phrases(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don't", ["do", "n't"]),
        ("the cat\u2019s hat", ["the", "cat", "\u2019s", "hat"]),
        ("semi-truck, 8k!", ["semi-truck", ",", "8k", "!"]),
        ("👩‍🚀🌕 moon", ["👩‍🚀🌕", "moon"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("n't", ["n't"]),
    ],
)
def test_text_is_cut_into_words(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in find_tokens(text)] == expected


def test_protocol_is_met() -> None:
    assert isinstance(Chunker(), Parser)


def test_blank_segment_has_an_empty_tree() -> None:
    assert [len(tree.tokens) for tree in Chunker().parse(["cat", " ", ""])] == [1, 0, 0]


@given(st.one_of(st.text(max_size=80), st.lists(st.sampled_from(VOCABULARY.split()), max_size=25).map(" ".join)))
def test_any_text_has_one_root_and_each_word_one_phrase(text: str) -> None:
    (tree,) = Chunker().parse([text])
    assert len(tree.roots) == bool(tree.tokens)
    assert [text[token.start : token.end] for token in tree.tokens] == [token.text for token in tree.tokens]
    found = find_phrases(tree)
    taken = [index for phrase in found for index in phrase.tokens]
    assert len(taken) == len(set(taken))
    assert len(find_ancestors(tree, found)) == len(found)
    assert all(token.head is None or token.relation != "root" for token in tree.tokens)


@pytest.mark.parametrize("text", ["a " * 10_000, "x" * 20_000, "cat of " * 3_000, "'s" * 5_000, "red, " * 5_000])
def test_long_text_takes_time_in_proportion(text: str) -> None:
    start = time.process_time()
    (tree,) = Chunker().parse([text])
    assert tree.tokens
    assert time.process_time() - start < 10

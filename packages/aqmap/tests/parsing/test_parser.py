from __future__ import annotations

import pytest

from aqmap.parsing.parser import Parser, load_parser, parse_prompt
from aqmap.prompts.prompt import normalise
from grefine_core import InputError


def test_places_count_in_the_text_of_the_user(written) -> None:
    prompt = normalise("((red) cat:1.2) BREAK <lora:x:1> dog_house")
    parser = written(
        {"red cat": "red/ADJ/1/amod cat/NOUN/-/root", "dog house": "dog/NOUN/1/compound house/NOUN/-/root"}
    )
    tree = parse_prompt(prompt, parser)
    assert [prompt.original[token.start : token.end] for token in tree.tokens] == ["red", "cat", "dog", "house"]
    assert tree.roots == (1, 3)


def test_words_are_those_of_the_text_not_of_the_parser(written) -> None:
    class Forgetful(written):
        def parse(self, segments):
            from dataclasses import replace

            from aqmap.parsing.tree import Tree

            trees = super().parse(segments)
            return [Tree(tuple(replace(token, text="<UNK>") for token in tree.tokens)) for tree in trees]

    tree = parse_prompt(normalise("cat"), Forgetful({"cat": "cat/NOUN/-/root"}))
    assert tree.tokens[0].text == "cat"


def test_protocol_is_met(written) -> None:
    assert isinstance(written({}), Parser)


def test_unknown_parser_is_refused_and_named() -> None:
    with pytest.raises(InputError, match="`no-such-parser` is not installed"):
        load_parser("no-such-parser")

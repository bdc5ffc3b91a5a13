from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from aqmap.judgeable import find_reasons
from aqmap.parsing.limits import GuardedParser
from aqmap.parsing.parser import Parser, load_parser, parse_prompt, parse_prompts
from aqmap.parsing.tree import Tree
from aqmap.phrases import find_phrases
from aqmap.prompts.prompt import normalise
from grefine_core import InputError


class Counting:
    """A written parser that notes its calls."""

    name = "counting"

    def __init__(self, parser: Parser) -> None:
        self.parser, self.calls = parser, []

    def parse(self, segments: Sequence[str]) -> list[Tree]:
        self.calls.append(list(segments))
        return self.parser.parse(segments)


def test_places_count_in_the_text_of_the_user(written) -> None:
    prompt = normalise("((red) cat:1.2) BREAK <lora:x:1> dog_house")
    parser = written(
        {"red cat": "red/ADJ/1/amod cat/NOUN/-/root", "dog house": "dog/NOUN/1/compound house/NOUN/-/root"}
    )
    tree = parse_prompt(prompt, parser).tree
    assert [prompt.original[token.start : token.end] for token in tree.tokens] == ["red", "cat", "dog", "house"]
    assert tree.roots == (1, 3)


def test_words_are_those_of_the_text_not_of_the_parser(written) -> None:
    class Forgetful(written):
        def parse(self, segments):
            trees = super().parse(segments)
            return [Tree(tuple(replace(token, text="<UNK>") for token in tree.tokens)) for tree in trees]

    tree = parse_prompt(normalise("cat"), Forgetful({"cat": "cat/NOUN/-/root"})).tree
    assert tree.tokens[0].text == "cat"


def test_writing_is_one_noun_whatever_it_says_and_however_it_is_tagged(written) -> None:
    prompt = normalise('a sign that says "NO DOGS"')
    hidden = "a/DET/1/det sign/NOUN/-/root that/PRON/3/nsubj says/VERB/1/acl Xxxxxxx/X/3/obj"
    (tree,) = [one.tree for one in parse_prompts([prompt], written({"a sign that says Xxxxxxx": hidden}))]
    assert [(token.text, token.upos) for token in tree.tokens[3:]] == [("says", "VERB"), ("NO DOGS", "PROPN")]
    assert prompt.original[tree.tokens[4].start : tree.tokens[4].end] == "NO DOGS"
    phrases = find_phrases(tree)
    assert [tree.wording(phrase.tokens) for phrase in phrases] == ["sign that says", "NO DOGS"]
    assert find_reasons(prompt, tree, phrases) == (None, None)


def test_prompt_with_writing_comes_back_from_its_written_tree(tmp_path: Path) -> None:
    prompt = normalise('a "Big STOP" sign')
    tree = parse_prompt(prompt, load_parser("chunker")).tree
    file = tmp_path / "trees.conllu"
    file.write_text(tree.to_conllu(), encoding="utf-8")
    again = parse_prompt(prompt, load_parser(f"conllu:{file}"))
    assert again.remarks == ()
    assert again.tree == tree


def test_remark_quotes_the_words_of_the_user(written) -> None:
    class Broken(written):
        def parse(self, segments):
            raise KeyError(segments[0])

    (remark,) = parse_prompt(normalise("a sign that says 'KEEP OFF'"), GuardedParser(Broken({}))).remarks
    assert "The part `a sign that says KEEP OFF` of the prompt" in remark


def test_prompts_are_parsed_in_one_call_repeated_parts_once(written) -> None:
    parser = Counting(written({"cat": "cat/NOUN/-/root", "dog": "dog/NOUN/-/root"}))
    parsed = parse_prompts([normalise("cat, dog"), normalise("dog"), normalise("cat, cat")], parser)
    assert parser.calls == [["cat", "dog"]]
    assert [[token.text for token in one.tree.tokens] for one in parsed] == [["cat", "dog"], ["dog"], ["cat", "cat"]]
    assert [token.start for token in parsed[2].tree.tokens] == [0, 5]


def test_no_prompts_ask_nobody(written) -> None:
    parser = Counting(written({}))
    assert parse_prompts([], parser) == []
    assert parser.calls == []


def test_own_parser_leaves_no_remarks(written) -> None:
    assert parse_prompt(normalise("cat"), written({"cat": "cat/NOUN/-/root"})).remarks == ()


def test_protocol_is_met(written) -> None:
    assert isinstance(written({}), Parser)


def test_unknown_parser_is_refused_and_named() -> None:
    with pytest.raises(InputError, match=r"`no-such-parser` is not installed.*may also be `stanza:LANG`") as caught:
        load_parser("no-such-parser")
    assert str(caught.value).count(".parsers") == 1
    assert str(caught.value).endswith("`chunker`.")


def test_chunker_needs_no_files(no_network: None) -> None:
    parser = load_parser("chunker")
    assert parser.name == "chunker"
    assert len(parse_prompt(normalise("a red cat"), parser).tree.tokens) == 3


def test_trees_in_a_file_are_a_parser(tmp_path: Path) -> None:
    file = tmp_path / "trees.conllu"
    file.write_text("1\ta\t_\tNOUN\t_\t_\t0\troot\t_\t_\n2\tcat\t_\tINTJ\t_\t_\t1\tdep\t_\t_\n", encoding="utf-8")
    parsed = parse_prompt(normalise("a cat, a dog"), load_parser(f"conllu:{file}"))
    assert [token.upos for token in parsed.tree.tokens] == ["NOUN", "INTJ", "DET", "NOUN"]
    (remark,) = parsed.remarks
    assert "`a dog`" in remark
    assert "No sentence has this text" in remark


def test_time_limit_is_checked() -> None:
    with pytest.raises(InputError, match="`seconds` must be above 0"):
        load_parser("mini", seconds=-1)

from __future__ import annotations

import dataclasses
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from aqmap.parsing.limits import GuardedParser
from aqmap.parsing.parser import Parser, parse_prompt
from aqmap.parsing.stanza_parser import StanzaParser, best_heads, load_pack
from aqmap.phrases import find_phrases
from aqmap.prompts.prompt import normalise
from grefine_core import InputError, ParserPack, WeightsError


@pytest.fixture(scope="module")
def parser(stanza_pack: ParserPack) -> StanzaParser:
    return load_pack(stanza_pack)


@pytest.fixture
def new_pack(stanza_pack: ParserPack, tmp_path: Path) -> ParserPack:
    """The same pack with its words as text and its vectors as safetensors."""
    import torch
    from safetensors.torch import save_file

    old = torch.load(stanza_pack.vectors, weights_only=True)
    (tmp_path / "words.txt").write_text("\n".join(old["vocab"]["_id2unit"][4:]) + "\n", encoding="utf-8")
    save_file({"vectors": old["emb"][4:].contiguous()}, tmp_path / "vectors.safetensors")
    return dataclasses.replace(stanza_pack, words=tmp_path / "words.txt", vectors=tmp_path / "vectors.safetensors")


def test_protocol_is_met(parser: StanzaParser) -> None:
    assert isinstance(parser, Parser)
    assert parser.name == "tiny"


def test_adjective_hangs_on_its_noun(parser: StanzaParser, no_network: None) -> None:
    (tree,) = parser.parse(["a red cat on a mat"])
    assert [token.text for token in tree.tokens] == ["a", "red", "cat", "on", "a", "mat"]
    assert (tree.tokens[1].upos, tree.tokens[1].head, tree.tokens[2].upos) == ("ADJ", 2, "NOUN")


def test_segments_are_answered_in_order_blank_ones_with_nothing(parser: StanzaParser) -> None:
    trees = parser.parse(["a cat", " ", "two dogs", "a cat"])
    assert [[token.text for token in tree.tokens] for tree in trees] == [
        ["a", "cat"],
        [],
        ["two", "dogs"],
        ["a", "cat"],
    ]


def test_nothing_to_parse_gives_nothing(parser: StanzaParser) -> None:
    assert parser.parse([]) == []


def test_warning_of_the_library_is_not_shown(parser: StanzaParser, monkeypatch: pytest.MonkeyPatch) -> None:
    process = parser._pipeline.bulk_process

    def grumble(documents):
        warnings.warn_explicit("hit its cap", UserWarning, "model.py", 1, module="stanza.models.depparse.model")
        return process(documents)

    monkeypatch.setattr(parser._pipeline, "bulk_process", grumble)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        (tree,) = parser.parse(["a cat"])
    assert seen == []
    assert len(tree.tokens) == 2


def test_company_of_a_segment_does_not_change_its_tree(parser: StanzaParser) -> None:
    segments = ["a red cat on a mat", "castle", "a very old man who is wearing a long coat and a blue straw hat"]
    assert [parser.parse([segment])[0] for segment in segments] == parser.parse(segments)


def test_two_trees_of_one_prompt_keep_their_nouns(parser: StanzaParser) -> None:
    tree = parse_prompt(normalise("a cat, a dog."), parser).tree
    assert [tree.wording(phrase.noun) for phrase in find_phrases(tree)] == ["cat", "dog"]


def test_words_in_a_text_file_give_the_same_trees(parser: StanzaParser, new_pack: ParserPack) -> None:
    segments = ["a red cat on a mat", "two semi-trucks in the fog", "hyper detail"]
    assert load_pack(new_pack).parse(segments) == parser.parse(segments)


def test_words_without_vectors_are_refused(new_pack: ParserPack) -> None:
    new_pack.words.write_text("cat\n", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"words\.txt has 1 words, but .*vectors\.safetensors has \d+ vectors"):
        load_pack(new_pack)


def test_loading_makes_no_optimizers_and_leaves_stanza_as_it_was(stanza_pack: ParserPack) -> None:
    from stanza.models.common import utils

    functions = utils.get_optimizer, utils.get_split_optimizer
    loaded = load_pack(stanza_pack)
    trainers = [processor.trainer for processor in loaded._pipeline.processors.values()]
    assert trainers[0].optimizer is None
    assert (utils.get_optimizer, utils.get_split_optimizer) == functions


def test_best_heads_are_what_the_search_finds() -> None:
    from stanza.models.common.chuliu_edmonds import chuliu_edmonds_one_root

    random = np.random.default_rng(3)
    taken = 0
    for length in [2, 3, 4, 5, 6, 20] * 100:
        scores = random.normal(size=(length, length)).astype(np.float32)
        heads = best_heads(scores)
        if heads is not None:
            taken += 1
            assert heads.tolist() == chuliu_edmonds_one_root(scores).tolist()
    assert taken > 50


@pytest.mark.parametrize(
    "best",
    [
        [0, 2, 1],  # a circle
        [0, 0, 0],  # two roots
        [0, 0, 3, 2],  # a circle beside a tree
    ],
)
def test_best_heads_that_are_no_tree_are_left_to_the_search(best: list[int]) -> None:
    assert best_heads(np.eye(len(best))[best]) is None


@pytest.mark.parametrize(
    "prompt",
    [
        "🐱, 🐱🐱",
        "👩‍🚀" * 300,
        "一只猫坐在垫子上",
        "一" * 5_000,
        "قطة حمراء على بساط",
        "a cat\x00\x07\x1b[31m on\u200b a \u202emat",
        "the",
        "x" * 5_000,
        "x" * 20_000,
        "cat " * 5_000,
        "a " * 300,
        "((((a [cat",
        "don't, can't",
        "a,b;c|d",
    ],
)
def test_odd_prompts_have_phrases_with_places_in_them(parser: StanzaParser, prompt: str) -> None:
    start = time.process_time()
    parsed = parse_prompt(normalise(prompt), GuardedParser(parser))
    assert find_phrases(parsed.tree)
    assert time.process_time() - start < 20
    end = 0
    for token in parsed.tree.tokens:
        assert end <= token.start < token.end <= len(prompt)
        end = token.end
        assert not set(token.text) - set(prompt)


def test_prompt_of_50_000_characters_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(InputError, match="at most 20000 characters, got 50000"):
        normalise("cat, " * 10_000)


def test_missing_file_is_named(stanza_pack: ParserPack, tmp_path: Path) -> None:
    pack = dataclasses.replace(stanza_pack, tagger=tmp_path / "tag.pt")
    with pytest.raises(WeightsError, match=r"tag\.pt is missing"):
        load_pack(pack)


def test_damaged_file_is_refused(stanza_pack: ParserPack, tmp_path: Path) -> None:
    (tmp_path / "tag.pt").write_bytes(stanza_pack.tagger.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="cannot be loaded"):
        load_pack(dataclasses.replace(stanza_pack, tagger=tmp_path / "tag.pt"))

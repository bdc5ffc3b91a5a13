from __future__ import annotations

import csv
import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from aqmap.parsing.parser import parse_prompt
from aqmap.parsing.stanza_parser import StanzaParser
from aqmap.parsing.tree import Tree
from aqmap.phrases import find_phrases, is_silent
from aqmap.prompts.prompt import normalise
from aqmap.prompts.segments import MAX_SEGMENT_CHARACTERS
from grefine_core import InputError, ParserPack, WeightsError

CONTENT = {"NOUN", "PROPN", "VERB", "ADJ", "ADV", "NUM"}


@pytest.fixture(scope="module")
def parser(stanza_pack: ParserPack) -> StanzaParser:
    return StanzaParser(stanza_pack)


class Known:
    def __init__(self, trees: dict[str, Tree]) -> None:
        self.trees = trees

    def parse(self, segments: Sequence[str]) -> list[Tree]:
        return [self.trees[segment] for segment in segments]


def real_prompts(folder: Path) -> list[str]:
    found = (folder / "prompts" / "agiqa3k_prompts.txt").read_text(encoding="utf-8").splitlines()[::3]
    with (folder / "prompts" / "partiprompts.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return found + [row["Prompt"] for row in rows][::16]


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


def test_segment_that_is_too_long_is_refused(parser: StanzaParser) -> None:
    with pytest.raises(
        InputError, match=f"at most {MAX_SEGMENT_CHARACTERS} characters, got {MAX_SEGMENT_CHARACTERS + 1}"
    ):
        parser.parse(["a" * (MAX_SEGMENT_CHARACTERS + 1)])


def test_two_trees_of_one_prompt_keep_their_nouns(parser: StanzaParser) -> None:
    tree = parse_prompt(normalise("a cat, a dog."), parser)
    assert [tree.wording(phrase.noun) for phrase in find_phrases(tree)] == ["cat", "dog"]


@pytest.mark.parametrize(
    "prompt",
    ["🐱, 🐱🐱", "一只猫坐在垫子上", "the", "x" * 20_000, "cat " * 5_000, "((((a [cat", "don't, can't", "a,b;c|d"],
)
def test_odd_prompts_have_phrases(parser: StanzaParser, prompt: str) -> None:
    start = time.process_time()
    assert find_phrases(parse_prompt(normalise(prompt), parser))
    assert time.process_time() - start < 20


def test_real_prompts_lose_no_content_word(parser: StanzaParser, data_folder: Path) -> None:
    if not (data_folder / "prompts").is_dir():
        pytest.skip("needs the folder `prompts` of the test data")
    prompts = [normalise(text) for text in real_prompts(data_folder)]
    segments = [prompt.text[start:end] for prompt in prompts for start, end in prompt.segments]
    known = Known(dict(zip(segments, parser.parse(segments), strict=True)))  # in bulk, four times as fast
    covered = total = characters = seen = 0
    for prompt in prompts:
        tree = parse_prompt(prompt, known)
        taken = [index for phrase in find_phrases(tree) for index in phrase.tokens]
        assert len(taken) == len(set(taken))
        wanted = {token.index for token in tree.tokens if token.upos in CONTENT and not is_silent(token)}
        covered, total = covered + len(wanted & set(taken)), total + len(wanted)
        seen += sum(token.text.isalnum() * len(token.text) for token in tree.tokens)
        characters += sum(map(str.isalnum, prompt.text))
    assert len(prompts) >= 200
    assert covered >= 0.99 * total > 0
    assert seen >= 0.95 * characters  # the rest are words with a mark inside, such as `can't`


def test_missing_file_is_named(stanza_pack: ParserPack, tmp_path: Path) -> None:
    pack = dataclasses.replace(stanza_pack, tagger=tmp_path / "tag.pt")
    with pytest.raises(WeightsError, match=r"tag\.pt is missing"):
        StanzaParser(pack)


def test_damaged_file_is_refused(stanza_pack: ParserPack, tmp_path: Path) -> None:
    (tmp_path / "tag.pt").write_bytes(stanza_pack.tagger.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="cannot be loaded"):
        StanzaParser(dataclasses.replace(stanza_pack, tagger=tmp_path / "tag.pt"))

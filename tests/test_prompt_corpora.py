"""Every fourth of the real prompts of the test data, through all that is done with a prompt before an image is seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from aqmap.ancestors import find_ancestors
from aqmap.parsing.parser import ParsedPrompt, load_parser, parse_prompts
from aqmap.phrases import find_phrases, is_silent
from aqmap.prompts.prompt import Prompt, normalise
from grefine_core import preset_entries
from tools.prompt_corpora import read_prompts


@pytest.fixture(scope="module")
def prompts(data_folder: Path) -> list[Prompt]:
    folder = data_folder / "prompts"
    if not folder.is_dir():
        pytest.skip("needs the folder `prompts` of the test data")
    return [normalise(text) for text in read_prompts(folder)[::4]]


@pytest.fixture(scope="module", params=["mini", "chunker"])
def parsed(request: pytest.FixtureRequest, prompts: list[Prompt]) -> list[ParsedPrompt]:
    if request.param == "mini" and "mini" not in preset_entries("grefine.parsers"):
        pytest.skip("needs the package grefine-mini")
    return parse_prompts(prompts, load_parser(request.param))


def test_there_are_enough_prompts(prompts: list[Prompt]) -> None:
    assert len(prompts) >= 1_600


def test_content_words_are_in_exactly_one_phrase(parsed: list[ParsedPrompt]) -> None:
    covered = total = 0
    for one in parsed:
        members = Counter(index for phrase in find_phrases(one.tree) for index in phrase.tokens)
        content = [token.index for token in one.tree.tokens if not is_silent(token)]
        covered, total = covered + sum(members[index] == 1 for index in content), total + len(content)
    assert covered >= 0.99 * total > 0


def test_ancestors_have_no_circles(parsed: list[ParsedPrompt]) -> None:
    for one in parsed:
        above = find_ancestors(one.tree, find_phrases(one.tree))
        for phrase in range(len(above)):
            chain = [phrase]
            while above[chain[-1]] != chain[-1]:
                chain.append(above[chain[-1]])
                assert len(chain) <= len(above)


def test_tokens_are_what_stands_at_their_places(prompts: list[Prompt], parsed: list[ParsedPrompt]) -> None:
    seen = letters = 0
    for prompt, one in zip(prompts, parsed, strict=True):
        for token in one.tree.tokens:
            assert 0 <= token.start < token.end <= len(prompt.original)
            seen += sum(map(str.isalnum, token.text))
            # syntax between the letters of a word is taken off
            assert [c for c in prompt.original[token.start : token.end] if c.isalnum()] == [
                c for c in token.text if c.isalnum()
            ]
        letters += sum(map(str.isalnum, prompt.text))
    assert seen >= 0.99 * letters


def test_no_real_prompt_needs_the_rules_beside_its_parser(parsed: list[ParsedPrompt]) -> None:
    assert [one.remarks for one in parsed if one.remarks] == []

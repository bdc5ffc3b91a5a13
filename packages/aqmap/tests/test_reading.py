from __future__ import annotations

import pytest

from aqmap.reading import read_prompts
from grefine_core import InputError

TREES = {
    "a red cat": "a/DET/2/det red/ADJ/2/amod cat/NOUN/-/root",
    "best quality": "best/ADJ/1/amod quality/NOUN/-/root",
    "two dogs": "two/NUM/1/nummod dogs/NOUN/-/root",
    "hats": "hats/NOUN/-/root",
    "mats": "mats/NOUN/-/root",
    "blurry": "blurry/ADJ/-/root",
}


class CountingParser:
    name = "counting"

    def __init__(self, parser) -> None:
        self.parser, self.calls = parser, []

    def parse(self, segments):
        self.calls.append(list(segments))
        return self.parser.parse(segments)


@pytest.fixture
def parser(written) -> CountingParser:
    return CountingParser(written(TREES))


def test_texts_are_the_prompt_then_nouns_and_phrases(parser) -> None:
    (reading,) = read_prompts(["a (red:1.2) cat"], parser)
    assert reading.texts == ("a red cat", "cat", "red cat")


def test_praise_is_left_out_of_the_prompt_s_own_text(parser) -> None:
    reading, alone = read_prompts(["best quality, a red cat", "best quality"], parser)
    assert reading.texts[0] == "a red cat"
    assert alone.texts[0] == "best quality"  # or nothing would be left


def test_what_is_not_wanted_is_read_likewise(parser) -> None:
    flag, argument = read_prompts(["a red cat --no hats", "a red cat"], parser, negatives=[None, "hats, mats"])
    assert flag.negative is not None
    assert flag.texts == ("a red cat", "cat", "red cat", "hats", "hats")
    assert argument.texts[3:] == ("hats", "hats", "mats", "mats")


def test_parts_of_what_is_not_wanted_say_nothing_of_each_other(parser) -> None:
    (reading,) = read_prompts(["a red cat --no hats"], parser, negatives=["blurry, mats"])
    assert reading.texts[3:] == ("hats", "hats", "blurry", "blurry", "mats", "mats")


def test_negative_that_says_nothing_is_none(parser) -> None:
    (reading,) = read_prompts(["a red cat"], parser, negatives=[" ,,, "])
    assert reading.negative is None


def test_coverage_is_the_share_of_judged_words(parser) -> None:
    half, whole, none = read_prompts(["a red cat, two dogs", "a red cat", "best quality"], parser)
    assert (half.coverage, whole.coverage, none.coverage) == (0.5, 1.0, 0.0)


def test_all_prompts_are_parsed_in_one_call(parser) -> None:
    read_prompts(["a red cat", "hats, a red cat --no mats"], parser)
    assert len(parser.calls) == 1
    assert sorted(parser.calls[0]) == ["a red cat", "hats", "mats"]


def test_bad_prompt_gives_its_error_and_the_others_go_on(parser) -> None:
    good, bad, last = read_prompts(["a red cat", " ", "hats"], parser)
    assert isinstance(bad, InputError)
    assert (good.texts[1], last.texts[1]) == ("cat", "hats")

"""Properties that hold for any prompt: of written syntax, and of text that nobody would write."""

from __future__ import annotations

import math
import re
from itertools import pairwise

from hypothesis import assume, given, settings, strategies as st

from aqmap.emphasis import emphasise, render
from aqmap.prompts.prompt import Prompt, normalise
from grefine_core import InputError

WORDS = st.sampled_from(
    [
        *("a", "red", "cat,", "dog;", "the", "hat", "on", "mat.", "best", "quality", "masterpiece", "8k", "score_9"),
        *("don't", "two", "3", "no", "Start", "猫", "חתול", "🐱", "red_hat", "AND", "BREAK"),
    ]
)
SYNTAX = st.sampled_from(
    [
        *"()[]{}<>|:\\\"'“”_+-,.;!\n ",
        *("::", "::2", "1.5::", "++", "--", "AND", "BREAK", "\n\n", "--ar 16:9", "--no", "--v 6", "--x", "—ar 1:1"),
        *(
            "<lora:x:0.8>",
            "<token>",
            "embedding:bad:1.1",
            "__colour__",
            "${x=",
            "2$$",
            "https://a.b/c.png",
            "/imagine prompt:",
        ),
        *(".and(1, 0.5)", ".blend()", ".swap(", ".attend(2)", ":1.2)", ":0.5]", ")1.3", ")++", '"', "\u200b", "\ud800"),
    ]
)
WRAPPED = [
    *("({})", "({}:1.3)", "[{}]", "{{{}}}", "({})++", "({})0.8", '"{}"', "'{}'", "{}++", "{}--", "[{}:dog:0.5]"),
    *("[{}|cat]", "{{{}|dog}}", '("{}", "dog").and(1, 2)', "{}.swap(cat)", "{}::2 mat", "1.2::{}::", "{} AND cat :0.6"),
    *("{} --no hat --ar 1:1", "<lora:x:1> {}", "\\({}\\)", "{}\n\n", "{} BREAK", "${{x={}}}"),
]


def wrap(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    wrapped = st.builds(str.format, st.sampled_from(WRAPPED), inner)
    return st.lists(inner | wrapped, min_size=1, max_size=3).map(" ".join)


WRITTEN = st.recursive(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), wrap, max_leaves=8)
MIXED = st.lists(WORDS | SYNTAX, min_size=1, max_size=14).flatmap(
    lambda parts: st.sampled_from(["", " "]).map(lambda glue: glue.join(parts))
)
SETTINGS = settings(max_examples=150, deadline=None, derandomize=True)  # a busy machine is no failure
PROMPTS = WRITTEN | MIXED | st.text(min_size=1, max_size=40)


def read(text: str) -> Prompt:
    try:
        return normalise(text)
    except InputError:
        assume(False)
        raise


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@SETTINGS
@given(PROMPTS)
def test_each_character_has_its_place(text: str) -> None:
    prompt = read(text)
    assert len(prompt.origins) == len(prompt.text)
    assert list(prompt.origins) == sorted(set(prompt.origins))
    assert all(0 <= place < len(text) for place in prompt.origins)
    same = [prompt.text[at] == text[place] for at, place in enumerate(prompt.origins) if prompt.text[at].isalnum()]
    assert all(same)


@SETTINGS
@given(PROMPTS)
def test_weights_are_finite_and_bounded(text: str) -> None:
    prompt = read(text)
    assert len(prompt.weights) == len(text)
    assert all(math.isfinite(weight) and -10 <= weight <= 10 for weight in prompt.weights)


@SETTINGS
@given(PROMPTS)
def test_plain_text_has_no_syntax_left_and_stays_as_it_is(text: str) -> None:
    plain = read(text).text
    assert not set(plain) & set('()[]{}<>|\\_"“”„«»\n\u200b')
    assert "::" not in plain
    assert "  " not in plain
    assert plain == plain.strip(" ,;")
    assert normalise(plain).text == plain


@SETTINGS
@given(PROMPTS)
def test_pieces_are_disjoint_and_of_one_weight_and_without_syntax(text: str) -> None:
    prompt = read(text)
    pieces = prompt.pieces(0, len(text))
    assert all(left[1] <= right[0] for left, right in pairwise(pieces))
    for start, end in pieces:
        assert 0 <= start < end <= len(text)
        assert not set(text[start:end]) & set('()[]{}<>|\\"“”„«»')
        assert len(set(prompt.weights[start:end])) == 1
        assert not prompt.weighting & set(range(start, end))


@SETTINGS
@given(PROMPTS)
def test_spans_lie_in_the_text_and_do_not_touch(text: str) -> None:
    prompt = read(text)
    for spans, size in ((prompt.segments, prompt.text), (prompt.writing, prompt.text), (prompt.unjudged, text)):
        assert all(0 <= start < end <= len(size) for start, end in spans)
        assert all(left[1] <= right[0] for left, right in pairwise(spans))


@SETTINGS
@given(PROMPTS)
def test_segments_lose_no_word_and_parsers_get_as_many_characters(text: str) -> None:
    prompt = read(text)
    parts = [prompt.text[start:end] for start, end in prompt.segments]
    assert words(" ".join(parts)) == words(prompt.text)
    assert [len(part) for part in prompt.parser_segments()] == [len(part) for part in parts]


def glued(prompt: Prompt) -> bool:
    """Say whether words touch once the weights between them are gone, as in `(a)(b)`."""
    kept = [place for place in range(len(prompt.original)) if place not in prompt.weighting]
    gaps = [(left, right) for left, right in pairwise(kept) if right > left + 1]
    return any(not prompt.original[left].isspace() and not prompt.original[right].isspace() for left, right in gaps)


@SETTINGS
@given(PROMPTS, st.data())
def test_rendered_emphasis_has_the_same_words(text: str, data: st.DataObject) -> None:
    prompt = read(text)
    # what is written beside an apostrophe or a keyword makes a quotation or a word of it
    assume(not glued(prompt) and "'" not in text and not re.search(r"[^\s,;](AND|BREAK)|(AND|BREAK)[^\s,;]", text))
    pieces = prompt.pieces(0, len(text))
    chosen = data.draw(st.lists(st.sampled_from(pieces), unique=True))
    assert words(normalise(render(prompt, emphasise(prompt, chosen))).text) == words(prompt.text)

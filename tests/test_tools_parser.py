"""The program that trains the parser: its data, its schedule and its scores, on examples worked by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st

from aqmap.parsing.tree import Token, Tree
from tools.parser.corpus import Mixture, draw_training
from tools.parser.fragments import is_natural_fragment, joined, noun_phrases, with_stop
from tools.parser.geneval import check_content
from tools.parser.jackknife import GOLD_SHARE, retag
from tools.parser.lexicon import Noun
from tools.parser.scoring import f1, score_trees, spans
from tools.parser.templates import Prompts
from tools.parser.tokenizer import labels, write_texts
from tools.parser.treebank import (
    Sentence,
    is_short,
    lowered,
    parse_conllu,
    text_of,
    without_final_stop,
    write_conllu,
)

CONLLU = """# text = He didn't see the red car, yesterday.
1	He	he	PRON	PRP	Case=Nom	4	nsubj	_	_
2-3	didn't	_	_	_	_	_	_	_	_
2	did	do	AUX	VBD	_	4	aux	_	_
3	n't	not	PART	RB	_	4	advmod	_	_
4	see	see	VERB	VB	_	0	root	_	_
5	the	the	DET	DT	_	7	det	_	_
6	red	red	ADJ	JJ	_	7	amod	_	_
7	car	car	NOUN	NN	_	4	obj	_	SpaceAfter=No
8	,	,	PUNCT	,	_	4	punct	_	_
9	yesterday	yesterday	NOUN	NN	_	4	obl:tmod	_	SpaceAfter=No
10	.	.	PUNCT	.	_	4	punct	_	_
"""


@pytest.fixture
def sentence() -> Sentence:
    return parse_conllu(CONLLU)[0]


def is_tree(sentence: Sentence) -> bool:
    for number in range(1, len(sentence) + 1):
        seen = set()
        while number and number not in seen:
            seen.add(number)
            number = sentence[number - 1].head  # noqa: PLW2901
        if number:
            return False
    return sum(word.head == 0 for word in sentence) == 1


def test_multi_word_token_becomes_words_without_a_space_between(sentence):
    assert [word.form for word in sentence[:4]] == ["He", "did", "n't", "see"]
    assert text_of(sentence) == "He didn't see the red car, yesterday."


def test_labels_of_older_releases_are_folded(sentence):
    assert sentence[8].relation == "obl:unmarked"


def test_written_sentences_read_the_same(sentence, tmp_path):
    write_conllu(tmp_path / "a.conllu", [sentence, lowered(sentence)])
    again = parse_conllu((tmp_path / "a.conllu").read_text(encoding="utf-8"))
    assert [text_of(part) for part in again] == [text_of(sentence), text_of(sentence).lower()]
    assert [word.head for word in again[0]] == [word.head for word in sentence]


def test_final_stop_is_taken_off(sentence):
    assert text_of(without_final_stop(sentence)) == "He didn't see the red car, yesterday"


def test_long_words_and_sentences_are_not_short(sentence):
    assert is_short(sentence)
    assert not is_short(sentence, words=9)
    assert not is_short(sentence, letters=8)


def test_noun_phrase_is_a_sentence_with_the_noun_as_root(sentence):
    (phrase,) = noun_phrases(sentence)
    assert text_of(phrase) == "the red car"
    assert [(word.head, word.relation) for word in phrase] == [(3, "det"), (3, "amod"), (0, "root")]


def test_verbal_sentence_is_no_natural_fragment(sentence):
    assert not is_natural_fragment(sentence)
    assert is_natural_fragment(noun_phrases(sentence)[0])


def test_joined_phrases_hang_on_the_first_as_list(sentence):
    phrase = noun_phrases(sentence)[0]
    soup = joined([phrase, phrase, phrase])
    assert text_of(soup) == "the red car, the red car, the red car"
    assert [word.head for word in soup] == [3, 3, 0, 7, 7, 7, 3, 11, 11, 11, 3]
    assert [word.relation for word in soup if word.form == "car"] == ["root", "list", "list"]


def test_stop_hangs_on_the_root(sentence):
    stopped = with_stop(noun_phrases(sentence)[0])
    assert text_of(stopped) == "the red car."
    assert stopped[-1].head == 3


@given(st.integers(0, 10_000))
def test_drawn_prompt_is_a_tree(seed):
    prompt = Prompts([Noun("idea", "ideas")], Random(seed)).draw()
    assert is_tree(prompt)
    assert "  " not in text_of(prompt)


def test_drawn_training_data_are_trees_and_repeat_with_the_seed(sentence):
    mixture = Mixture(phrases=20, soups=10, prompts=20)
    drawn = draw_training([sentence] * 3, mixture, Random(0))
    assert len(drawn) == 53
    assert all(is_tree(part) for part in drawn)
    assert drawn == draw_training([sentence] * 3, mixture, Random(0))
    assert drawn != draw_training([sentence] * 3, mixture, Random(1))


def test_token_labels_mark_the_end_of_each_word(sentence):
    digits = labels(sentence)
    text = text_of(sentence)
    assert len(digits) == len(text)
    assert digits[:9] == "010001001"  # He, a space, did, n't
    assert digits[-1] == "2"


def test_texts_of_the_tokenizer_have_a_label_a_character(sentence, tmp_path):
    write_texts(tmp_path, "train", [[sentence, sentence], [sentence]])
    texts = (tmp_path / "train.txt").read_text(encoding="utf-8").split("\n\n")
    digits = (tmp_path / "train.toklabels").read_text(encoding="utf-8").split("\n\n")
    assert [len(text) for text in texts] == [len(row) for row in digits]
    assert digits[0].count("2") == 2


def test_jackknifed_sentences_have_predicted_tags_but_for_a_share(sentence):
    tagger = SimpleNamespace(tag=lambda words: [(word, "X|FW") for word in words])
    tagged = retag(tagger, [sentence] * 1000, Random(0))
    kept = [part for part in tagged if part == sentence]
    assert len(kept) == pytest.approx(1000 * GOLD_SHARE, abs=50)
    predicted = next(part for part in tagged if part != sentence)
    assert {(word.upos, word.xpos) for word in predicted} == {("X", "FW")}
    assert [word.head for word in predicted] == [word.head for word in sentence]


def as_tree(sentence: Sentence) -> Tree:
    places = spans(sentence)
    return Tree(
        tuple(
            Token(
                index=number,
                text=word.form,
                start=places[number][0],
                end=places[number][1],
                upos=word.upos,
                head=word.head - 1 if word.head else None,
                relation=word.relation,
            )
            for number, word in enumerate(sentence)
        )
    )


def test_content_of_a_prompt_is_found_in_its_tree(sentence, tmp_path):
    phrase = noun_phrases(sentence)[0]
    row = {"tag": "colors", "include": [{"class": "car", "count": 1, "color": "red"}], "prompt": "the red car"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    parser = SimpleNamespace(name="written", parse=lambda segments: [as_tree(phrase) for _ in segments])
    lines = check_content(parser, tmp_path / "rows.jsonl")
    assert lines == ["GenEval, object tagged NOUN: 1 of 1", "GenEval, colour hangs on its object: 1 of 1"]


def test_spans_cut_the_words_out_of_the_text(sentence):
    text = text_of(sentence)
    assert [text[start:end] for start, end in spans(sentence)] == [word.form for word in sentence]


def test_f1_of_half_the_spans():
    assert f1({(0, 1), (2, 3)}, {(0, 1), (2, 4)}) == 50


def test_scores_leave_subtypes_aside_and_count_punctuation(sentence):
    other = list(sentence)
    other[8] = replace(other[8], relation="obl")  # right but for the subtype
    other[9] = replace(other[9], head=1)
    other[4] = replace(other[4], relation="amod")
    other[0] = replace(other[0], upos="NOUN")
    score = score_trees([sentence], [tuple(other)])
    assert (score.words, score.upos, score.xpos, score.uas, score.las) == (10, 90, 100, 90, 80)

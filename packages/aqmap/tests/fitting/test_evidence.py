from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from aqmap.alignment import AlignmentAssessor
from aqmap.fitting.agreement import score_rows
from aqmap.fitting.evidence import Evidence, RowEvidence
from aqmap.settings import AlignmentSettings


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


ROWS = (
    RowEvidence(
        label=1, picture="a", prompt=(0.1, -0.1), nouns=((0.2,), (0.0,)), phrases=((-0.1,), (0.3, 0.1)), missing=None
    ),
    RowEvidence(label=2, picture="b", prompt=(0.2,), nouns=(), phrases=()),
    RowEvidence(label=3, picture="c", prompt=(0.3,), nouns=((-0.2,),), phrases=((-0.2,),)),
)


def test_texts_of_several_parts_are_averaged_after_the_sigmoid() -> None:
    evidence = Evidence(ROWS)
    assert evidence.prompt_scores(10) == pytest.approx([0.5, sigmoid(2), sigmoid(3)])
    assert evidence.phrase_scores(10) == pytest.approx([sigmoid(-1), (sigmoid(3) + sigmoid(1)) / 2, sigmoid(-2)])
    assert evidence.noun_scores(10) == pytest.approx([sigmoid(2), 0.5, sigmoid(-2)])


def test_alignment_is_the_prompt_times_each_phrase_below_beta() -> None:
    found = score_rows(Evidence(ROWS), temperature=10, beta=0.5)
    assert found == pytest.approx([0.5 * sigmoid(-1) / 0.5, sigmoid(2), sigmoid(3) * sigmoid(-2) / 0.5])


def test_lowest_noun_is_that_of_the_row_and_unknown_without_phrases() -> None:
    lowest = Evidence(ROWS).lowest_nouns(10)
    assert lowest[[0, 2]] == pytest.approx([0.5, sigmoid(-2)])
    assert np.isnan(lowest[1])


def test_selected_rows_keep_their_own_phrases() -> None:
    found = Evidence(ROWS).select([2, 0])
    assert found.labels.tolist() == [3, 1]
    assert found.phrase_scores(10)[0] == pytest.approx(sigmoid(-2))


def test_rows_without_any_phrase_have_scores() -> None:
    evidence = Evidence(ROWS[1:2])
    assert evidence.phrase_scores(10).shape == (0,)
    assert score_rows(evidence, temperature=5, beta=0.5) == pytest.approx([sigmoid(1)])


@pytest.mark.parametrize(("temperature", "beta"), [(10.0, 0.5), (3.0, 0.4), (40.0, 0.9)])
def test_scores_are_those_of_the_assessor_at_any_temperature(
    temperature: float, beta: float, planted: Any, parser: Any
) -> None:
    prompt, pixels = "a red cat on a hat", torch.rand(1, 3, 32, 16)
    assessor = AlignmentAssessor(planted, parser, AlignmentSettings(temperature=temperature, beta=beta))
    reading = assessor.read(prompt)
    (matches,) = AlignmentAssessor(planted, parser).matcher.match_pairs(pixels, [(0, reading.texts)])
    row = RowEvidence.collect(reading, matches, label=0, picture="a")
    found = score_rows(Evidence([row]), temperature=temperature, beta=beta)
    assert found.tolist() == pytest.approx([assessor(pixels, prompt).score], rel=1e-5)


def test_phrases_that_cannot_be_judged_do_not_count(planted: Any, written: Any) -> None:
    trees = {"two cats on a mat": "two/NUM/1/nummod cats/NOUN/-/root on/ADP/4/case a/DET/4/det mat/NOUN/1/nmod"}
    assessor = AlignmentAssessor(planted, written(trees))
    reading = assessor.read("two cats on a mat")
    assert reading.reasons == ("count", None)
    (matches,) = assessor.matcher.match_pairs(torch.rand(1, 3, 32, 16), [(0, reading.texts)])
    row = RowEvidence.collect(reading, matches, label=0, picture="a", missing=(True, False))
    assert (row.nouns, row.phrases, row.missing) == ((matches.margins[3],), (matches.margins[4],), (False,))

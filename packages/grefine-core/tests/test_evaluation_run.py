from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grefine_core import InputError, Row
from grefine_core.evaluation_run import EvaluationRequest, join_scores, run_evaluation


def _request(**options: Any) -> EvaluationRequest:
    chosen = {"labels": ("mos",), "usual": (), "scores": ("p",), "form": "json", "resamples": 0, **options}
    return EvaluationRequest(**chosen)


def _rows(count: int = 6) -> list[Row]:
    return [{"image": f"{number}.png", "mos": number, "ready": -number} for number in range(count)]


def _score(rows: list[Row]) -> list[Row]:
    return [{"p": row["mos"] ** 2, "error": None} for row in rows]


def _run(rows: list[Row], request: EvaluationRequest, score: Any = _score) -> None:
    run_evaluation(rows, request, where="t.csv", key="image", own=("p", "q"), score=score)


def test_missing_score_is_computed_and_printed(capsys: Any) -> None:
    _run(_rows(), _request())
    (row,) = json.loads(capsys.readouterr().out)["agreement"]
    assert (row["score"], row["n"], row["SRCC"]) == ("p", 6, 1)


def test_ready_score_is_not_computed(capsys: Any) -> None:
    _run(_rows(), _request(scores=("ready",)), score=lambda _: pytest.fail("it was computed"))
    assert json.loads(capsys.readouterr().out)["agreement"][0]["SRCC"] == -1


def test_first_usual_label_that_is_there_is_taken(capsys: Any) -> None:
    _run(_rows(), _request(labels=(), usual=("quality", "mos", "ready")))
    assert json.loads(capsys.readouterr().out)["agreement"][0]["label"] == "mos"


def test_rows_without_the_key_are_numbered(capsys: Any) -> None:
    _run([{"mos": number, "p": number} for number in range(5)], _request())
    assert json.loads(capsys.readouterr().out)["agreement"][0]["n"] == 5


def test_results_are_written_to_a_folder_that_is_made(tmp_path: Path, capsys: Any) -> None:
    _run(_rows(), _request(folder=tmp_path / "out", form="markdown"))
    assert (tmp_path / "out" / "agreement.md").read_text() == capsys.readouterr().out


def _one_bad(rows: list[Row]) -> list[Row]:
    return [{"p": None, "error": "0.png is no picture."}, *_score(rows)[1:]]


def test_item_without_a_score_is_refused_or_left_out(capsys: Any) -> None:
    with pytest.raises(InputError, match=r"1 of 6 items of t\.csv have no score .*: 0\.png is no picture\."):
        _run(_rows(), _request(), score=_one_bad)
    _run(_rows(), _request(skip_bad=True), score=_one_bad)
    assert json.loads(capsys.readouterr().out)["agreement"][0]["n"] == 5


def test_run_without_any_score_is_refused() -> None:
    with pytest.raises(InputError, match=r"No item of t\.csv could be scored; the first: broken"):
        _run(_rows(), _request(skip_bad=True), score=lambda rows: [{"p": None, "error": "broken"}] * len(rows))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": ()}, "has no column of labels that is known"),
        ({"labels": ("beauty",)}, "has no column `beauty`"),
        ({"scores": ("x",)}, "has no column `x`, nor is it one of p, q; it has image, mos, ready"),
        ({"by": ("model",)}, "has no column `model`"),
    ],
)
def test_missing_column_is_named_before_anything_is_computed(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        _run(_rows(), _request(**options), score=lambda _: pytest.fail("it was computed"))


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match=r"The output folder .* is a file"):
        _request(folder=tmp_path / "out").check()


def test_joined_scores_keep_the_order_of_labels(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("image,p\n1.png,10\n0.png,20\n")
    rows = join_scores(_rows(2), tmp_path / "s.csv", where="t.csv", key="image")
    assert [row["p"] for row in rows] == [20, 10]
    assert join_scores(_rows(2), None, where="t.csv", key="image") == _rows(2)

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from scipy import stats
from typer.testing import CliRunner, Result

from grefine.cli import app
from grefine_core import read_table

PROMPTS = ("red cat", "blue dog", "green mat")


@pytest.fixture
def run(encoder: Any) -> Any:
    """Return what calls `grefine eval` with the tiny encoder for every preset."""

    def call(*arguments: object) -> Result:
        return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["eval", *map(str, arguments), "--device", "cpu"])

    return call


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a table of nine pictures of two sizes with labels, a ready score, a model and a split."""
    monkeypatch.chdir(tmp_path)
    Path("pics").mkdir()
    lines = ["image,prompt,quality,alignment,other,model,split"]
    for number in range(9):
        colour = (28 * number, 255 - 20 * number, (90 * number) % 256)
        Image.new("RGB", (64 - 16 * (number % 2), 48), colour).save(f"pics/{number}.png")
        split = "test" if number > 3 else "train"
        lines.append(
            f"pics/{number}.png,{PROMPTS[number % 3]},{number},{9 - number},{number % 4},{'ab'[number % 2]},{split}"
        )
    Path("t.csv").write_text("\n".join(lines))
    return Path("t.csv")


def _rows(result: Result) -> list[dict[str, Any]]:
    """Return the rows of all items that were printed as JSON."""
    found: list[dict[str, Any]] = json.loads(result.stdout)["agreement"]
    return found


def test_each_label_gets_the_score_that_is_meant_for_it(run: Any, table: Path) -> None:
    result = run(table, "--format", "json", "-o", "out")
    assert result.exit_code == 0, result.stderr
    rows = _rows(result)
    assert [(row["label"], row["score"], row["n"]) for row in rows] == [("quality", "p", 9), ("alignment", "a", 9)]
    scores = read_table(Path("out/scores.csv"))
    assert rows[0]["SRCC"] == stats.spearmanr([row["p"] for row in scores], range(9)).statistic
    assert rows[1]["SRCC"] == stats.spearmanr([row["a"] for row in scores], range(9, 0, -1)).statistic


def test_scores_are_those_of_the_assessors_alone(run: Any, table: Path) -> None:
    import grefine

    run(table, "-o", "out")
    models = grefine.load("mini", device="cpu")  # the tiny ones
    for number, row in enumerate(read_table(Path("out/scores.csv"))):
        score = models.score(f"pics/{number}.png", PROMPTS[number % 3])
        assert (row["p"], row["a"]) == pytest.approx((score.p, score.a), abs=1e-5)
        assert row["technical"] == pytest.approx(score.perception.row()["technical"], abs=1e-5)


def test_batch_is_encoded_once_for_both_scores(run: Any, table: Path, encoder: Any) -> None:
    run(table)
    assert encoder.encoded == 2  # two sizes


def test_one_score_alone_leaves_the_other_assessor_out(run: Any, table: Path) -> None:
    assert run(table, "--score", "technical", "-o", "out").exit_code == 0
    (first, *_) = read_table(Path("out/scores.csv"))
    assert "p" in first
    assert "a" not in first


def test_ready_scores_read_no_picture(run: Any, table: Path, encoder: Any) -> None:
    for path in Path("pics").iterdir():
        path.unlink()
    (row,) = _rows(run(table, "--score", "other", "--label", "quality", "--format", "json"))
    assert row["SRCC"] == stats.spearmanr([number % 4 for number in range(9)], range(9)).statistic
    assert encoder.encoded == 0


def test_split_and_limit_choose_items(run: Any, table: Path) -> None:
    assert _rows(run(table, "--split", "test", "--format", "json"))[0]["n"] == 5
    assert _rows(run(table, "--limit", 6, "--format", "json"))[0]["n"] == 6
    refused = run(table, "--split", "validation")
    assert (refused.exit_code, refused.stderr) == (2, "Error: t.csv has no split `validation`, only test, train.\n")


def test_run_goes_on_with_the_scores_that_are_there(run: Any, table: Path, encoder: Any) -> None:
    first = run(table, "-o", "out", "--by", "model")
    encoder.encoded = 0
    again = run(table, "-o", "out", "--by", "model", "--resume")
    assert again.stdout == first.stdout
    assert encoder.encoded == 0


def test_scores_of_another_table_are_joined_by_id(run: Any, table: Path) -> None:
    lines = [f"pics/{number}.png,{number * number}" for number in range(9)]
    Path("theirs.csv").write_text("\n".join(["id,theirs", *lines]))
    result = run(table, "--scores-from", "theirs.csv", "--score", "theirs", "--label", "quality", "--format", "json")
    assert _rows(result)[0]["SRCC"] == pytest.approx(1)


def test_item_without_a_score_is_an_error_unless_it_is_left_out(run: Any, table: Path) -> None:
    Path("pics/4.png").write_bytes(b"no picture")
    refused = run(table)
    assert refused.exit_code == 2
    assert "1 of 9 items of t.csv have no score (--skip-bad leaves them out): pics/4.png" in refused.stderr
    assert _rows(run(table, "--skip-bad", "--format", "json"))[0]["n"] == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere does not exist"),
        (("t.csv", "--label", "beauty"), "t.csv has no column `beauty`"),
        (("t.csv", "--score", "q"), "t.csv has no column `q`, nor is it one of p, overall"),
        (("t.csv", "--database", "agiqa-3k"), "t.csv has no column `name`"),
        (("bare.csv",), "bare.csv has no label quality or alignment, only none; name one with --label."),
        (("t.csv", "--plots"), "--plots are written to a folder"),
    ],
)
def test_bad_input_ends_with_2_before_a_model_is_loaded(
    run: Any, table: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.setattr("grefine.assessors.load_assessors", lambda _: pytest.fail("a model was loaded"))
    Path("bare.csv").write_text("image,prompt\na.png,a cat\n")
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_missing_pictures_are_told_before_a_model_is_loaded(run: Any, table: Path, encoder: Any) -> None:
    Path("pics/2.png").unlink()
    result = run(table)
    assert result.exit_code == 2
    assert "1 of 9 pictures of t.csv are missing, and `grefine data check` tells more: pics/2.png." in result.stderr


def test_released_labels_of_agiqa_3k_are_measured_without_pictures(run: Any, data_folder: Path) -> None:
    csv = data_folder / "prompts" / "agiqa3k.csv"
    (row,) = _rows(run(csv, "--score", "mos_align", "--label", "quality", "--resamples", 0, "--format", "json"))
    assert row["n"] == 2982
    assert row["SRCC"] == pytest.approx(0.7419, abs=1e-4)

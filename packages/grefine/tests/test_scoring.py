from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from grefine import Settings
from grefine.assessors import load_assessors
from grefine.databases import Item
from grefine.score_names import ALIGNMENT_SCORES, PERCEPTION_SCORES
from grefine.scoring import score_columns, score_items
from grefine_core.table_runs import in_order
from pqmap import FACTORS

ALL = (*PERCEPTION_SCORES, *ALIGNMENT_SCORES)


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    found = []
    for number, prompt in enumerate(("red cat", "!!", "blue dog")):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (32, 32), (80 * number, 90, 40)).save(path)
        found.append(Item(id=f"item {number}", image=path, prompt=prompt))
    return found


def _rows(items: list[Item], columns: tuple[str, ...] = ALL) -> list[dict]:
    assessors = load_assessors(Settings(device="cpu"))
    batches = score_items(items, assessors, columns=columns)
    return list(in_order(one for batch in batches for one in batch))


def test_row_has_both_scores_and_the_item(encoder, items) -> None:
    first = _rows(items)[0]
    assert tuple(first) == ("id", "prompt", *ALL, "error")
    assert (first["id"], first["prompt"], first["error"]) == ("item 0", "red cat", None)
    assert 0 <= first["p"] <= 1
    assert 0 <= first["a"] <= 1


def test_prompt_that_says_nothing_fails_alone(encoder, items) -> None:
    first, bad, last = _rows(items)
    assert "no words left" in bad["error"]
    assert bad["p"] is None
    assert first["error"] is last["error"] is None


def test_prompt_does_not_matter_where_alignment_is_not_wanted(encoder, items) -> None:
    rows = _rows(items, PERCEPTION_SCORES)
    assert [row["error"] for row in rows] == [None] * 3
    assert "a" not in rows[0]


def test_picture_that_cannot_be_read_fails_alone(encoder, items) -> None:
    items[0].image.write_bytes(b"no picture")
    rows = _rows(items)
    assert "0.png is not a picture that can be read" in rows[0]["error"]
    assert rows[2]["error"] is None


@pytest.mark.parametrize(
    ("wanted", "expected"), [(("p",), PERCEPTION_SCORES), (("coverage",), ALIGNMENT_SCORES), (("a", "technical"), ALL)]
)
def test_one_score_brings_those_of_its_assessor(wanted, expected) -> None:
    assert score_columns(wanted) == expected


def test_names_are_those_of_the_factors() -> None:
    assert ("p", *FACTORS) == PERCEPTION_SCORES

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from aqmap.alignment import AlignmentAssessor
from aqmap.results import ALIGNMENT_COLUMNS
from aqmap.tables.scoring import score_subjects, table_columns
from aqmap.tables.subjects import Subject
from grefine_core import InputError, to_pil


class Recorder:
    """An assessor that notes what it reads and assesses."""

    def __init__(self, inner: AlignmentAssessor, *, refused: str = "") -> None:
        self.inner, self.refused = inner, refused
        self.read: list[list[str]] = []
        self.prepared: list[str] = []
        self.batches: list[tuple[int, int]] = []

    def read_all(self, prompts: Any, negatives: Any) -> Any:
        self.read.append(list(prompts))
        return self.inner.read_all(prompts, negatives)

    def prepare(self, image: Any) -> Any:
        self.prepared.append(Path(image).name)
        return self.inner.prepare(image)

    def assess_prepared(self, batch: Any) -> Any:
        self.batches.append((len(batch), len({id(picture) for picture, _ in batch})))
        if self.refused in [reading.prompt.original for _, reading in batch]:
            raise InputError("The encoder gave no finite features.")
        return self.inner.assess_prepared(batch)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for name, side in (("a", 20), ("b", 20), ("c", 30)):
        to_pil(torch.rand(3, 40, side)).save(tmp_path / f"{name}.png")
    return tmp_path


def subjects(folder: Path, *pairs: str, **options: Any) -> list[Subject]:
    """Return subjects of `a cat`: the picture and its prompt."""
    named = [pair.split(" ", 1) for pair in pairs]
    return [
        Subject(cells={"row": i, "image": name}, path=folder / f"{name}.png", prompt=prompt, negative=None, **options)
        for i, (name, prompt) in enumerate(named, start=1)
    ]


@pytest.fixture
def recorder(assessor: AlignmentAssessor, planted: Any) -> Recorder:
    one = planted.features
    planted.encode_image = lambda pixels: type(one)(
        global_=one.global_.expand(len(pixels), -1), patches=one.patches.expand(len(pixels), -1, -1, -1)
    )
    return Recorder(assessor)


def rows_of(some: list[Subject], assessor: Any, **options: Any) -> list[Any]:
    found = [one for batch in score_subjects(some, assessor, **options) for one in batch]
    return [row for _, row, _ in sorted(found, key=lambda one: one[0])]


def test_neighbours_with_one_picture_share_its_reading_and_the_batch_reads_its_prompts_at_once(
    pictures: Path, recorder: Recorder
) -> None:
    some = subjects(pictures, "a cat", "a dog", "b cat", "c cat", "c dog")
    rows = rows_of(some, recorder, batch_size=4, workers=1)
    assert recorder.prepared == ["a.png", "b.png", "c.png"]
    assert recorder.batches == [(3, 2), (2, 1)]
    assert recorder.read == [["cat", "dog", "cat"], ["cat", "dog"]]
    assert [(row["row"], row["image"], row["prompt"]) for row in rows] == [
        (1, "a", "cat"),
        (2, "a", "dog"),
        (3, "b", "cat"),
        (4, "c", "cat"),
        (5, "c", "dog"),
    ]
    assert all(tuple(row) == table_columns(some) for row in rows)


def test_row_has_the_scores_of_the_picture_alone(pictures: Path, recorder: Recorder) -> None:
    (row,) = rows_of(subjects(pictures, "a red cat on red mat"), recorder)
    alone = recorder.inner(pictures / "a.png", "red cat on red mat")
    assert {name: row[name] for name in ALIGNMENT_COLUMNS} == alone.row()
    assert row["error"] is None


def test_bad_prompt_fails_alone_among_its_batch(pictures: Path, recorder: Recorder) -> None:
    rows = rows_of(subjects(pictures, "a cat", "a !!", "b dog"), recorder)
    assert [bool(row["error"]) for row in rows] == [False, True, False]
    assert {rows[1][name] for name in ALIGNMENT_COLUMNS} == {None}
    assert "no words left" in rows[1]["error"]


def test_batch_of_bad_prompts_is_not_given_to_the_model(pictures: Path, recorder: Recorder) -> None:
    assert [bool(row["error"]) for row in rows_of(subjects(pictures, "a !!", "a ??"), recorder)] == [True, True]
    assert recorder.batches == []


def test_pair_that_the_model_refuses_fails_alone(pictures: Path, assessor: Any, recorder: Recorder) -> None:
    recorder.refused = "dog"
    rows = rows_of(subjects(pictures, "a cat", "a dog", "b cat"), recorder)
    assert [row["error"] for row in rows] == [None, "The encoder gave no finite features.", None]


def test_subjects_with_an_error_come_first_and_are_not_read(pictures: Path, recorder: Recorder) -> None:
    bad = subjects(pictures, "a cat", error="It has\n  no prompt.")
    batches = list(score_subjects([*subjects(pictures, "b dog"), *bad], recorder))
    assert [[place for place, _, _ in batch] for batch in batches] == [[1], [0]]
    assert batches[0][0][1]["error"] == "It has no prompt."
    assert recorder.prepared == ["b.png"]


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"workers": 0}])
def test_counts_below_one_are_refused(pictures: Path, recorder: Recorder, options: Any) -> None:
    with pytest.raises(InputError, match="must be at least 1"):
        rows_of(subjects(pictures, "a cat"), recorder, **options)

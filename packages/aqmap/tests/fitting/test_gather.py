from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from aqmap.alignment import AlignmentAssessor
from aqmap.fitting.gather import gather
from aqmap.fitting.table import PromptColumns, PromptTable, read_prompt_table
from grefine_core import InputError, to_pil


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        to_pil(torch.rand(3, 32, 16)).save(tmp_path / f"{name}.png")
    (tmp_path / "copy.png").write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / "broken.png").write_bytes(b"no picture")
    return tmp_path


def table(folder: Path, lines: str, *, missing: bool = False) -> PromptTable:
    path = folder / "t.csv"
    path.write_text(f"image,prompt,label{',gone' if missing else ''}\n{lines}")
    return read_prompt_table(path, PromptColumns(missing="gone" if missing else None))


def test_rows_keep_their_order_and_what_the_matcher_says(folder: Path, assessor: AlignmentAssessor) -> None:
    rows = table(folder, "a.png,a red cat on a hat,1\nb.png,cat,2\na.png,cat,3\n")
    found = gather(rows, assessor).rows
    assert [row.label for row in found] == [1, 2, 3]
    assert [len(row.phrases) for row in found] == [2, 1, 1]
    assert found[1].prompt == pytest.approx((0.8 - 0.6,))  # planted: cat 0.8, empty 0.6
    assert found[0].nouns[1] == pytest.approx((0.0 - 0.6,))  # no hat


def test_picture_of_several_rows_is_encoded_once(
    folder: Path, assessor: Any, planted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    encode = planted.encode_image
    monkeypatch.setattr(planted, "encode_image", lambda pixels: (counts.append(len(pixels)), encode(pixels))[1])
    gather(table(folder, "a.png,cat,1\nb.png,cat,2\na.png,dog,3\n"), assessor, batch_size=2)
    assert counts == [1, 1]


def test_copies_count_as_one_picture(folder: Path, assessor: Any) -> None:
    found = gather(table(folder, "a.png,cat,1\nb.png,cat,2\ncopy.png,dog,3\n"), assessor).rows
    assert found[0].picture == found[2].picture != found[1].picture


def test_bad_rows_are_told_and_the_others_go_on(folder: Path, assessor: Any) -> None:
    calls: list[int] = []
    rows = table(folder, "broken.png,cat,1\na.png,<lora:x:1>,2\nnone.png,cat,3\nb.png,dog,4\n")
    found = gather(rows, assessor, on_row=lambda: calls.append(1))
    assert [row.label for row in found.rows] == [4]
    assert sorted(message.split(" of ")[0] for message in found.bad) == ["Row 1", "Row 2", "Row 3"]
    assert any("broken.png" in message for message in found.bad)
    assert len(calls) == 2  # those that have a file and a prompt


def test_table_without_a_good_row_is_refused(folder: Path, assessor: Any) -> None:
    with pytest.raises(InputError, match=r"No row of .*t\.csv can be used; the first: Row 1"):
        gather(table(folder, "broken.png,cat,1\nbroken.png,dog,2\n"), assessor)


def test_missing_phrases_are_known_by_their_words_or_their_noun(folder: Path, assessor: Any) -> None:
    prompt = "a red cat on a hat"
    rows = table(folder, f"a.png,{prompt},1,Red cat\nb.png,{prompt},2,hat;cat\na.png,{prompt},3,\n", missing=True)
    found = gather(rows, assessor)
    assert [row.missing for row in found.rows] == [(True, False), (True, True), (False, False)]


def test_missing_phrase_that_the_prompt_has_not_makes_the_row_bad(folder: Path, assessor: Any) -> None:
    rows = table(folder, "a.png,a red cat on a hat,1,dog\nb.png,cat,2,\n", missing=True)
    (message,) = gather(rows, assessor).bad
    assert message.endswith("`dog` is called missing, but is no phrase of the prompt, which are red cat; on hat.")


def test_batches_of_any_size_give_the_same_margins(folder: Path, assessor: Any) -> None:
    rows = table(folder, "a.png,cat,1\nb.png,cat,2\na.png,dog,3\nb.png,a red cat on a hat,4\n")
    assert gather(rows, assessor, batch_size=1) == gather(rows, assessor, batch_size=4)

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from grefine_core import ImageInput, InputError, to_pil
from grefine_core.batches import WAITING_BATCHES
from pqmap import Perception, PerceptionAssessor, Prepared, TextPairs, score_files, table_columns
from pqmap.folders.scoring import score_batches


class Recorder:
    """An assessor that notes the batches it gets, and refuses those with a mean beyond `limit`."""

    def __init__(self, inner: PerceptionAssessor, *, limit: float = 2.0, error: Exception | None = None) -> None:
        self.inner, self.limit = inner, limit
        self.error = error or InputError("The encoder gave no finite features.")
        self.batches: list[list[Prepared]] = []
        self.threads: set[str] = set()

    @property
    def names(self) -> tuple[str, ...]:
        return self.inner.names

    def prepare(self, image: ImageInput) -> Prepared:
        self.threads.add(threading.current_thread().name)
        return self.inner.prepare(image)

    def assess_prepared(self, batch: Sequence[Prepared]) -> list[Perception]:
        self.batches.append(list(batch))
        if any(float(one.pixels.mean()) > self.limit for one in batch):
            raise self.error
        return self.inner.assess_prepared(batch)

    @property
    def sizes(self) -> list[tuple[int, tuple[int, ...]]]:
        return [(len(batch), tuple(batch[0].pixels.shape[2:])) for batch in self.batches]


@pytest.fixture
def assessor(encoder: Any, pairs: TextPairs) -> PerceptionAssessor:
    return PerceptionAssessor(encoder, pairs)


def save(path: Path, height: int, width: int) -> Path:
    to_pil(torch.rand(3, height, width)).save(path)
    return path


def rows_of(paths: Sequence[Path], assessor: Any, **options: Any) -> list[dict[str, Any]]:
    """Return the rows in the order of the paths."""
    found = sorted(score_files(paths, assessor, **options), key=lambda one: one[0])
    assert [index for index, _, _ in found] == list(range(len(paths)))
    return [row for _, row, _ in found]


def test_row_is_what_the_picture_gets_alone(assessor: PerceptionAssessor, tmp_path: Path) -> None:
    path = save(tmp_path / "größe.png", 24, 40)
    ((index, row, result),) = score_files([path], assessor)
    expected = assessor.assess(path)
    assert (index, tuple(row)) == (0, table_columns(assessor.names))
    assert row == {"path": str(path), **expected.row(), "error": None}
    assert torch.equal(result.grid, expected.grid)


def test_pictures_of_one_size_share_a_pass_of_the_model(assessor: PerceptionAssessor, tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{i}.png", *((32, 32) if i % 2 else (32, 64))) for i in range(10)]
    recorder = Recorder(assessor)
    rows = rows_of(paths, recorder, batch_size=4)
    assert [row["path"] for row in rows] == [str(path) for path in paths]
    wide, square = (assessor.encoder.fitted_size(32, width) for width in (64, 32))
    assert recorder.sizes == [(4, wide), (4, square), (1, wide), (1, square)]
    assert "MainThread" not in recorder.threads
    for path, row in zip(paths, rows, strict=True):
        assert row["p"] == pytest.approx(assessor.assess(path).score, abs=1e-5)


def test_many_sizes_do_not_wait_for_ever(assessor: PerceptionAssessor, tmp_path: Path) -> None:
    widths = [8, 16, 24, 24, 16, 32, 32, 40, 40, 48, 48, 56, 8, 8]
    paths = [save(tmp_path / f"{i:02}.png", 56, width) for i, width in enumerate(widths)]
    recorder = Recorder(assessor)
    assert len(rows_of(paths, recorder, batch_size=3)) == 14
    assert WAITING_BATCHES == 4
    # when 12 wait, the fullest have 2, and the one that has waited longest of these goes first
    assert recorder.sizes[:2] == [(2, (56, 16)), (3, (56, 8))]


def test_same_paths_give_the_same_rows_in_the_same_order(assessor: PerceptionAssessor, tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{i:02}.png", 16 + 8 * (i % 3), 40) for i in range(15)]
    once, again = ([row for _, row, _ in score_files(paths, assessor, batch_size=4, workers=w)] for w in (1, 4))
    assert once == again


def test_batches_that_are_left_after_a_stop_are_those_of_a_run_without(
    assessor: PerceptionAssessor, tmp_path: Path
) -> None:
    """A batch is company that can change the last bit of a score, so it must be the same."""
    widths = torch.randint(1, 8, (40,)).tolist()
    paths = [save(tmp_path / f"{i:02}.png", 56, 8 * width) for i, width in enumerate(widths)]
    paths[17].write_bytes(b"no picture")

    def batches_of(some: list[Path]) -> list[list[str]]:
        return [[row["path"] for _, row, _ in batch] for batch in score_batches(some, assessor, batch_size=3)]

    whole = batches_of(paths)
    assert len({len(batch) for batch in whole}) == 3  # full ones, and some that could not wait
    for stop in range(1, len(whole)):
        done = {path for batch in whole[:stop] for path in batch}
        assert batches_of([path for path in paths if str(path) not in done]) == whole[stop:]


def broken_files(folder: Path) -> list[Path]:
    """Write ten files that are broken in ten ways."""
    good = save(folder / "good.png", 24, 24).read_bytes()
    Image.new("RGB", (64, 64), "red").save(folder / "good.jpg")
    chunk = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + b"IHDR" + chunk + struct.pack(">I", zlib.crc32(b"IHDR" + chunk))
    contents = {
        "empty.png": b"",
        "text.png": b"this is a text",
        "truncated.png": good[: len(good) // 2],
        "truncated.jpg": (folder / "good.jpg").read_bytes()[:300],
        "header-only.png": good[:33],
        "zeros.png": bytes(1000),
        "html.jpg": b"<html><body>404</body></html>",
        "bomb.png": good[:8] + header + good[33:],
        "flipped.png": good[:60] + bytes([good[60] ^ 255, good[61] ^ 255]) + good[62:],
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    Image.fromarray(torch.full((4, 4), float("nan")).numpy()).save(folder / "nan.tiff")
    return [folder / name for name in (*contents, "nan.tiff")]


def test_ten_kinds_of_broken_files_are_ten_rows_with_an_error(assessor: PerceptionAssessor, tmp_path: Path) -> None:
    broken = broken_files(tmp_path)
    paths = [broken[0], tmp_path / "good.png", *broken[1:], tmp_path / "good.jpg", tmp_path / "gone.png"]
    rows = rows_of(paths, assessor, batch_size=2)
    assert len(broken) == 10
    assert [row["path"] for row in rows if not row["error"]] == [str(tmp_path / "good.png"), str(tmp_path / "good.jpg")]
    for row in rows:
        assert tuple(row) == table_columns(assessor.names)
        if row["error"]:
            assert row["path"] in row["error"]
            assert "\n" not in row["error"]
            assert {value for name, value in row.items() if name not in {"path", "error"}} == {None}


@pytest.mark.parametrize("error", [InputError("no finite features"), torch.OutOfMemoryError("full")])
def test_batch_that_fails_is_tried_one_by_one(error: Exception, assessor: PerceptionAssessor, tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{i}.png", 32, 32) for i in range(4)]
    Image.new("RGB", (32, 32), "white").save(paths[2])
    recorder = Recorder(assessor, limit=0.9, error=error)
    rows = rows_of(paths, recorder, batch_size=4)
    assert [bool(row["error"]) for row in rows] == [False, False, True, False]
    assert [size for size, _ in recorder.sizes] == [4, 1, 1, 1, 1]


def test_bug_in_the_assessor_is_not_taken_for_a_bad_file(assessor: PerceptionAssessor, tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", 16, 16)
    with pytest.raises(ZeroDivisionError):
        list(score_files([path], Recorder(assessor, limit=-1, error=ZeroDivisionError())))
    recorder = Recorder(assessor)
    recorder.prepare = lambda _: 1 / 0
    with pytest.raises(ZeroDivisionError):
        list(score_files([path], recorder))


def test_name_that_is_no_utf8_gets_a_row(assessor: PerceptionAssessor, tmp_path: Path) -> None:
    path = tmp_path / "b\udcff.png"
    try:
        path.write_bytes(b"no picture")
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    (row,) = rows_of([path], assessor)
    assert row["path"] == f"{tmp_path}/b\\udcff.png"
    assert row["error"] == f"{tmp_path}/b\\udcff.png is not a picture that can be read."


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"workers": 0}])
def test_counts_below_one_are_refused(options: Any, assessor: PerceptionAssessor, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be at least 1"):
        list(score_files([save(tmp_path / "a.png", 8, 8)], assessor, **options))

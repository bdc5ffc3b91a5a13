from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from grefine_core import InputError, assess_files
from grefine_core.batches import WAITING_BATCHES


@dataclass(frozen=True, eq=False)
class Prepared:
    """Stands for a picture of the width that its name says."""

    path: Path
    pixels: torch.Tensor


class Model:
    """Notes what it is given; names beginning with `bad` are no pictures, those with `odd` fail in the model."""

    def __init__(self, error: Exception | None = None) -> None:
        self.read: list[str] = []
        self.batches: list[list[str]] = []
        self.error = error or InputError("The encoder gave no finite features.")

    def prepare(self, path: Path) -> Prepared:
        self.read.append(path.name)
        if path.name.startswith("bad"):
            raise InputError(f"{path} is no picture.")
        return Prepared(path, torch.zeros(1, 3, 1, int(path.name[-1])))

    def assess(self, bucket: Sequence[tuple[int, Prepared]]) -> list[str | InputError]:
        names = [prepared.path.name for _, prepared in bucket]
        self.batches.append(names)
        if any(name.startswith("odd") for name in names):
            raise self.error
        return [InputError("said so") if name.startswith("own") else name for name in names]


def run(names: str, model: Model, **options: Any) -> list[list[tuple[int, Any]]]:
    paths = [Path(name) for name in names.split()]
    return list(assess_files(paths, model.prepare, model.assess, **options))


def test_pictures_of_one_size_share_a_batch_and_keep_their_places() -> None:
    model = Model()
    batches = run("a1 b2 c1 d2 e1", model, batch_size=2)
    assert model.batches == [["a1", "c1"], ["b2", "d2"], ["e1"]]
    assert batches == [[(0, "a1"), (2, "c1")], [(1, "b2"), (3, "d2")], [(4, "e1")]]


def test_path_that_comes_several_times_in_a_row_is_read_once_and_shared() -> None:
    model = Model()
    shared: list[Prepared] = []
    found = assess_files(
        [Path(name) for name in ("a1", "a1", "b1", "a1")],
        model.prepare,
        lambda bucket: shared.extend(one for _, one in bucket) or [place for place, _ in bucket],
        batch_size=3,
        workers=1,
    )
    assert [place for batch in found for place, _ in batch] == [0, 1, 2, 3]
    assert model.read == ["a1", "b1", "a1"]
    assert shared[0] is shared[1]


def test_file_that_cannot_be_read_fails_at_all_its_places() -> None:
    model = Model()
    batches = run("bad1 bad1 a1", model)
    assert [place for place, _ in batches[0]] == [0, 1]
    assert {str(error) for _, error in batches[0]} == {"bad1 is no picture."}
    assert batches[1:] == [[(2, "a1")]]


@pytest.mark.parametrize("error", [InputError("no finite features"), torch.OutOfMemoryError("full")])
def test_batch_that_fails_is_tried_one_by_one(error: Exception) -> None:
    model = Model(error)
    ((a, odd, b),) = run("a1 odd1 b1", model)
    assert model.batches == [["a1", "odd1", "b1"], ["a1"], ["odd1"], ["b1"]]
    assert (a, b) == ((0, "a1"), (2, "b1"))
    assert isinstance(odd[1], InputError)


def test_error_among_the_results_stays_in_its_place() -> None:
    ((a, own),) = run("a1 own1", Model())
    assert (a, str(own[1])) == ((0, "a1"), "said so")


def test_bug_is_not_taken_for_a_bad_file() -> None:
    with pytest.raises(ZeroDivisionError):
        run("odd1", Model(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        list(assess_files([Path("a1")], lambda _: 1 / 0, lambda _: []))


def test_many_sizes_do_not_wait_for_ever() -> None:
    model = Model()
    names = "a1 a2 a3 b3 b2 a4 b4 a5 b5 a6 b6 a7 b1 c1"
    assert sum(map(len, run(names, model, batch_size=3))) == 14
    assert WAITING_BATCHES == 4
    # when 12 wait, the fullest have 2, and the one that has waited longest of these goes first
    assert model.batches[:2] == [["a2", "b2"], ["a1", "b1", "c1"]]


def test_batches_that_are_left_after_a_stop_are_those_of_a_run_without() -> None:
    draw = torch.Generator().manual_seed(1)
    names = [f"{'bad' if i == 17 else 'p'}{i // 3}-{torch.randint(1, 8, (), generator=draw)}" for i in range(60)]

    def batches_of(some: Sequence[str]) -> list[list[str]]:
        return [[some[place] for place, _ in batch] for batch in run(" ".join(some), Model(), batch_size=3)]

    unique = [f"{name[:-1]}-{i}{name[-1]}" for i, name in enumerate(names)]
    whole = batches_of(unique)
    assert len({len(batch) for batch in whole}) == 3  # full ones, and some that could not wait
    for stop in range(1, len(whole)):
        done = {name for batch in whole[:stop] for name in batch}
        assert batches_of([name for name in unique if name not in done]) == whole[stop:]


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"workers": 0}])
def test_counts_below_one_are_refused(options: Any) -> None:
    with pytest.raises(InputError, match="must be at least 1"):
        run("a1", Model(), **options)

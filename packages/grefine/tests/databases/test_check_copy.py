from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from grefine.databases import Item, LabelRange
from grefine.databases.check_copy import check_copy

RANGES = {"quality": LabelRange(0, 5)}


@pytest.fixture
def item(tmp_path: Path) -> Item:
    path = tmp_path / "a.png"
    Image.effect_noise((32, 32), 50).save(path)
    return Item(id="a", image=path, prompt="a cat", labels={"quality": 3.0})


def _other(item: Item, name: str, quality: float | None = 1.0) -> Item:
    labels = {} if quality is None else {"quality": quality}
    return Item(id=name, image=item.image, prompt="a dog", labels=labels)


def test_whole_copy_has_no_problem(item: Item) -> None:
    assert check_copy([item], labels=RANGES, count=1) == []


def test_wrong_count_is_told(item: Item) -> None:
    assert check_copy([item], labels=RANGES, count=3) == ["There are 1 items, a whole copy has 3."]


def test_missing_picture_is_named(item: Item) -> None:
    gone = Item(id="b", image=item.image.with_name("b.png"), prompt="", labels={"quality": 1.0})
    assert check_copy([item, gone], labels=RANGES, count=None) == [f"1 of 2 pictures are missing: {gone.image}."]


def test_picture_that_was_cut_off_is_named(item: Item) -> None:
    item.image.write_bytes(item.image.read_bytes()[:500])
    (problem,) = check_copy([item], labels=RANGES, count=None)
    assert problem.startswith("1 of 1 pictures cannot be read: ")
    assert "a.png" in problem


def test_watcher_sees_the_pictures_that_are_there_and_their_number(item: Item) -> None:
    gone = Item(id="b", image=item.image.with_name("b.png"), prompt="", labels={"quality": 1.0})
    seen: list[Path | int] = []

    def watch(pictures: Iterable[Any], total: int) -> Iterator[Any]:
        seen.append(total)
        for picture in pictures:
            seen.append(picture[0])
            yield picture

    check_copy([item, gone, item], labels=RANGES, count=None, watch=watch)
    assert seen == [2, item.image, item.image]


@pytest.mark.parametrize("value", [5.1, -0.1, float("nan")])
def test_label_out_of_its_range_is_named(item: Item, value: float) -> None:
    (problem,) = check_copy([item, _other(item, "b", value)], labels=RANGES, count=None)
    assert problem == f"1 labels `quality` are not between 0 and 5: b ({value:g})."


def test_missing_label_is_named(item: Item) -> None:
    assert check_copy([item, _other(item, "b", None)], labels=RANGES, count=None) == [
        "1 items have no label `quality`: b."
    ]


def test_repeated_id_is_named(item: Item) -> None:
    assert check_copy([item, _other(item, "a")], labels=RANGES, count=None) == ["1 ids come more than once: a."]


def test_only_the_first_of_many_are_named(item: Item) -> None:
    items = [_other(item, f"n{number}", 9) for number in range(7)]
    (problem,) = check_copy(items, labels=RANGES, count=None)
    assert problem.endswith("n4 (9), and 2 more.")

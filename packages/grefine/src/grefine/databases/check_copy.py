"""What is wrong with a copy of a database: pictures missing, unreadable or too few, labels out of range."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from grefine.databases.records import Item, LabelRange, Watch

SHOWN = 5
"""Items that a problem names; the others are only counted."""


def check_copy(
    items: Sequence[Item], *, labels: Mapping[str, LabelRange], count: int | None, watch: Watch | None = None
) -> list[str]:
    """Return one sentence for each problem; none if the copy is whole.

    Args:
        items: As the database reads them.
        labels: Range of each label that every item must have.
        count: How many items there must be; None for any number.
        watch: Sees the pictures as they are read.
    """
    found = []
    if count is not None and len(items) != count:
        found.append(f"There are {len(items)} items, a whole copy has {count}.")
    found += _repeated(items)
    found += _labels(items, labels)
    missing = [item for item in items if not item.image.is_file()]
    if missing:
        names = _named([str(item.image) for item in missing])
        found.append(f"{len(missing)} of {len(items)} pictures are missing: {names}.")
    gone = set(map(id, missing))
    found += _unreadable([item for item in items if id(item) not in gone], watch or _unwatched)
    return found


def _repeated(items: Sequence[Item]) -> Iterator[str]:
    twice = [name for name, count in Counter(item.id for item in items).items() if count > 1]
    if twice:
        yield f"{len(twice)} ids come more than once: {_named(twice)}."


def _labels(items: Sequence[Item], labels: Mapping[str, LabelRange]) -> Iterator[str]:
    for name, (low, high) in labels.items():
        without = [item.id for item in items if name not in item.labels]
        if without:
            yield f"{len(without)} items have no label `{name}`: {_named(without)}."
        wrong = [
            f"{item.id} ({item.labels[name]:g})"
            for item in items
            if name in item.labels and not (math.isfinite(item.labels[name]) and low <= item.labels[name] <= high)
        ]
        if wrong:
            yield f"{len(wrong)} labels `{name}` are not between {low:g} and {high:g}: {_named(wrong)}."


def _unreadable(items: Sequence[Item], watch: Watch) -> Iterator[str]:
    """Decode every picture, several at a time: a file that was cut off opens, and fails only then."""
    from grefine_core.decode_ahead import decode_ahead
    from grefine_core.picture_files import count_pixels

    paths = [item.image for item in items]
    read = watch(decode_ahead(_failure, paths, cost=count_pixels), len(paths))
    broken = [str(error) for _, error in read if error]
    if broken:
        yield f"{len(broken)} of {len(items)} pictures cannot be read: {_named(broken, mark=' ')}"


def _unwatched(pictures: Iterable[Any], total: int) -> Iterable[Any]:  # noqa: ARG001 - any `Watch` is told
    return pictures


def _failure(path: Path) -> str:
    from grefine_core.errors import InputError
    from grefine_core.images import read_image

    try:
        read_image(path)
    except InputError as error:
        return str(error)
    return ""


def _named(names: Sequence[str], *, mark: str = ", ") -> str:
    more = f"{mark}and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return mark.join(names[:SHOWN]) + more

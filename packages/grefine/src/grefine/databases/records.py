"""What a database of generated pictures is: items with labels, and how to read and check a copy of it.

Imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

QUALITY, ALIGNMENT = "quality", "alignment"
"""Names of labels: how good a picture looks, and how well it shows its prompt. More is better."""


Watch = Callable[[Iterable[Any], int], Iterable[Any]]
"""Passes on what it gets, one item a picture, and may show how many of so many there were."""


class LabelRange(NamedTuple):
    """Lowest and highest value that a label can have, both included."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Item:
    """One picture of a database, with what it should show and what people said of it."""

    id: str
    """What no other item of the database has."""
    image: Path
    """Where its file belongs; a copy may lack it."""
    prompt: str
    labels: Mapping[str, float] = field(default_factory=dict)
    """By name, such as `quality`; in the database's own range, more is better."""
    model: str = ""
    """What painted it."""
    style: str = ""
    split: str = ""
    """`train`, `validation` or `test` by the database's own word; empty where it has none."""
    spread: Mapping[str, float] = field(default_factory=dict)
    """Standard deviation of the raters' opinions, by name of the label; empty where it is not told."""


class Database(Protocol):
    """A published set of pictures, or a table that is used like one."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""

    @property
    def summary(self) -> str:
        """One line for listings."""

    @property
    def licence(self) -> str:
        """What its makers allow, in their words."""

    @property
    def source(self) -> str:
        """Where to get it."""

    @property
    def labels(self) -> Mapping[str, LabelRange]:
        """Range of each label by its name; empty where nobody rated the pictures."""

    @property
    def count(self) -> int | None:
        """How many pictures a whole copy has; None where any part will do."""

    @property
    def raters(self) -> int | None:
        """How many people gave each label; None where this is not told."""

    def read(self, folder: Path) -> tuple[Item, ...]:
        """Return the items of a copy; their picture files need not be there.

        Args:
            folder: The copy as it is unpacked, or the table of its labels alone.

        Raises:
            InputError: If the table of items is missing or is not what it must be.
        """

    def check(self, folder: Path, *, watch: Watch | None = None) -> list[str]:
        """Return one sentence for each problem of a copy: what is missing, unreadable or out of range.

        Args:
            folder: The copy as it is unpacked, or its table alone.
            watch: Sees the pictures as they are read, which takes long.

        Raises:
            InputError: If there is no such folder.
        """

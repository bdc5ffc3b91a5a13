"""A database as its makers published it: what it is, and a copy of it read and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grefine.databases.check_copy import check_copy
from grefine.databases.records import Item, LabelRange, Watch
from grefine_core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Published:
    """One published database; see `grefine.databases.Database` for what the fields mean."""

    name: str
    summary: str
    licence: str
    source: str
    labels: Mapping[str, LabelRange] = field(default_factory=dict)
    count: int | None = None
    raters: int | None = None
    """How many people gave each label; None where this is not told."""
    reader: Callable[[Path], tuple[Item, ...]]
    """Reads a folder, or a table alone, that is there."""

    def read(self, folder: Path) -> tuple[Item, ...]:
        """Return the items of a copy; their picture files need not be there.

        Args:
            folder: The copy as it is unpacked, or the table of its labels alone.

        Raises:
            InputError: If it is not there, or its table of items is missing or is not what it must be.
        """
        if not folder.exists():
            raise InputError(f"{folder} does not exist; {self.name} is at {self.source}.")
        return self.reader(folder)

    def check(self, folder: Path, *, watch: Watch | None = None) -> list[str]:
        """Return one sentence for each problem of a copy: what is missing, unreadable or out of range.

        Args:
            folder: The copy as it is unpacked, or its table alone.
            watch: Sees the pictures as they are read, which takes long.

        Raises:
            InputError: If there is no such folder.
        """
        if not folder.exists():
            raise InputError(f"{folder} does not exist; {self.name} is at {self.source}.")
        try:
            items = self.read(folder)
        except InputError as error:
            return [str(error)]
        return check_copy(items, labels=self.labels, count=self.count, watch=watch)

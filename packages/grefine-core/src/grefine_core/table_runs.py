"""A run over many items that ends in one table: what is left to do, and its rows in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from grefine_core.table_journal import TableJournal
from grefine_core.tables import Row

Item = TypeVar("Item")
Other = TypeVar("Other")

Scored = tuple[int, Row, Other | None]
"""Place among the items, row, and what the row tells of, None where it tells of an error."""


@dataclass(frozen=True, kw_only=True)
class Plan(Generic[Item]):
    """What is left to score of the items of a run."""

    keys: list[str]
    """All items of the run, as their rows name them, in their order."""
    todo: list[Item]
    """Those that are to be scored."""
    kept_errors: int
    """How many of the others have a row that tells of an error."""
    unit: str
    """What the items are, in the plural."""

    @property
    def kept(self) -> int:
        """How many items have their row already."""
        return len(self.keys) - len(self.todo)

    def __str__(self) -> str:
        errors = f" ({self.kept_errors} with an error; --retry-errors scores them again)" if self.kept_errors else ""
        kept = f"{self.kept} of {len(self.keys)} {self.unit} have their row{errors}"
        return f"Resuming: {kept}; {len(self.todo)} to score."


def make_plan(
    items: Mapping[str, Item],
    journal: TableJournal,
    *,
    retry_errors: bool = False,
    stale: Callable[[Item, Row], bool] | None = None,
    unit: str = "pictures",
) -> Plan[Item]:
    """Return which items are to be scored: those without a row, and those whose row does not do.

    Args:
        items: All of the run by their keys, in their order.
        journal: Has the rows that there are; they have a column `error`.
        retry_errors: Whether those whose row tells of an error are scored again.
        stale: Says whether a row does not do though it is there.
        unit: What the items are, in the plural.
    """
    todo: list[Item] = []
    kept_errors = 0
    for key, item in items.items():
        row = journal.get(key)
        failed = row is not None and bool(row["error"])
        if row is None or (failed and retry_errors) or (stale is not None and stale(item, row)):
            todo.append(item)
        else:
            kept_errors += failed
    return Plan(keys=list(items), todo=todo, kept_errors=kept_errors, unit=unit)


def journalled(batches: Iterable[list[Scored[Other]]], journal: TableJournal) -> Iterator[Scored[Other]]:
    """Pass the rows on one by one, after they are in the journal.

    The journal takes a batch at once: half of one would be assessed in other company by a run that
    goes on, which can change the last bit of a score.
    """
    for batch in batches:
        journal.append(*(row for _, row, _ in batch))
        yield from batch


def in_order(scored: Iterable[Scored[Other]]) -> Iterator[Row]:
    """Yield the rows in the order of the items, each as soon as those before it are done."""
    early: dict[int, Row] = {}
    following = 0
    for index, row, _ in scored:
        early[index] = row
        while following in early:
            yield early.pop(following)
            following += 1

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from grefine_core import InputError, decode_ahead


class Gauge:
    """Counts how many calls are running at once."""

    def __init__(self) -> None:
        self.running = self.most = self.done = 0
        self._lock = threading.Lock()

    def __call__(self, item: int) -> int:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.005)
        with self._lock:
            self.running -= 1
            self.done += 1
        return item * 10


def test_results_come_in_the_order_of_the_items() -> None:
    def work(item: int) -> int:
        time.sleep(0.01 if item % 3 == 0 else 0)
        return item * 10

    assert list(decode_ahead(work, range(20), workers=4)) == [(item, item * 10) for item in range(20)]


def test_exception_is_the_result_of_its_item_alone() -> None:
    def work(item: int) -> float:
        return 1 / item

    (_, first), (_, second), (_, third) = decode_ahead(work, [1, 0, 2], workers=2)
    assert (first, third) == (1.0, 0.5)
    assert isinstance(second, ZeroDivisionError)


def test_no_items_give_nothing() -> None:
    assert list(decode_ahead(str, [])) == []


def test_items_are_worked_on_together_but_never_more_than_the_workers() -> None:
    gauge = Gauge()
    assert len(list(decode_ahead(gauge, range(30), workers=3))) == 30
    assert gauge.most == 3


def test_items_are_taken_no_further_ahead_than_asked() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = decode_ahead(str, items(), workers=2, ahead=5)
    for count in range(1, 4):
        next(results)
        assert len(taken) == 4 + count
    results.close()


def test_costly_items_wait_for_each_other_within_the_budget() -> None:
    gauge = Gauge()
    found = list(decode_ahead(gauge, range(12), workers=4, cost=lambda _: 48, budget=100))
    assert [item for item, _ in found] == list(range(12))
    assert gauge.most == 2


def test_item_beyond_the_budget_runs_alone_and_does_not_wait_for_ever() -> None:
    gauge = Gauge()
    costs = {3: 1_000_000}
    assert len(list(decode_ahead(gauge, range(8), workers=4, cost=lambda item: costs.get(item, 1), budget=100))) == 8
    assert gauge.done == 8


def test_failing_cost_or_work_gives_its_budget_back() -> None:
    def work(item: int) -> int:
        raise OSError(item)

    found = list(decode_ahead(work, range(10), workers=3, cost=lambda _: 60, budget=100))
    assert [type(result) for _, result in found] == [OSError] * 10


@pytest.mark.parametrize("way", ["close", "raise"])
def test_consumer_that_stops_ends_the_threads(way: str) -> None:
    gauge = Gauge()
    before = threading.active_count()
    results = decode_ahead(gauge, range(1000), workers=2, ahead=20)

    def consume() -> None:
        for _ in results:
            raise RuntimeError("enough")

    if way == "raise":
        with pytest.raises(RuntimeError, match="enough"):
            consume()
    else:
        next(results)
    results.close()
    assert threading.active_count() == before
    assert gauge.running == 0
    assert gauge.done < 20  # what had not begun was dropped


@pytest.mark.parametrize("options", [{"workers": 0}, {"ahead": 0}])
def test_counts_below_one_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="`workers` and `ahead` must be at least 1"):
        next(decode_ahead(str, [1], **options))

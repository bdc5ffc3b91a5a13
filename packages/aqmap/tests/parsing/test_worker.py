from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from aqmap.parsing.worker import LateError, Worker

HANGS_FOR_EVER = """
import threading
from aqmap.parsing.worker import LateError, Worker
try:
    Worker().run(threading.Event().wait, seconds=0.1)
except LateError:
    print("late")
"""


@pytest.fixture
def gate():
    """Work that goes on until the test ends."""
    event = threading.Event()
    yield event
    event.set()


def test_work_is_done_in_another_thread() -> None:
    assert Worker().run(threading.current_thread, seconds=10) is not threading.current_thread()


def test_one_thread_does_all_work() -> None:
    worker = Worker()
    assert worker.run(threading.get_ident, seconds=10) == worker.run(threading.get_ident, seconds=10)


def test_error_of_the_work_is_raised() -> None:
    def fail() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        Worker().run(fail, seconds=10)


def test_late_work_is_not_waited_for(gate: threading.Event) -> None:
    with pytest.raises(LateError):
        Worker().run(gate.wait, seconds=0.05)


def test_later_work_is_refused_at_once_while_late_work_goes_on(gate: threading.Event) -> None:
    worker = Worker()
    with pytest.raises(LateError):
        worker.run(gate.wait, seconds=0.05)
    start = time.monotonic()
    with pytest.raises(LateError):
        worker.run(time.monotonic, seconds=60)
    assert time.monotonic() - start < 30


def test_work_goes_on_when_late_work_has_come_back(gate: threading.Event) -> None:
    worker = Worker()
    back = threading.Event()

    def work() -> None:
        gate.wait()
        back.set()

    with pytest.raises(LateError):
        worker.run(work, seconds=0.05)
    gate.set()
    assert back.wait(30)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:  # the thread has still to note that it is done
        try:
            assert worker.run(lambda: "done", seconds=30) == "done"
            return
        except LateError:
            time.sleep(0.01)
    pytest.fail("the worker did not come back")


def test_work_that_was_given_up_before_it_began_is_never_begun(gate: threading.Event) -> None:
    worker = Worker()
    begun = []
    first = threading.Thread(target=lambda: worker.run(gate.wait, seconds=60))
    first.start()
    with pytest.raises(LateError):
        worker.run(lambda: begun.append("late"), seconds=0.05)
    gate.set()
    first.join()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            worker.run(lambda: begun.append("next"), seconds=30)
            break
        except LateError:
            time.sleep(0.01)
    assert begun == ["next"]


def test_work_that_never_ends_does_not_keep_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGS_FOR_EVER], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.split() == ["late"]

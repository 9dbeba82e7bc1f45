"""Who waits to write comes next, and gives up after a while."""

import threading
import time
from pathlib import Path

import pytest

from gatebook.core.errors import Unavailable
from gatebook.storage.turns import turn


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_one_at_a_time_has_the_turn(tmp_path: Path) -> None:
    path, inside, most = str(tmp_path / "turn"), 0, 0

    def write() -> None:
        nonlocal inside, most
        for _ in range(50):
            with turn(path, 5):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0002)
                inside -= 1

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, inside) == (1, 0)


def test_who_waits_comes_before_who_has_just_written(tmp_path: Path) -> None:
    """A busy process begins its next commit at once; others may not wait for a gap between two."""
    path, stop = str(tmp_path / "turn"), threading.Event()

    def hog() -> None:
        while not stop.is_set():
            with turn(path, 5):
                time.sleep(0.01)
            time.sleep(0.0003)

    thread = threading.Thread(target=hog)
    thread.start()
    waits = []
    for _ in range(20):
        time.sleep(0.005)
        began = time.monotonic()
        with turn(path, 5):
            waits.append(time.monotonic() - began)
    stop.set()
    thread.join()
    assert sorted(waits)[len(waits) // 2] < 0.03


def test_the_wait_has_an_end_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path, before = str(tmp_path / "turn"), descriptors()
    with turn(path, 1):
        with pytest.raises(Unavailable) as caught, turn(path, 0.05):
            pytest.fail("two had the turn")
        assert caught.value.retry_after_seconds
    with turn(path, 5):  # the turn that nobody took was given back
        pass
    deadline = time.monotonic() + 5
    while descriptors() != before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_file_that_cannot_be_made_is_a_database_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable), turn(str(tmp_path / "missing" / "turn"), 1):
        pytest.fail("there was no turn")

"""What was committed is remembered by the process that committed it, and nothing else is."""

import pytest

from gatebook.app.watched_store import WatchedStore
from gatebook.core.errors import Unavailable
from tests.recorder import LOG, Recorder
from tests.simulators.stores import Fault, FaultyStore, MemoryStore


@pytest.fixture
def faulty() -> FaultyStore[None]:
    """A store that fails when it is told to."""
    return FaultyStore(MemoryStore())


@pytest.fixture
def store(faulty: FaultyStore[None]) -> WatchedStore[None]:
    """The store under test."""
    return WatchedStore(faulty)


def write(store: WatchedStore[None], sid: str, first: int, last: int) -> None:
    """Register a stream with its first entry and commit that many."""
    with store.transaction() as tx:
        number = store.register(tx, LOG, sid, "gateway")
        store.append(tx, [(number, sq, b"leaf") for sq in range(first, last + 1)])


def test_the_last_number_of_every_stream_is_told_once(store: WatchedStore[None]) -> None:
    write(store, "s1", 0, 4)
    write(store, "s2", 0, 0)
    assert store.committed() == {(LOG, "s1"): 4, (LOG, "s2"): 0}
    assert store.committed() == {}


@pytest.mark.parametrize("fault", [Fault.BEGIN, Fault.APPEND, Fault.APPEND_LATE, Fault.COMMIT])
def test_what_was_not_committed_is_not_told(
    store: WatchedStore[None], faulty: FaultyStore[None], fault: Fault
) -> None:
    faulty.faults = [fault]
    with pytest.raises(Unavailable):
        write(store, "s1", 0, 4)
    write(store, "s2", 0, 0)
    assert store.committed() == {(LOG, "s2"): 0}


def test_a_commit_in_doubt_is_told_once_it_is_found_to_be_done(
    store: WatchedStore[None], faulty: FaultyStore[None]
) -> None:
    recorder = Recorder(store).start()
    first = recorder.receipts()[0]
    store.committed()
    faulty.faults = [Fault.COMMIT_WRITTEN]
    recorder.record()
    assert store.committed() == {(LOG, first.sid): first.sq + 1}
    faulty.faults = [Fault.COMMIT]
    recorder.record()
    assert store.committed() == {}
    recorder.close()


def test_a_writer_finds_in_it_what_it_finds_in_the_store(store: WatchedStore[None]) -> None:
    for _ in range(2):
        recorder = Recorder(store).start()
        (receipt,) = recorder.receipts()
        recorder.close()
        head = store.head(receipt.sid)
        assert head is not None
        assert store.committed() == {(LOG, receipt.sid): head.sq}
        with store.transaction() as tx:
            assert store.predecessor(tx, LOG, "gateway") == (receipt.sid, head)

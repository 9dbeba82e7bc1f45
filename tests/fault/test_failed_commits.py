"""A commit that failed may have been durable: the writer asks the store, and never guesses."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, insert, select

from gatebook.core.errors import Unavailable
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events import Event
from gatebook.ledger.ports import Position
from gatebook.ledger.settings import LedgerSettings
from gatebook.storage.book import SqlStore
from gatebook.storage.database import Database
from gatebook.storage.tables import trees
from tests.books import Kept, read_book
from tests.recorder import EVENT, LOG, Recorder
from tests.simulators.clock import SetClock
from tests.simulators.stores import Fault, FaultyStore

OTHER_LOG = "log.example/umbrella"
HALF_DAY = 12 * 3600
SETTINGS = LedgerSettings(heartbeat_seconds=10 * HALF_DAY)
NOT_WRITTEN = [Fault.BEGIN, Fault.APPEND, Fault.APPEND_LATE, Fault.COMMIT]
WRITTEN = [Fault.COMMIT_WRITTEN]

Failing = tuple[Recorder[Connection], FaultyStore[Connection], SetClock]


@pytest.fixture
def failing(database: Database) -> Iterator[Failing]:
    """A recorder with an open stream on a store that fails when told to."""
    clock = SetClock()
    store = FaultyStore(SqlStore(database, clock))
    recorder = Recorder(store, clock=clock, settings=SETTINGS).start()
    recorder.receipts()
    yield recorder, store, clock
    recorder.close()


def the_stream(database: Database) -> list[Kept]:
    """The entries of the only stream."""
    [kept] = read_book(database).values()
    return kept


@pytest.mark.parametrize("fault", NOT_WRITTEN)
def test_what_failed_and_was_not_written_is_refused(
    failing: Failing, database: Database, fault: Fault
) -> None:
    recorder, store, _ = failing
    store.faults = [fault]
    outcomes = recorder.record(EVENT, EVENT)
    assert isinstance(outcomes[0], Unavailable)
    [receipt] = recorder.receipts()
    kept = the_stream(database)
    assert receipt.sq == kept[-1].sq  # its number was not used up
    assert len(kept) == 2 + len([each for each in outcomes if isinstance(each, Receipt)]) + 1


@pytest.mark.parametrize("fault", WRITTEN)
def test_what_failed_but_was_written_is_receipted(
    failing: Failing, database: Database, fault: Fault
) -> None:
    recorder, store, _ = failing
    store.faults = [fault]
    [receipt] = recorder.receipts()
    kept = the_stream(database)
    assert (receipt.sq, receipt.leaf) == (kept[-1].sq, kept[-1].hash)
    recorder.receipts()


@pytest.mark.parametrize("fault", NOT_WRITTEN + WRITTEN)
def test_a_change_and_its_event_share_their_fate(
    failing: Failing, database: Database, fault: Fault
) -> None:
    recorder, store, _ = failing

    def work(tx: Connection, _at: Position) -> Event:
        row = {"log": "a change", "size": 0, "published_size": 0, "published_at": 0}
        tx.execute(insert(trees).values(row))
        return EVENT

    store.faults = [fault]
    [outcome] = recorder.record(work)
    with database.reading() as connection:
        changed = connection.scalar(select(trees.c.log)) is not None
    assert changed == isinstance(outcome, Receipt) == (fault in WRITTEN)
    assert len(the_stream(database)) == (3 if changed else 2)


@pytest.mark.parametrize("fault", NOT_WRITTEN + WRITTEN)
def test_an_opening_that_failed_leaves_one_stream_or_none(database: Database, fault: Fault) -> None:
    store = FaultyStore(SqlStore(database, SetClock()))
    store.faults = [fault]
    recorder = Recorder(store).start()
    [first] = recorder.record()
    recorder.receipts()
    recorder.close()
    assert isinstance(first, Receipt) == (fault in WRITTEN)
    assert len(the_stream(database)) == (4 if fault in WRITTEN else 3)


@pytest.mark.parametrize("fault", NOT_WRITTEN + WRITTEN)
def test_a_succession_that_failed_happened_as_a_whole_or_happens_with_the_next_entry(
    failing: Failing, database: Database, fault: Fault
) -> None:
    recorder, store, clock = failing
    clock.advance(HALF_DAY)
    store.faults = [fault]
    recorder.receipts()
    recorder.receipts()
    old, new = read_book(database).values()
    assert old[-1].event == "stream.closed"
    assert new[0].header["d"]["predecessor"]["sq"] == old[-1].sq
    assert [kept.event for kept in new].count("call.intended") == (2 if fault in WRITTEN else 1)


@pytest.mark.parametrize("fault", NOT_WRITTEN + WRITTEN)
def test_nothing_is_written_before_the_store_has_answered(
    failing: Failing, database: Database, fault: Fault
) -> None:
    """The store cannot be reopened for a while: all are refused, and what was written stays."""
    recorder, store, clock = failing
    store.faults = [fault]
    store.reopen_failures = 4
    refused = [recorder.record()[0] for _ in range(3)]
    clock.advance(HALF_DAY)  # neither a succession nor another log is begun
    refused += recorder.record(log=OTHER_LOG)
    assert all(isinstance(outcome, Unavailable) for outcome in refused)
    [receipt] = recorder.receipts()
    old, new = read_book(database).values()
    assert [kept.event for kept in old].count("call.intended") == 1 + (fault in WRITTEN)
    assert receipt.sid == new[0].header["sid"]


def test_a_store_that_answers_half_way_is_asked_again(failing: Failing, database: Database) -> None:
    recorder, store, _ = failing
    store.faults = [Fault.COMMIT_WRITTEN]
    store.head_failures = 1
    [refused] = recorder.record()
    assert isinstance(refused, Unavailable)
    [receipt] = recorder.receipts()
    assert receipt.sq == the_stream(database)[-1].sq == 3


@pytest.mark.parametrize("fault", NOT_WRITTEN + WRITTEN)
def test_no_log_of_a_group_is_written_while_another_is_in_doubt(
    failing: Failing, database: Database, fault: Fault
) -> None:
    recorder, store, clock = failing
    recorder.receipts(log=OTHER_LOG)
    queued, begun = threading.Event(), list[int]()

    def wait(_tx: Connection, _at: Position) -> Event:
        queued.wait(10)
        clock.advance(HALF_DAY)
        store.faults = [fault, fault]
        store.reopen_failures = 1
        begun.append(store.transactions)
        return EVENT

    tickets = [recorder.submit(wait), recorder.submit(), recorder.submit(log=OTHER_LOG)]
    queued.set()
    _, *refused = recorder.wait(tickets)
    assert all(isinstance(outcome, Unavailable) for outcome in refused)
    assert store.transactions == begun[0] + 1  # the succession that failed
    recorder.receipts(log=OTHER_LOG)
    recorder.receipts()
    read_book(database)


def test_a_failing_store_is_asked_once_per_group(failing: Failing) -> None:
    recorder, store, _ = failing
    store.faults = [Fault.COMMIT]
    store.reopen_failures = 10**9
    recorder.record()
    asked = store.reopened
    outcomes = recorder.record(*[EVENT] * 500)
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    assert store.reopened - asked < 100
    store.reopen_failures = 0
    recorder.receipts()


def test_a_stream_that_could_not_be_written_at_the_end_is_left_open(
    database: Database,
) -> None:
    store = FaultyStore(SqlStore(database, SetClock()))
    recorder = Recorder(store).start()
    recorder.receipts()
    store.faults = [Fault.COMMIT]
    store.reopen_failures = 10**9
    recorder.record()
    recorder.close()
    assert the_stream(database)[-1].event == "call.intended"


@pytest.mark.parametrize("fault", NOT_WRITTEN + WRITTEN)
def test_the_closing_entry_names_its_own_number_even_after_a_failure(
    database: Database, fault: Fault
) -> None:
    """What was unsure is settled before the last number is known."""
    store = FaultyStore(SqlStore(database, SetClock()))
    recorder = Recorder(store).start()
    recorder.receipts()
    store.faults = [fault]
    store.reopen_failures = 1
    recorder.record()
    recorder.close()
    kept = the_stream(database)
    assert kept[-1].header["d"] == {"final": kept[-1].sq, "reason": "shutdown"}
    assert LOG in kept[0].header["d"]["certificate"]

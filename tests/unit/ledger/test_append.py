"""The writer: one thread, one transaction per group, one outcome per draft."""

from base64 import b64encode

import msgspec
import pytest

from gatebook.core.errors import Conflict, Invalid, Unavailable
from gatebook.ledger.append import Draft
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events import Event
from gatebook.ledger.events.call import CallRefused
from gatebook.ledger.ports import Position
from gatebook.ledger.settings import LedgerSettings
from tests.books import Kept, check_book
from tests.recorder import EVENT, LOG, Recorder
from tests.simulators.certifier import LocalCertifier
from tests.simulators.clock import SetClock
from tests.simulators.stores import FaultyStore, MemoryStore

OTHER_LOG = "log.example/umbrella"
TOO_LARGE = msgspec.structs.replace(EVENT, model="m" * 4000)
MINUTE = 60
HALF_DAY = 12 * 3600
DAY = 2 * HALF_DAY
NO_BEATS = LedgerSettings(heartbeat_seconds=10 * DAY)


def book(store: MemoryStore) -> dict[str, list[Kept]]:
    """What the store holds, once all rules are seen to hold."""
    return check_book(
        (*store.streams[no - 1][:2], sq, leaf) for (no, sq), leaf in sorted(store.entries.items())
    )


def told(store: MemoryStore) -> list[list[str]]:
    """The names of the events of each stream."""
    return [[kept.event for kept in stream] for stream in book(store).values()]


def test_a_receipt_names_the_durable_entry() -> None:
    store = MemoryStore()
    recorder = Recorder(store).start()
    [receipt] = recorder.receipts()
    [kept] = [kept for stream in book(store).values() for kept in stream if kept.sq == receipt.sq]
    assert (receipt.log, receipt.leaf) == (LOG, kept.hash)
    assert receipt.reference == f"{kept.header['sid']}.{kept.sq}"
    assert kept.header["d"] == msgspec.json.decode(msgspec.json.encode(EVENT))
    recorder.close()


def test_a_stream_opens_before_the_first_entry_of_its_log_and_closes_after_the_last() -> None:
    store = MemoryStore()
    recorder = Recorder(store).start()
    recorder.receipts(EVENT, CallRefused.example())
    recorder.close()
    assert told(store) == [["stream.opened", "call.intended", "call.refused", "stream.closed"]]


def test_every_log_has_a_stream_of_its_own() -> None:
    store = MemoryStore()
    recorder = Recorder(store).start()
    recorder.receipts()
    recorder.receipts(log=OTHER_LOG)
    recorder.close()
    assert [log for log, _, _ in store.streams] == [LOG, OTHER_LOG]
    assert told(store) == [["stream.opened", "call.intended", "stream.closed"]] * 2


def test_what_queued_up_shares_one_transaction() -> None:
    store = FaultyStore(MemoryStore())
    recorder = Recorder(store)
    tickets = [recorder.submit() for _ in range(100)]
    recorder.start().wait(tickets)
    assert store.transactions == 2  # the stream's opening, and the hundred
    recorder.close()


def test_a_transaction_takes_no_more_than_the_batch_limit() -> None:
    store = FaultyStore(MemoryStore())
    recorder = Recorder(store, settings=LedgerSettings(batch_limit=30))
    tickets = [recorder.submit() for _ in range(100)]
    recorder.start().wait(tickets)
    assert store.transactions == 1 + 4
    recorder.close()


def test_work_is_told_its_position_and_has_a_transaction_of_its_own() -> None:
    store = FaultyStore(MemoryStore())
    positions: list[Position] = []

    def work(_tx: None, at: Position) -> Event:
        positions.append(at)
        return EVENT

    recorder = Recorder(store)
    tickets = [recorder.submit(event) for event in (EVENT, work, EVENT)]
    outcomes = recorder.start().wait(tickets)
    assert positions == [Position(LOG, 1, 2)]
    assert [outcome.sq for outcome in outcomes if isinstance(outcome, Receipt)] == [1, 2, 3]
    assert store.transactions == 4
    recorder.close()


def test_work_that_fails_writes_nothing_and_fails_alone() -> None:
    memory = MemoryStore()
    store = FaultyStore(memory)

    def work(tx: None, at: Position) -> Event:
        store.append(tx, [(99, 0, b"a change of state")])
        raise Conflict("name_taken", f"Somebody has the name of {at.sq}.")

    recorder = Recorder(store)
    tickets = [recorder.submit(event) for event in (EVENT, work, EVENT)]
    first, failed, last = recorder.start().wait(tickets)
    assert isinstance(failed, Conflict)
    assert isinstance(first, Receipt)
    assert isinstance(last, Receipt)
    assert last.sq == first.sq + 1
    assert (99, 0) not in memory.entries
    assert store.reopened == 0  # nothing was unsure
    recorder.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whoever_still_waits_when_the_writer_dies_is_answered_once() -> None:
    """Nothing but a mistake in our own code ends the writer; then nobody waits in vain."""

    def broken(_tx: None, _at: Position) -> Event:
        raise KeyError("a mistake in our own code")

    recorder = Recorder(MemoryStore())
    tickets = [recorder.submit(event) for event in (EVENT, broken, EVENT)]
    written, *others = recorder.start().wait(tickets)
    recorder.close()
    assert isinstance(written, Receipt)
    assert [isinstance(other, Unavailable) for other in others] == [True, True]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (TOO_LARGE, "entry_too_large"),
        (msgspec.structs.replace(EVENT, model="\ud800"), "entry_unwritable"),
        (msgspec.structs.replace(EVENT, inspected_by=[b"bytes", object()]), "entry_unwritable"),
    ],
)
def test_an_event_that_makes_no_entry_fails_alone(event: Event, code: str) -> None:
    store = MemoryStore()
    recorder = Recorder(store)
    tickets = [recorder.submit(each) for each in (EVENT, event, EVENT)]
    first, failed, last = recorder.start().wait(tickets)
    assert isinstance(failed, Invalid)
    assert failed.code == code
    assert isinstance(first, Receipt)
    assert isinstance(last, Receipt)
    assert last.sq == first.sq + 1
    recorder.close()
    assert told(store) == [["stream.opened", "call.intended", "call.intended", "stream.closed"]]


def test_a_change_whose_event_makes_no_entry_is_not_committed() -> None:
    memory = MemoryStore()

    def work(tx: None, _at: Position) -> Event:
        memory.append(tx, [(99, 0, b"a change of state")])
        return TOO_LARGE

    recorder = Recorder(memory).start()
    [failed] = recorder.record(work)
    assert isinstance(failed, Invalid)
    assert (99, 0) not in memory.entries
    recorder.close()


def test_a_full_queue_takes_nothing_more() -> None:
    recorder = Recorder(MemoryStore(), settings=LedgerSettings(queue_limit=3))
    tickets = [recorder.submit() for _ in range(3)]
    with pytest.raises(Unavailable) as caught:
        recorder.submit()
    assert caught.value.code == "ledger_queue_full"
    assert caught.value.retry_after_seconds
    assert all(isinstance(outcome, Receipt) for outcome in recorder.start().wait(tickets))
    recorder.close()


def test_drafts_handed_over_together_are_all_queued_or_none_is() -> None:
    recorder = Recorder(MemoryStore(), settings=LedgerSettings(queue_limit=3))
    waiting = recorder.submit()
    with pytest.raises(Unavailable, match="cannot keep up"):
        recorder.writer.submit([Draft(LOG, EVENT, None)] * 3)
    recorder.writer.submit([Draft(LOG, EVENT, None)] * 2)
    [receipt] = recorder.start().wait([waiting])
    assert isinstance(receipt, Receipt)
    recorder.close()


def test_what_was_handed_over_together_is_split_at_the_batch_limit() -> None:
    store = FaultyStore(MemoryStore())
    recorder = Recorder(store, settings=LedgerSettings(batch_limit=30))
    recorder.writer.submit([Draft(LOG, EVENT, None)] * 100)
    recorder.start().close()
    assert store.transactions == 1 + 4 + 1  # and the stream's opening and closing


def test_what_was_queued_before_closing_is_written_and_nothing_after() -> None:
    store = MemoryStore()
    recorder = Recorder(store, settings=LedgerSettings(batch_limit=10))
    tickets = [recorder.submit() for _ in range(25)]
    recorder.start()
    recorder.close()
    assert all(isinstance(outcome, Receipt) for outcome in recorder.wait(tickets))
    with pytest.raises(Unavailable) as caught:
        recorder.submit()
    assert caught.value.code == "ledger_closed"


def test_every_open_stream_beats_on_schedule_with_counters_from_outside() -> None:
    store, clock = MemoryStore(), SetClock()
    counts = {"http_requests": 7}
    recorder = Recorder(store, clock=clock, counts=lambda: counts).start()
    recorder.receipts()
    recorder.receipts(log=OTHER_LOG)
    clock.advance(59)
    recorder.receipts()
    clock.advance(1)
    recorder.receipts()
    recorder.receipts()  # once this is answered, the beat after the one before it is written
    recorder.close()
    beats = [
        kept.header["d"]
        for stream in book(store).values()
        for kept in stream
        if kept.event == "stream.beaten"
    ]
    assert beats == [{"counts": counts}] * 2


def test_a_stream_names_the_last_entry_of_the_one_before_by_the_same_role() -> None:
    store = MemoryStore()
    for role in ("gateway", "cli", "gateway"):
        recorder = Recorder(store, role=role).start()
        recorder.receipts()
        recorder.close()
    first, other, second = book(store).values()
    assert "predecessor" not in first[0].header["d"]
    assert "predecessor" not in other[0].header["d"]
    assert second[0].header["d"]["predecessor"] == {
        "sid": first[0].header["sid"],
        "sq": 2,
        "leaf": b64encode(first[2].hash).decode(),
    }


def test_a_stream_gives_way_to_a_successor_at_half_its_keys_life() -> None:
    store, clock = MemoryStore(), SetClock()
    recorder = Recorder(store, clock=clock, settings=NO_BEATS).start()
    recorder.receipts()
    clock.advance(HALF_DAY - 10 * MINUTE)
    recorder.receipts()
    clock.advance(10 * MINUTE)
    recorder.receipts()
    recorder.close()
    old, new = book(store).values()
    assert [kept.event for kept in old][-2:] == ["call.intended", "stream.closed"]
    assert old[-1].header["d"]["reason"] == "key_age"
    assert new[0].header["d"]["predecessor"]["sq"] == old[-1].sq
    assert new[0].header["d"]["boot"] == old[0].header["d"]["boot"]


def test_without_a_notary_a_stream_goes_on_until_its_key_is_spent() -> None:
    store, clock = MemoryStore(), SetClock()
    certifier = LocalCertifier(clock)
    recorder = Recorder(store, clock=clock, certifier=certifier, settings=NO_BEATS).start()
    recorder.receipts()
    certifier.is_up = False
    clock.advance(DAY - 2 * MINUTE)
    recorder.receipts()
    clock.advance(MINUTE)
    [refused] = recorder.record()
    assert isinstance(refused, Unavailable)
    assert len(store.streams) == 1
    clock.advance(MINUTE)
    certifier.is_up = True
    [receipt] = recorder.receipts()
    recorder.close()
    old, new = book(store).values()
    assert old[-1].event == "call.intended"  # a spent key does not sign a closing entry either
    assert new[0].header["d"]["predecessor"]["sq"] == old[-1].sq
    assert receipt.sq == 1


def test_a_notary_that_is_down_stops_new_logs_only() -> None:
    clock = SetClock()
    certifier = LocalCertifier(clock)
    recorder = Recorder(MemoryStore(), clock=clock, certifier=certifier, settings=NO_BEATS).start()
    recorder.receipts()
    certifier.is_up = False
    [refused] = recorder.record(log=OTHER_LOG)
    assert isinstance(refused, Unavailable)
    assert refused.code == "notary_unavailable"
    recorder.receipts()
    recorder.close()


def test_a_failing_notary_is_not_asked_once_per_entry() -> None:
    clock = SetClock()
    certifier = LocalCertifier(clock)
    certifier.is_up = False
    recorder = Recorder(MemoryStore(), clock=clock, certifier=certifier, settings=NO_BEATS)
    tickets = [recorder.submit() for _ in range(50)]
    recorder.start().wait(tickets)
    recorder.record()
    assert certifier.asked == 1
    clock.advance(1)
    certifier.is_up = True
    recorder.receipts()
    assert certifier.asked == 2
    recorder.close()


def test_a_certificate_that_has_ended_opens_no_stream() -> None:
    store, clock = MemoryStore(), SetClock()
    behind = SetClock(clock.now_us() - DAY * 1_000_000)
    recorder = Recorder(store, clock=clock, certifier=LocalCertifier(behind)).start()
    [refused] = recorder.record()
    assert isinstance(refused, Unavailable)
    assert refused.code == "certificate_expired"
    assert not store.streams
    recorder.close()


def test_time_never_goes_back_within_a_stream() -> None:
    store, clock = MemoryStore(), SetClock()
    recorder = Recorder(store, clock=clock, settings=NO_BEATS).start()
    recorder.receipts()
    clock.set_time_of_day(clock.now_us() - HALF_DAY * 1_000_000)
    recorder.receipts()
    recorder.close()
    [stream] = book(store).values()
    assert len(stream) == 4


def test_a_key_ages_even_if_the_clock_is_set_back() -> None:
    store, clock = MemoryStore(), SetClock()
    recorder = Recorder(store, clock=clock, settings=NO_BEATS).start()
    recorder.receipts()
    start_us = clock.now_us()
    clock.advance(HALF_DAY)
    clock.set_time_of_day(start_us)
    recorder.receipts()
    recorder.close()
    assert len(store.streams) == 2


def test_the_key_is_forgotten_when_the_writer_ends() -> None:
    recorder = Recorder(MemoryStore()).start()
    recorder.receipts()
    [stream] = recorder.writer._streams.values()
    recorder.close()
    with pytest.raises(ValueError, match="destroyed"):
        stream.write(EVENT, 0)


def test_nobody_is_told_of_drafts_that_nobody_waits_for() -> None:
    store = MemoryStore()
    recorder = Recorder(store).start()
    recorder.writer.submit([Draft(LOG, EVENT, None)])
    recorder.close()
    assert not recorder.answered
    assert told(store) == [["stream.opened", "call.intended", "stream.closed"]]

"""Streams move with an attempt, and back with it; the store alone says whether it happened."""

import pytest

from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Invalid, Tampered
from gatebook.ledger.attempt import Attempt, OpenStream, Receipt, prev_of
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.entry import ZERO_PREV, Pen, read
from gatebook.ledger.merkle import leaf_hash
from gatebook.ledger.ports import Head
from tests.recorder import EVENT, LOG
from tests.simulators.clock import NOON_US, SetClock
from tests.unit.ledger.test_entry import TOO_LARGE

LIFE_US = 1000 * SECOND_US
NOTHING: dict[str, Head] = {}


def stream(number: int = 1) -> OpenStream:
    """A stream with nothing in it."""
    sid = f"s{number}"
    pen = Pen(sid, SigningKey(bytes([number]) * 32))
    opened = OpenStream(LOG, sid, pen, certified_us=NOON_US, life_us=LIFE_US, born_us=0)
    opened.no = number
    return opened


def heads(attempt: Attempt, *streams: OpenStream) -> dict[str, Head]:
    """What the store holds of these streams once the attempt is durable."""
    sids = {each.no: each.sid for each in streams}
    return {sids[no]: Head(sq, leaf) for no, sq, leaf in attempt.rows if no in sids}


def test_entries_are_numbered_without_a_hole_and_chained() -> None:
    attempt, one = Attempt(), stream()
    attempt.write(one, EVENT, NOON_US, "first")
    attempt.write(one, EVENT, NOON_US, "second")
    (no, zero, first), (_, sq, second) = attempt.rows
    assert (no, zero, sq) == (1, 0, 1)
    assert (read(first).prev, read(second).prev) == (ZERO_PREV, prev_of(first))
    assert attempt.outcomes == [
        ("first", Receipt(LOG, "s1", 0, leaf_hash(first))),
        ("second", Receipt(LOG, "s1", 1, leaf_hash(second))),
    ]


def test_a_reference_is_stream_and_number() -> None:
    assert Receipt(LOG, "s1", 4711, bytes(32)).reference == "s1.4711"


def test_time_never_goes_back_within_a_stream() -> None:
    one = stream()
    (_, _, later), _ = one.write(EVENT, NOON_US + SECOND_US)
    (_, _, earlier), _ = one.write(EVENT, NOON_US)
    assert read(later).ts == read(earlier).ts


def test_undoing_puts_every_stream_back_to_before_its_first_entry() -> None:
    attempt, one, two = Attempt(), stream(1), stream(2)
    one.write(EVENT, NOON_US)
    before = (one.sq, one.prev)
    for each in (one, two, one):
        attempt.write(each, EVENT, NOON_US)
    attempt.undo()
    assert (one.sq, one.prev) == before
    assert (two.sq, two.prev) == (0, ZERO_PREV)


def test_an_event_that_makes_no_entry_moves_nothing() -> None:
    attempt, one = Attempt(), stream()
    with pytest.raises(Invalid):
        attempt.write(one, TOO_LARGE, NOON_US)
    assert (one.sq, one.prev, attempt.rows) == (0, ZERO_PREV, [])
    assert not attempt.was_written(NOTHING.get, [])


def test_an_attempt_is_written_if_the_store_holds_its_last_entries() -> None:
    attempt, one, two = Attempt(), stream(1), stream(2)
    attempt.write(one, EVENT, NOON_US)
    attempt.write(two, EVENT, NOON_US)
    assert attempt.was_written(heads(attempt, one, two).get, [])


def test_an_attempt_is_not_written_if_the_store_holds_what_it_held_before() -> None:
    attempt, one, two = Attempt(), stream(1), stream(2)
    earlier = Attempt()
    earlier.write(one, EVENT, NOON_US)
    attempt.write(one, EVENT, NOON_US)
    attempt.write(two, EVENT, NOON_US)
    assert not attempt.was_written(heads(earlier, one).get, [])


def test_an_attempt_that_wrote_nothing_is_not_written() -> None:
    assert not Attempt().was_written(NOTHING.get, [])


def test_a_head_that_we_did_not_write_is_tampering() -> None:
    attempt, one, foreign = Attempt(), stream(), Attempt()
    attempt.write(one, EVENT, NOON_US)
    foreign.write(stream(), EVENT, NOON_US + 1)
    with pytest.raises(Tampered) as caught:
        attempt.was_written(heads(foreign, one).get, [])
    assert caught.value.code == "stream_forked"


def test_a_head_beyond_what_we_wrote_is_tampering() -> None:
    attempt, one = Attempt(), stream()
    attempt.write(one, EVENT, NOON_US)
    more = Attempt()
    more.write(one, EVENT, NOON_US)
    attempt.undo()
    with pytest.raises(Tampered):
        attempt.was_written(heads(more, one).get, [])


def test_a_stream_that_lost_entries_is_tampering_even_if_untouched() -> None:
    attempt, one, two = Attempt(), stream(1), stream(2)
    one.write(EVENT, NOON_US)
    attempt.write(two, EVENT, NOON_US)
    with pytest.raises(Tampered) as caught:
        attempt.was_written(heads(attempt, two).get, [one, two])
    assert caught.value.code == "stream_forked"


def test_half_a_transaction_is_tampering() -> None:
    attempt, one, two = Attempt(), stream(1), stream(2)
    attempt.write(one, EVENT, NOON_US)
    attempt.write(two, EVENT, NOON_US)
    with pytest.raises(Tampered) as caught:
        attempt.was_written(heads(attempt, two).get, [])
    assert caught.value.code == "transaction_torn"


@pytest.mark.parametrize(
    ("passed", "set_to", "aging", "spent"),
    [
        (499, NOON_US + 499 * SECOND_US, False, False),
        (500, NOON_US + 500 * SECOND_US, True, False),
        (1000, NOON_US + 1000 * SECOND_US, True, True),
        (500, NOON_US - SECOND_US, True, False),  # the clock was set back
        (1000, NOON_US, True, True),
        (1, NOON_US + 1000 * SECOND_US, True, True),  # the clock was set forward
    ],
)
def test_a_key_ages_by_the_time_of_day_and_by_the_time_that_passed(
    passed: int, set_to: int, aging: bool, spent: bool
) -> None:
    clock = SetClock()
    clock.advance(passed)
    clock.set_time_of_day(set_to)
    assert (stream().is_aging(clock), stream().is_spent(clock)) == (aging, spent)

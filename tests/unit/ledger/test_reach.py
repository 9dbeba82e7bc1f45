"""How far a stream is signed: counted from the first entry on, and read strictly."""

import pytest

from gatebook.core.errors import Tampered
from gatebook.ledger.merkle import leaf_hash
from gatebook.ledger.reach import WHOLE, Reach, count_signed, parse_reach
from gatebook.ledger.streams import State, Streams
from tests.simulators.log import HandLog

REACH = Reach("log.example/acme", "s1", 7)


def state_of(log: HandLog) -> State:
    """What the notary remembers of a log that it has signed."""
    streams = Streams(log.origin, log.vkeys)
    for leaf in log.leaves:
        streams.accept(leaf, leaf_hash(leaf))
    streams.settle()
    streams.forget_closed()
    return streams.state


def test_a_reach_is_read_as_it_was_written() -> None:
    assert parse_reach(REACH.to_text()) == REACH


@pytest.mark.parametrize(
    "text",
    [
        "",
        REACH.to_text()[:-1],
        REACH.to_text() + "\n",
        REACH.to_text().replace("/v1", "/v2"),
        REACH.to_text().replace("7", "-7"),
        REACH.to_text().replace("7", "07"),
        "log.example/acme\n7\nAAAA\n",
    ],
)
def test_any_other_text_is_tampering(text: str) -> None:
    with pytest.raises(Tampered):
        parse_reach(text)


def test_entries_are_counted_from_the_first_to_the_last_that_the_log_holds() -> None:
    log = HandLog()
    stream = log.open()
    stream.beat(1)
    assert count_signed(state_of(log), stream.sid) == 2


def test_of_a_stream_that_the_log_does_not_hold_nothing_is_signed() -> None:
    assert count_signed(State(), "s1") == 0


def test_a_closed_stream_is_signed_wholly() -> None:
    log = HandLog()
    stream = log.open()
    stream.close()
    assert count_signed(state_of(log), stream.sid) == WHOLE


@pytest.mark.parametrize(
    ("ranges", "count"),
    [
        ([(2, 4)], 5),
        ([(5, 6), (2, 4)], 7),
        ([(3, 4)], 2),
        ([(0, 1)], 2),
        ([(0, 9), (1, 3)], 10),
    ],
)
def test_what_was_declared_lost_behind_the_end_waits_for_nothing(
    ranges: list[tuple[int, int]], count: int
) -> None:
    log = HandLog()
    stream = log.open()
    stream.beat(1)
    for first, last in ranges:
        log.declare(stream.sid, first, last)
    assert count_signed(state_of(log), stream.sid) == count

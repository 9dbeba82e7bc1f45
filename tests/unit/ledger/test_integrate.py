"""What gets an index next, and what is held back."""

import pytest

from gatebook.core.clock import to_text
from gatebook.core.errors import Tampered
from gatebook.ledger.entry import read
from gatebook.ledger.events.stream import GapDeclared, StreamBeat
from gatebook.ledger.integrate import Pending, Row, Run, Screen
from tests.simulators.clock import NOON_US
from tests.simulators.log import DAY_US, HandLog, HandStream


def screen(log: HandLog) -> Screen:
    """A screen of a log without indices yet."""
    return Screen(log.origin, log.vkeys, [])


def rows(leaves: list[bytes]) -> list[Row]:
    """Leaves as the database holds them."""
    return [Row(read(leaf).sq, leaf) for leaf in leaves]


def pending(stream: HandStream, no: int, start: int = 0) -> Pending:
    """The entries of one stream from a number on."""
    own = [leaf for leaf in stream.log.leaves if read(leaf).sid == stream.sid]
    return Pending(no, stream.sid, rows(own)[start:])


def three_beats(log: HandLog) -> HandStream:
    """A stream of four entries."""
    stream = log.open()
    for count in range(3):
        stream.beat(count)
    return stream


def test_streams_get_consecutive_indices_in_the_order_given() -> None:
    log = HandLog()
    first, second = three_beats(log), three_beats(log)
    runs = screen(log).plan(10, [pending(first, 1), pending(second, 2)])
    assert runs == [Run(10, 1, 0, 4), Run(14, 2, 0, 4)]


def test_a_screen_goes_on_where_it_ended() -> None:
    log = HandLog()
    stream = three_beats(log)
    going = screen(log)
    assert going.plan(0, [Pending(1, stream.sid, pending(stream, 1).rows[:2])]) == [Run(0, 1, 0, 2)]
    assert going.plan(2, [pending(stream, 1, 2)]) == [Run(2, 1, 2, 2)]


def test_a_resumed_screen_knows_the_last_entry_of_an_open_stream() -> None:
    log = HandLog()
    stream = three_beats(log)
    resumed = screen(log)
    resumed.resume(log.leaves[0], Row(2, log.leaves[2]))
    assert resumed.plan(3, [pending(stream, 1, 3)]) == [Run(3, 1, 3, 1)]


def test_a_resumed_screen_knows_the_counters_of_the_newest_heartbeat() -> None:
    """The notary knows them too, and would refuse all that comes behind."""
    log = HandLog()
    stream = log.open()
    stream.beat(5)
    stream.write(GapDeclared.example())
    stream.beat(4)
    resumed = screen(log)
    resumed.resume(log.leaves[0], Row(2, log.leaves[2]), Row(1, log.leaves[1]))
    assert resumed.plan(3, [pending(stream, 1, 3)]) == []
    assert resumed.held[stream.sid].code == "counter_went_back"


def test_a_resumed_screen_refuses_an_opening_that_was_changed() -> None:
    log = HandLog()
    three_beats(log)
    changed = log.leaves[0].replace(b'"version":"0"', b'"version":"1"')
    with pytest.raises(Tampered, match="signature is wrong"):
        screen(log).resume(changed, Row(0, changed))


def test_a_changed_row_holds_its_stream_back_from_there_on_and_no_other() -> None:
    log = HandLog()
    first, second = three_beats(log), three_beats(log)
    bad = pending(first, 1).rows
    bad = [*bad[:2], Row(2, bad[2].leaf.replace(b'"intents":1', b'"intents":0')), bad[3]]
    going = screen(log)
    runs = going.plan(0, [Pending(1, first.sid, bad), pending(second, 2)])
    assert runs == [Run(0, 1, 0, 2), Run(2, 2, 0, 4)]
    assert going.held[first.sid].code == "entry_signature"
    assert going.held[first.sid].detail.startswith(f"Entry {first.sid}.2: its signature")


def test_a_stream_whose_last_signature_is_wrong_gets_no_index_for_that_entry() -> None:
    log = HandLog()
    stream = three_beats(log)
    good = pending(stream, 1).rows
    bad = [*good[:3], Row(3, good[3].leaf.replace(b'"intents":2', b'"intents":7'))]
    going = screen(log)
    assert going.plan(0, [Pending(1, stream.sid, bad)]) == [Run(0, 1, 0, 3)]
    assert going.held[stream.sid].code == "entry_signature"


def test_what_was_held_goes_on_once_it_is_mended() -> None:
    log = HandLog()
    stream = three_beats(log)
    good = pending(stream, 1).rows
    going = screen(log)
    going.plan(0, [Pending(1, stream.sid, [*good[:2], good[3]])])
    assert going.held[stream.sid].code == "entries_missing"
    assert going.plan(2, [Pending(1, stream.sid, good[2:])]) == [Run(2, 1, 2, 2)]
    assert going.held == {}


def test_a_hole_holds_back_what_is_behind_it() -> None:
    log = HandLog()
    stream = three_beats(log)
    good = pending(stream, 1).rows
    going = screen(log)
    assert going.plan(0, [Pending(1, stream.sid, [*good[:2], good[3]])]) == [Run(0, 1, 0, 2)]
    assert "lacks entries 2 to 2" in going.held[stream.sid].detail


def test_a_hole_that_was_declared_is_stepped_over() -> None:
    log = HandLog()
    stream = three_beats(log)
    good = pending(stream, 1).rows
    log.leaves.clear()
    log.declare(stream.sid, 2, 2)
    operator = read(log.leaves[0]).sid
    going = screen(log)
    declared = [
        Pending(2, operator, rows(log.leaves)),
        Pending(1, stream.sid, [*good[:2], good[3]]),
    ]
    assert going.plan(0, declared) == [Run(0, 2, 0, 3), Run(3, 1, 0, 2), Run(5, 1, 3, 1)]


def declared(log: HandLog, sid: str, first: int, last: int) -> Screen:
    """A screen that knows of entries declared lost."""
    log.leaves.clear()
    log.declare(sid, first, last)
    knowing = screen(log)
    knowing.declare(log.leaves)
    return knowing


@pytest.mark.parametrize("damage", [(b'"intents":1', b'"intents":0'), (b'{"d"', b"{")])
def test_a_damaged_row_that_was_declared_lost_is_stepped_over(damage: tuple[bytes, bytes]) -> None:
    log = HandLog()
    stream = three_beats(log)
    good = pending(stream, 1).rows
    rows_now = [*good[:2], Row(2, good[2].leaf.replace(*damage)), good[3]]
    going = declared(log, stream.sid, 2, 2)
    assert going.plan(3, [Pending(1, stream.sid, rows_now)]) == [Run(3, 1, 0, 2), Run(5, 1, 3, 1)]
    assert going.held == {}


def test_a_sound_row_is_taken_even_if_it_was_declared_lost() -> None:
    """Or a declaration made beforehand would take entries away."""
    log = HandLog()
    stream = three_beats(log)
    good = pending(stream, 1).rows
    going = declared(log, stream.sid, 1, 2**50)
    assert going.plan(3, [Pending(1, stream.sid, good)]) == [Run(3, 1, 0, 4)]


def test_a_damaged_row_that_nobody_declared_lost_is_not_stepped_over() -> None:
    log = HandLog()
    stream = three_beats(log)
    good = pending(stream, 1).rows
    rows_now = [good[0], Row(1, b"gone"), *good[2:]]
    going = declared(log, stream.sid, 2, 3)
    assert going.plan(3, [Pending(1, stream.sid, rows_now)]) == [Run(3, 1, 0, 1)]
    assert going.held[stream.sid].code == "entry_malformed"


def test_a_successor_waits_until_all_it_saw_of_its_predecessor_has_an_index() -> None:
    log = HandLog()
    first = three_beats(log)
    rest = pending(first, 1).rows
    second = log.open(predecessor=first)
    going = screen(log)
    assert going.plan(0, [Pending(1, first.sid, rest[:2]), pending(second, 2)]) == [Run(0, 1, 0, 2)]
    assert going.held[second.sid].code == "entries_missing"
    assert going.plan(2, [Pending(1, first.sid, rest[2:]), pending(second, 2)]) == [
        Run(2, 1, 2, 2),
        Run(4, 2, 0, 1),
    ]


def test_a_row_under_another_streams_number_is_not_taken() -> None:
    log = HandLog()
    first, second = three_beats(log), three_beats(log)
    going = screen(log)
    assert going.plan(0, [Pending(1, first.sid, pending(second, 2).rows)]) == []
    assert going.held[first.sid].code == "row_misplaced"
    assert going.plan(0, [pending(second, 2)]) == [Run(0, 2, 0, 4)]


def test_a_stream_has_ended_once_its_closing_entry_has_an_index() -> None:
    log = HandLog()
    stream = three_beats(log)
    stream.close()
    going = screen(log)
    going.plan(0, [pending(stream, 1)])
    assert going.is_ended(stream.sid)


def test_a_stream_that_is_lost_as_a_whole_may_be_declared() -> None:
    log = HandLog()
    first = HandStream(log)
    first.write(StreamBeat(counts={}), is_published=False)
    second = log.open(predecessor=first)
    going = screen(log)
    assert going.plan(0, [pending(second, 2)]) == []
    log.leaves.clear()
    log.declare(first.sid, 0, 0)
    going.declare(log.leaves)
    assert going.plan(0, [Pending(2, second.sid, [Row(0, second.leaf)])]) == [Run(0, 2, 0, 1)]


def test_a_stream_that_nobody_can_write_any_more_is_not_asked_for_entries() -> None:
    log = HandLog()
    stream = three_beats(log)
    going = screen(log)
    going.plan(0, [pending(stream, 1)])
    end = to_text(NOON_US + DAY_US)
    assert going.end_expired(end) == set()
    assert going.end_expired(to_text(NOON_US + DAY_US + 1)) == {stream.sid}
    assert going.is_ended(stream.sid)
    successor = log.open(predecessor=stream)
    assert going.plan(4, [Pending(2, successor.sid, [Row(0, successor.leaf)])]) == [Run(4, 2, 0, 1)]


def test_a_successor_that_saw_more_of_an_expired_stream_waits_for_a_declaration() -> None:
    """The notary would refuse it, and with it everything that comes behind."""
    log = HandLog()
    stream = three_beats(log)
    going = screen(log)
    going.plan(0, [pending(stream, 1)])
    going.end_expired(to_text(NOON_US + DAY_US + 1))
    stream.write(StreamBeat(counts={}), is_published=False)
    successor = log.open(predecessor=stream)
    waiting = [Pending(2, successor.sid, [Row(0, successor.leaf)])]
    assert going.plan(4, waiting) == []
    assert going.held[successor.sid].code == "entries_missing"
    log.leaves.clear()
    log.declare(stream.sid, 4, 4)
    going.declare(log.leaves)
    assert going.plan(4, waiting) == [Run(4, 2, 0, 1)]

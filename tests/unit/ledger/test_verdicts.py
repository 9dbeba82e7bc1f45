"""How streams stand at the size of a log that was looked at."""

from gatebook.core.clock import to_text
from gatebook.ledger.events.stream import StreamBeat
from gatebook.ledger.merkle import leaf_hash
from gatebook.ledger.report import Missing, StreamReport, Verdict
from gatebook.ledger.streams import Streams
from gatebook.ledger.verdicts import missing, report
from tests.simulators.clock import NOON_US
from tests.simulators.log import DAY_US, HandLog, HandStream

NOW = to_text(NOON_US)


def machine(log: HandLog) -> Streams:
    """A log's entries through the machine."""
    streams = Streams(log.origin, log.vkeys)
    for leaf in log.leaves:
        streams.accept(leaf, leaf_hash(leaf))
    return streams


def verdicts(log: HandLog, now: str = NOW) -> dict[str, Verdict]:
    """The verdict on every stream."""
    return {each.sid: each.verdict for each in report(machine(log).state, now)}


def lost(stream: HandStream, count: int) -> None:
    """Write entries that the log will not hold."""
    for _ in range(count):
        stream.write(StreamBeat(counts={}), is_published=False)


def test_a_stream_that_closed_is_complete() -> None:
    log = HandLog()
    stream = log.open()
    stream.close()
    assert verdicts(log) == {stream.sid: Verdict.COMPLETE}


def test_a_stream_that_may_still_be_written_is_open() -> None:
    log = HandLog()
    stream = log.open()
    assert verdicts(log) == {stream.sid: Verdict.OPEN}


def test_a_stream_whose_writer_began_anew_was_interrupted() -> None:
    log = HandLog()
    first = log.open()
    second = log.open(predecessor=first)
    assert verdicts(log) == {first.sid: Verdict.INTERRUPTED, second.sid: Verdict.OPEN}


def test_a_stream_that_lived_on_beside_its_successor_is_open() -> None:
    """Two commands at a time are two writers of one role."""
    log = HandLog()
    first = log.open("cli")
    second = log.open("cli", predecessor=first)
    first.beat()
    assert verdicts(log) == {first.sid: Verdict.OPEN, second.sid: Verdict.OPEN}


def test_a_stream_whose_key_has_expired_was_interrupted() -> None:
    log = HandLog()
    stream = log.open()
    assert verdicts(log, to_text(NOON_US + DAY_US)) == {stream.sid: Verdict.OPEN}
    assert verdicts(log, to_text(NOON_US + DAY_US + 1)) == {stream.sid: Verdict.INTERRUPTED}


def test_a_hole_that_nobody_declared_is_an_undeclared_gap() -> None:
    log = HandLog()
    stream = log.open()
    lost(stream, 2)
    stream.close()
    assert verdicts(log) == {stream.sid: Verdict.UNDECLARED_GAP}
    assert list(missing(machine(log).state)) == [
        (stream.sid, Missing(first=1, last=2, declared=False))
    ]


def test_a_hole_is_declared_when_every_number_of_it_is() -> None:
    log = HandLog()
    stream = log.open()
    lost(stream, 3)
    stream.close()
    log.declare(stream.sid, 1, 2)
    assert verdicts(log)[stream.sid] == Verdict.UNDECLARED_GAP
    log.declare(stream.sid, 3, 3)
    assert verdicts(log)[stream.sid] == Verdict.DECLARED_GAP


def test_an_end_that_a_successor_saw_and_the_log_lacks_is_a_gap() -> None:
    log = HandLog()
    first = log.open()
    lost(first, 2)
    log.open(predecessor=first)
    assert verdicts(log)[first.sid] == Verdict.UNDECLARED_GAP
    log.declare(first.sid, 1, 2)
    assert verdicts(log)[first.sid] == Verdict.DECLARED_GAP


def test_a_declaration_alone_makes_no_end_missing() -> None:
    """Otherwise whoever may declare could put a gap where there is none, or a false length."""
    log = HandLog()
    stream = log.open()
    log.declare(stream.sid, 1, 4)
    assert verdicts(log)[stream.sid] == Verdict.OPEN
    assert list(missing(machine(log).state)) == []
    stream.close()
    assert verdicts(log)[stream.sid] == Verdict.COMPLETE


def test_a_declaration_counts_only_as_far_as_a_successor_saw() -> None:
    log = HandLog()
    first = log.open()
    lost(first, 2)
    log.declare(first.sid, 1, 9)
    log.open(predecessor=first)
    assert list(missing(machine(log).state)) == [
        (first.sid, Missing(first=1, last=2, declared=True))
    ]


def test_a_stream_that_is_only_named_is_missing_as_a_whole() -> None:
    log = HandLog()
    first = HandStream(log)
    lost(first, 3)
    log.open(predecessor=first)
    found = report(machine(log).state, NOW)
    assert found[-1].sid == first.sid
    assert found[-1].verdict == Verdict.UNDECLARED_GAP
    assert found[-1].missing == [Missing(first=0, last=2, declared=False)]


def test_a_stream_that_closed_and_was_forgotten_is_not_missed() -> None:
    log = HandLog()
    first = log.open()
    first.close()
    streams = machine(log)
    streams.forget_closed()
    leaf = HandStream(log).open(predecessor=first)
    streams.accept(leaf, leaf_hash(leaf))
    assert list(missing(streams.state)) == []


def test_a_report_says_what_the_log_holds_of_a_stream() -> None:
    log = HandLog()
    stream = log.open()
    stream.beat(1)
    assert report(machine(log).state, NOW) == [
        StreamReport(
            sid=stream.sid,
            writer="gateway",
            verdict=Verdict.OPEN,
            first=0,
            last=1,
            head=stream.prev,
            opened_at=NOW,
            last_at=NOW,
            beats=1,
            missing=[],
        )
    ]

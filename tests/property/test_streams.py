"""However streams interleave they are sound, and no single change to what was written is."""

from hypothesis import given, strategies as st

from gatebook.ledger.merkle import leaf_hash
from gatebook.ledger.report import Verdict
from gatebook.ledger.streams import Streams
from gatebook.ledger.verdicts import missing, report
from tests.simulators.log import HandLog, HandStream

turns = st.lists(st.integers(0, 4), min_size=1, max_size=60)
"""Which of up to five streams writes next."""


def write(order: list[int]) -> tuple[HandLog, dict[int, HandStream]]:
    """A log in which streams take turns; each opens with its first turn."""
    log = HandLog()
    streams: dict[int, HandStream] = {}
    for turn, number in enumerate(order):
        if number in streams:
            streams[number].beat(turn)
        else:
            streams[number] = log.open()
    return log, streams


def judge(log: HandLog, *, every_signature: bool = False) -> Streams:
    """The log through the machine."""
    machine = Streams(log.origin, log.vkeys, every_signature=every_signature)
    for leaf in log.leaves:
        machine.accept(leaf, leaf_hash(leaf))
    machine.settle()
    return machine


def is_sound(log: HandLog, *, every_signature: bool = False) -> bool:
    """Neither a problem nor a gap."""
    machine = judge(log, every_signature=every_signature)
    return not machine.problems.count and not list(missing(machine.state))


@given(turns, st.sets(st.integers(0, 4)), st.booleans())
def test_streams_that_keep_the_rules_are_sound_however_they_interleave(
    order: list[int], closing: set[int], every_signature: bool
) -> None:
    log, streams = write(order)
    for number in closing & set(streams):
        streams[number].close()
    assert is_sound(log, every_signature=every_signature)
    verdicts = {each.sid: each.verdict for each in report(judge(log).state, "")}
    assert verdicts == {
        stream.sid: Verdict.COMPLETE if number in closing else Verdict.OPEN
        for number, stream in streams.items()
    }


@given(turns, st.data())
def test_a_state_may_be_put_down_and_taken_up_anywhere(
    order: list[int], data: st.DataObject
) -> None:
    log, _ = write(order)
    cut = data.draw(st.integers(0, len(log.leaves)))
    first = Streams(log.origin, log.vkeys)
    for leaf in log.leaves[:cut]:
        first.accept(leaf, leaf_hash(leaf))
    first.settle()
    second = Streams(log.origin, log.vkeys, first.state)
    for leaf in log.leaves[cut:]:
        second.accept(leaf, leaf_hash(leaf))
    second.settle()
    assert first.problems.count == second.problems.count == 0
    assert second.state == judge(log).state


@given(turns, st.data())
def test_two_neighbours_of_one_stream_cannot_change_places(
    order: list[int], data: st.DataObject
) -> None:
    log, _ = write(order * 2)
    index = data.draw(st.integers(0, len(log.leaves) - 1))
    sid = _sid(log.leaves[index])
    later = [at for at in range(index + 1, len(log.leaves)) if _sid(log.leaves[at]) == sid]
    if later:
        log.leaves[index], log.leaves[later[0]] = log.leaves[later[0]], log.leaves[index]
        assert not is_sound(log)


@given(turns, st.data())
def test_no_entry_but_the_last_of_a_stream_can_be_left_out(
    order: list[int], data: st.DataObject
) -> None:
    log, streams = write(order * 2)
    index = data.draw(st.integers(0, len(log.leaves) - 1))
    removed = log.leaves.pop(index)
    is_last = removed in {stream.leaf for stream in streams.values()}
    assert is_sound(log) == is_last


@given(turns, st.data())
def test_no_entry_can_be_there_twice(order: list[int], data: st.DataObject) -> None:
    log, _ = write(order)
    leaf = data.draw(st.sampled_from(log.leaves))
    log.leaves.insert(data.draw(st.integers(0, len(log.leaves))), leaf)
    assert not is_sound(log)


@given(turns, st.data())
def test_no_byte_of_an_entry_can_change(order: list[int], data: st.DataObject) -> None:
    """Even where the tree would not notice, because it was made anew over the changed entry."""
    log, _ = write(order)
    index = data.draw(st.integers(0, len(log.leaves) - 1))
    leaf = bytearray(log.leaves[index])
    at = data.draw(st.integers(0, len(leaf) - 1))
    leaf[at] ^= data.draw(st.integers(1, 255))
    log.leaves[index] = bytes(leaf)
    assert not is_sound(log, every_signature=True)
    assert not is_sound(log)


def _sid(leaf: bytes) -> bytes:
    return leaf[leaf.index(b'"sid":"') :][:21]

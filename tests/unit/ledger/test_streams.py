"""The rules of streams: what is accepted, and how each breach is named."""

from base64 import b64encode
from hashlib import sha256

import pytest

from gatebook.core.clock import SECOND_US
from gatebook.ledger.ed25519 import LOW_ORDER
from gatebook.ledger.entry import ZERO_PREV
from gatebook.ledger.events.stream import StreamBeat, StreamClosed
from gatebook.ledger.merkle import leaf_hash
from gatebook.ledger.note import NoteSigner, sign_note
from gatebook.ledger.streams import State, Streams
from tests.simulators.certifier import log_signer
from tests.simulators.clock import NOON_US
from tests.simulators.log import DAY_US, HandLog, HandStream


def judge(log: HandLog, *, every_signature: bool = False) -> Streams:
    """Feed a log's entries through the machine."""
    streams = Streams(log.origin, log.vkeys, every_signature=every_signature)
    for leaf in log.leaves:
        streams.accept(leaf, leaf_hash(leaf))
    streams.settle()
    return streams


def found(log: HandLog, *, every_signature: bool = False) -> list[tuple[str, int]]:
    """The problems of a log: code and index."""
    problems = judge(log, every_signature=every_signature).problems
    return [(problem.code, problem.index) for problem in problems.listed]


def changed(leaf: bytes) -> bytes:
    """A leaf that still can be read, but is not what was signed."""
    return leaf.replace(b'"intents":', b'"Intents":')


@pytest.mark.parametrize("every_signature", [False, True])
def test_a_log_that_keeps_the_rules_has_no_problem(every_signature: bool) -> None:
    log = HandLog()
    first = log.open()
    other = log.open("cli")
    first.beat(1)
    other.close()
    first.close()
    log.open(predecessor=first).beat(0)
    assert found(log, every_signature=every_signature) == []


def test_fast_mode_checks_the_last_signature_of_each_stream() -> None:
    log = HandLog()
    for _ in range(2):
        stream = log.open()
        for count in range(5):
            stream.beat(count)
    assert judge(log).signatures == 2
    assert judge(log, every_signature=True).signatures == 12


@pytest.mark.parametrize("every_signature", [False, True])
def test_the_last_entry_of_a_stream_cannot_be_changed(every_signature: bool) -> None:
    log = HandLog()
    log.open().beat(1)
    log.leaves[-1] = changed(log.leaves[-1])
    assert found(log, every_signature=every_signature) == [("entry_signature", 1)]


def test_a_changed_entry_breaks_the_chain_behind_it_and_is_named_itself() -> None:
    log = HandLog()
    stream = log.open()
    for count in range(4):
        stream.beat(count)
    log.leaves[2] = changed(log.leaves[2])
    assert found(log) == [("entry_signature", 2), ("chain_broken", 3)]


def test_an_entry_that_is_not_a_signed_note_is_malformed() -> None:
    log = HandLog()
    log.open()
    log.leaves.append(b"not an entry")
    assert found(log) == [("entry_malformed", 1)]


def test_an_entry_may_not_be_longer_than_a_writer_makes_it() -> None:
    log = HandLog()
    stream = log.open()
    stream.exceed()
    assert found(log) == [("entry_too_long", 1)]


def test_the_signature_has_to_be_in_the_streams_name() -> None:
    log = HandLog()
    stream = log.open()
    log.leaves.append(stream.beat().replace(f" {stream.sid} ".encode(), b" somebody "))
    del log.leaves[1]
    assert found(log) == [("entry_signature", 1)]


def test_a_stream_begins_with_its_opening_entry() -> None:
    log = HandLog()
    stream = HandStream(log)
    stream.beat()
    stream.beat()
    assert found(log) == [("stream_unopened", 0)]


def test_an_opening_entry_comes_first_and_only_once() -> None:
    log = HandLog()
    stream = log.open()
    stream.open()
    assert found(log) == [("stream_duplicated", 1)]


def test_a_stream_id_is_used_once() -> None:
    log = HandLog()
    stream = log.open()
    stream.beat()
    HandStream(log, sid=stream.sid).open()
    assert found(log) == [("stream_duplicated", 2)]


def test_a_closed_stream_that_was_forgotten_cannot_begin_again() -> None:
    log = HandLog()
    stream = log.open()
    stream.close()
    streams = judge(log)
    streams.forget_closed()
    leaf = HandStream(log, sid=stream.sid).open()
    streams.accept(leaf, leaf_hash(leaf))
    assert [problem.code for problem in streams.problems.listed] == ["stream_duplicated"]


def test_the_same_number_twice_is_named() -> None:
    log = HandLog()
    stream = log.open()
    log.leaves.append(stream.beat())
    stream.beat()
    assert found(log) == [("entry_repeated", 2)]


def test_entries_in_another_order_are_named() -> None:
    log = HandLog()
    stream = log.open()
    for count in range(4):
        stream.beat(count)
    log.leaves[2], log.leaves[3] = log.leaves[3], log.leaves[2]
    assert found(log) == [("reordered", 3)]
    assert judge(log).state.streams[stream.sid].gaps == []


def test_time_does_not_go_back_within_a_stream() -> None:
    log = HandLog()
    stream = log.open()
    stream.write(StreamBeat(counts={}), at_us=NOON_US + 2 * SECOND_US)
    stream.write(StreamBeat(counts={}), at_us=NOON_US + SECOND_US)
    assert found(log) == [("time_went_back", 2)]


def test_a_key_signs_nothing_after_its_end() -> None:
    log = HandLog()
    stream = log.open()
    stream.write(StreamBeat(counts={}), at_us=NOON_US + DAY_US)
    stream.write(StreamBeat(counts={}), at_us=NOON_US + DAY_US + 1)
    assert found(log) == [("key_expired", 2)]


@pytest.mark.parametrize("at_us", [NOON_US - 1, NOON_US + DAY_US + 1])
def test_a_stream_opens_within_its_certificates_time(at_us: int) -> None:
    log = HandLog()
    log.now_us = at_us
    log.open()
    assert found(log) == [("key_expired", 0)]


def test_nothing_follows_the_closing_entry() -> None:
    log = HandLog()
    stream = log.open()
    stream.close()
    stream.beat()
    assert found(log) == [("after_closing", 2)]


def test_the_closing_entry_names_its_own_number() -> None:
    log = HandLog()
    log.open().write(StreamClosed(reason="shutdown", final=7))
    assert found(log) == [("closing_wrong", 1)]


def test_a_counter_never_goes_back() -> None:
    log = HandLog()
    stream = log.open()
    stream.beat(5)
    stream.beat(4)
    assert found(log) == [("counter_went_back", 2)]


def test_an_event_about_streams_has_its_fields() -> None:
    log = HandLog()
    stream = log.open()
    log.leaves.append(stream.beat().replace(b'"counts":{', b'"numbers":{'))
    del log.leaves[1]
    assert ("event_malformed", 1) in found(log)


def test_a_certificate_for_another_log_is_refused() -> None:
    log = HandLog()
    stream = HandStream(log)
    stream.open(log.certify(stream.pen.verifier, origin="log.example/other"))
    assert found(log) == [("certificate_other", 0)]


def test_a_certificate_for_another_stream_is_refused() -> None:
    log = HandLog()
    stream = HandStream(log)
    stream.open(log.certify(HandStream(log).pen.verifier))
    assert found(log) == [("certificate_other", 0)]


def test_a_certificate_by_anybody_but_the_notary_is_refused() -> None:
    log = HandLog()
    stream = HandStream(log)
    thief = log_signer("log.example/thief")
    stream.open(log.certify(stream.pen.verifier, signer=NoteSigner(log.origin, thief._key)))
    assert found(log) == [("note_unsigned", 0)]


def test_a_certificate_for_more_than_a_day_is_refused() -> None:
    log = HandLog()
    stream = HandStream(log)
    stream.open(log.certify(stream.pen.verifier, life_us=DAY_US + 1))
    assert found(log) == [("certificate_too_long", 0)]


@pytest.mark.parametrize("point", sorted(LOW_ORDER)[:3])
def test_a_key_of_low_order_is_no_key(point: bytes) -> None:
    """Otherwise "valid" would depend on which verifier an auditor runs."""
    log = HandLog()
    stream = HandStream(log)
    certificate = log.certify(stream.pen.verifier)
    text = certificate.partition("\n\n")[0] + "\n"
    material = stream.pen.verifier
    weak = _vkey(material.name, point)
    forged = sign_note(text.replace(str(material), weak).encode(), [log.signer]).decode()
    stream.open(forged)
    assert found(log) == [("certificate_malformed", 0)]


def _vkey(name: str, point: bytes) -> str:

    key_id = sha256(name.encode() + b"\n\x01" + point).digest()[:4]
    return f"{name}+{key_id.hex()}+{b64encode(bytes([1]) + point).decode()}"


def test_nothing_of_a_stream_without_a_certified_key_counts_as_signed() -> None:
    log = HandLog()
    stream = HandStream(log)
    stream.open("not a certificate")
    stream.beat()
    streams = judge(log, every_signature=True)
    assert streams.signatures == 0
    assert [problem.code for problem in streams.problems.listed] == ["note_form"]


def test_a_successor_saw_the_same_entry_as_the_log_holds() -> None:
    log = HandLog()
    first = log.open()
    first.beat(1)
    first.prev = ZERO_PREV
    log.open(predecessor=first)
    assert found(log) == [("predecessor_differs", 2)]


def test_entries_before_and_behind_a_gap_are_both_held_to_their_signature() -> None:
    """`prev` cannot reach over a gap, so the run before it needs a signature of its own."""
    log = HandLog()
    stream = log.open()
    stream.beat(1)
    stream.write(StreamBeat(counts={}), is_published=False)
    stream.beat(2)
    assert judge(log).signatures == 2
    log.leaves[1] = changed(log.leaves[1])
    assert found(log) == [("entry_signature", 1)]


def test_a_gap_and_its_declaration_are_remembered() -> None:
    log = HandLog()
    stream = log.open()
    for _ in range(3):
        stream.write(StreamBeat(counts={}), is_published=False)
    stream.beat()
    log.declare(stream.sid, 1, 3)
    streams = judge(log)
    assert streams.problems.count == 0
    assert streams.state.streams[stream.sid].gaps == [(1, 3)]
    assert streams.state.declared == {stream.sid: [(1, 3)]}


def test_the_machine_goes_on_where_a_state_left_off() -> None:
    log = HandLog()
    stream = log.open()
    stream.beat(1)
    streams = judge(log)
    later = stream.beat(2)
    again = Streams(log.origin, log.vkeys, streams.state)
    again.accept(later, leaf_hash(later))
    again.settle()
    assert again.problems.count == 0
    assert again.state.size == 3
    assert again.state.streams[stream.sid].beats == 2


def test_a_fresh_machine_knows_nothing() -> None:
    assert Streams("log.example/acme", []).state == State()

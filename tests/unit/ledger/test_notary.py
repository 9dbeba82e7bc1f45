"""What the notary certifies, signs and refuses, with the witness protocol's answers."""

import pytest

from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Invalid, NotFound, Refused, Tampered, Unavailable
from gatebook.ledger.certificate import parse_certificate, request_text
from gatebook.ledger.checkpoint import Checkpoint
from gatebook.ledger.entry import read
from gatebook.ledger.events.stream import StreamBeat
from gatebook.ledger.merkle import EMPTY_ROOT
from gatebook.ledger.notary import MAX_STEP, NOT_BEFORE_SLACK_US
from gatebook.ledger.note import MLDSA44_COSIGNATURE, VerifierKey, open_note, sign_note
from gatebook.ledger.reach import WHOLE, parse_reach
from gatebook.ledger.trust import Log, Trust, format_policy
from tests.simulators.clock import NOON_US
from tests.simulators.log import DAY_US, HandLog, HandStream
from tests.simulators.notaries import PREFIX, HandNotary, signer_of

ACME = f"{PREFIX}/acme"


@pytest.fixture
def desk() -> HandNotary:
    """A notary that has signed nothing yet."""
    return HandNotary()


@pytest.fixture
def log(desk: HandNotary) -> HandLog:
    """A log with one open stream and five entries."""
    log = desk.hand_log()
    stream = log.open()
    for count in range(4):
        stream.beat(count)
    return log


def trust(desk: HandNotary, origin: str = ACME) -> Trust:
    """The policy that asks for both signatures."""
    return Trust.parse(format_policy([Log(key) for key in desk.notary.vkeys(origin)]))


def stream_key(name: str = "s1") -> VerifierKey:
    """A stream's key."""
    return signer_of(name).verifier


def certify(desk: HandNotary, origin: str = ACME, key: VerifierKey | None = None) -> bytes:
    """Ask for a certificate as the installation does."""
    text = request_text(origin, key or stream_key())
    return desk.notary.certify(sign_note(text.encode(), [desk.installation]))


def test_a_certificate_is_for_a_day_by_the_notarys_clock_and_allows_for_a_slow_one(
    desk: HandNotary,
) -> None:
    note = open_note(certify(desk), desk.notary.vkeys(ACME))
    certificate = parse_certificate(note.note.text.decode())
    assert (certificate.origin, certificate.key) == (ACME, stream_key())
    assert certificate.not_before_us == NOON_US - NOT_BEFORE_SLACK_US
    assert certificate.not_after_us == certificate.not_before_us + DAY_US


def test_only_the_installation_gets_a_certificate(desk: HandNotary) -> None:
    text = request_text(ACME, stream_key()).encode()
    with pytest.raises(Refused, match="installation"):
        desk.notary.certify(sign_note(text, [signer_of(f"{PREFIX}/other")]))


@pytest.mark.parametrize(
    "origin", ["other.example/acme", PREFIX, f"{PREFIX}/", f"{PREFIX}/Acme", f"{PREFIX}/a/b"]
)
def test_a_log_is_named_below_the_notarys_prefix(desk: HandNotary, origin: str) -> None:
    with pytest.raises(NotFound):
        certify(desk, origin)


@pytest.mark.parametrize("name", ["a/b", "s" * 65, ACME])
def test_a_stream_is_named_like_a_stream(desk: HandNotary, name: str) -> None:
    with pytest.raises(Invalid, match="named like a stream"):
        certify(desk, key=stream_key(name))


def test_a_request_for_something_else_is_invalid(desk: HandNotary) -> None:
    note = sign_note(b"gatebook.dev/other\n", [desk.installation])
    with pytest.raises(Invalid):
        desk.notary.certify(note)


def test_a_new_head_is_signed_by_both_keys_of_the_log(desk: HandNotary, log: HandLog) -> None:
    answer = desk.submit(log, 0)
    assert answer.status == 200
    signed = trust(desk).check(desk.note(log, answer))
    assert signed.checkpoint.size == 5
    assert [key.kind for key, _ in signed.checked.signed_by][-1] == MLDSA44_COSIGNATURE
    assert desk.notary.checkpoint(ACME) == desk.note(log, answer)


def test_nothing_is_known_of_a_log_before_its_first_head(desk: HandNotary) -> None:
    with pytest.raises(NotFound):
        desk.notary.checkpoint(ACME)


def test_steps_follow_one_another(desk: HandNotary, log: HandLog) -> None:
    assert desk.submit(log, 0, 2).status == 200
    assert desk.submit(log, 2, 4).status == 200
    assert desk.submit(log, 4).status == 200


def test_an_idle_head_is_signed_again_with_a_later_time(desk: HandNotary, log: HandLog) -> None:
    desk.submit(log, 0)
    desk.clock.advance(5)
    assert desk.submit(log, 5).status == 200
    head = desk.heads.load(ACME)
    assert head is not None
    assert head.signed_at == NOON_US // SECOND_US + 5


def test_an_empty_tree_may_be_signed(desk: HandNotary) -> None:
    log = desk.hand_log()
    answer = desk.submit(log, 0)
    assert trust(desk).check(desk.note(log, answer)).checkpoint == Checkpoint(ACME, 0, EMPTY_ROOT)


def test_a_size_that_is_not_the_notarys_is_a_conflict_and_names_it(
    desk: HandNotary, log: HandLog
) -> None:
    desk.submit(log, 0, 3)
    answer = desk.submit(log, 2)
    assert answer == (409, "text/x.tlog.size", b"3\n")


def test_no_size_gets_two_roots(desk: HandNotary, log: HandLog) -> None:
    desk.submit(log, 0)
    answer = desk.notary.add_checkpoint(desk.request(log, 5, root_hash=bytes(32)))
    assert answer.status == 409
    head = desk.heads.load(ACME)
    assert head is not None
    assert head.root != bytes(32)


def test_a_head_never_goes_back(desk: HandNotary, log: HandLog) -> None:
    desk.submit(log, 0)
    with pytest.raises(Invalid):
        desk.notary.add_checkpoint(desk.request(log, 5, size=3))


def test_a_step_is_bounded(desk: HandNotary, log: HandLog) -> None:
    """So that nobody waits long for another's submission."""
    head = Checkpoint(ACME, MAX_STEP + 1, bytes(32))
    note = sign_note(head.encode(), [desk.installation])
    with pytest.raises(Invalid):
        desk.notary.add_checkpoint(b"old 0\n\n" + note)


def test_a_proof_that_does_not_lead_from_old_to_new_is_refused(
    desk: HandNotary, log: HandLog
) -> None:
    desk.submit(log, 0, 3)
    desk.publish(log.leaves)
    with pytest.raises(Tampered):
        desk.notary.add_checkpoint(desk.request(log, 3, proof=[bytes(32)] * 3))


def test_only_the_installation_submits(desk: HandNotary, log: HandLog) -> None:
    desk.publish(log.leaves)
    with pytest.raises(Refused):
        desk.notary.add_checkpoint(desk.request(log, 0, signer=signer_of(ACME)))


def test_a_log_of_another_prefix_is_unknown(desk: HandNotary) -> None:
    with pytest.raises(NotFound):
        desk.notary.add_checkpoint(desk.request(HandLog("other.example/acme"), 0))


def test_it_reads_the_entries_itself(desk: HandNotary, log: HandLog) -> None:
    with pytest.raises(Unavailable, match="missing"):
        desk.notary.add_checkpoint(desk.request(log, 0))
    desk.publish([*log.leaves[:4], log.leaves[4].replace(b'"intents":3', b'"intents":4')])
    with pytest.raises(Tampered, match="do not lead to this root"):
        desk.notary.add_checkpoint(desk.request(log, 0))


def refuses(desk: HandNotary, log: HandLog, code: str) -> None:
    """The log is not signed, for this reason, and nothing is remembered of it."""
    with pytest.raises(Tampered) as caught:
        desk.submit(log, 0)
    assert caught.value.code == code
    assert desk.heads.saved == {}


def test_it_refuses_a_broken_chain(desk: HandNotary, log: HandLog) -> None:
    log.leaves[2] = log.leaves[2].replace(b'"intents":1', b'"intents":0')
    refuses(desk, log, "entry_signature")


def test_it_refuses_a_wrong_signature(desk: HandNotary, log: HandLog) -> None:
    log.leaves[4] = log.leaves[4].replace(b'"intents":3', b'"intents":4')
    refuses(desk, log, "entry_signature")


def test_it_refuses_an_entry_longer_than_any_writer_makes_and_names_it(
    desk: HandNotary, log: HandLog
) -> None:
    stream = log.open()
    stream.exceed()
    stream.beat()
    with pytest.raises(Tampered, match=r"Entry 6: .* 4096 at most") as caught:
        desk.submit(log, 0)
    assert caught.value.code == "entry_too_long"
    assert desk.heads.saved == {}


def test_it_refuses_a_stream_it_did_not_certify(desk: HandNotary, log: HandLog) -> None:
    stream = HandStream(log)
    stream.open(log.certify(stream.pen.verifier, signer=signer_of(ACME)))
    refuses(desk, log, "note_unsigned")


def test_it_refuses_a_gap_until_somebody_declares_it(desk: HandNotary, log: HandLog) -> None:
    stream = log.open()
    stream.write(StreamBeat(counts={}), is_published=False)
    stream.beat()
    refuses(desk, log, "undeclared_gap")
    log.declare(stream.sid, 1, 1)
    assert desk.submit(log, 0).status == 200


def test_it_refuses_a_stream_that_closed_in_an_earlier_step(desk: HandNotary, log: HandLog) -> None:
    stream = log.open()
    stream.close()
    assert desk.submit(log, 0).status == 200
    size = len(log.leaves)
    HandStream(log, sid=stream.sid).open()
    with pytest.raises(Tampered) as caught:
        desk.submit(log, size)
    assert caught.value.code == "stream_duplicated"


def test_an_entry_written_in_its_keys_time_is_signed_however_late(
    desk: HandNotary, log: HandLog
) -> None:
    """An outage may be long. What a thief of the key makes of it is in what-the-ledger-proves."""
    desk.submit(log, 0, 3)
    desk.clock.advance(30 * 24 * 3600)
    assert desk.submit(log, 3).status == 200


def reach(desk: HandNotary, sid: str) -> int:
    """How far a stream is signed, by the notary's own word."""
    note = open_note(desk.notary.reach(ACME, sid), desk.notary.vkeys(ACME)[:1])
    found = parse_reach(note.note.text.decode())
    assert (found.origin, found.sid) == (ACME, sid)
    return found.count


def test_it_says_how_far_it_has_signed_a_stream_and_not_how_far_it_is_published(
    desk: HandNotary, log: HandLog
) -> None:
    sid = read(log.leaves[0]).sid
    assert reach(desk, sid) == 0
    desk.submit(log, 0, 3)
    desk.publish(log.leaves)
    assert (reach(desk, sid), reach(desk, "s9")) == (3, 0)
    other = log.open()
    other.close()
    desk.submit(log, 3)
    assert (reach(desk, sid), reach(desk, other.sid)) == (5, WHOLE)


@pytest.mark.parametrize(
    ("origin", "sid"), [("other.example/acme", "s1"), (ACME, ""), (ACME, "s1\n7"), (ACME, "s1 ")]
)
def test_it_says_nothing_of_what_cannot_be_a_stream_of_its_logs(
    desk: HandNotary, origin: str, sid: str
) -> None:
    with pytest.raises(NotFound):
        desk.notary.reach(origin, sid)


def test_it_signs_nothing_while_its_clock_is_behind_its_last_signature(
    desk: HandNotary, log: HandLog
) -> None:
    desk.submit(log, 0)
    desk.clock.set_time_of_day(NOON_US - SECOND_US)
    with pytest.raises(Unavailable, match="clock"):
        desk.submit(log, 5)


def test_what_it_cannot_remember_it_does_not_sign(desk: HandNotary, log: HandLog) -> None:
    desk.heads.is_up = False
    with pytest.raises(Unavailable):
        desk.submit(log, 0)


def test_logs_do_not_mix(desk: HandNotary, log: HandLog) -> None:
    desk.submit(log, 0)
    other = desk.hand_log("other")
    other.open()
    assert desk.submit(other, 0).status == 200
    assert trust(desk, other.origin).check(desk.notary.checkpoint(other.origin))
    with pytest.raises(NotFound):
        trust(desk).check(desk.notary.checkpoint(other.origin))

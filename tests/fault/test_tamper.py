"""Nobody changes a published log unseen: every byte is covered, or listed as not covered.

Who holds which keys is said in each test: nobody's, a stream's, or the log's own.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator

import pytest

from gatebook.core.errors import Invalid
from gatebook.ledger.attempt import prev_of
from gatebook.ledger.events.call import CallIntended
from gatebook.ledger.events.stream import StreamBeat
from gatebook.ledger.report import Report, Severity
from gatebook.ledger.tiles import grow
from gatebook.ledger.trust import Trust
from tests.simulators.clock import NOON_US
from tests.simulators.log import DAY_US, HandLog, HandStream, MemoryFiles
from tests.simulators.questions import ask, codes

PATTERNS = (0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF)


def small_log() -> HandLog:
    """Two streams, one closed, a lost entry that somebody answers for: ten entries."""
    log = HandLog()
    gateway = log.open()
    gateway.write(CallIntended.example())
    gateway.write(StreamBeat(counts={"intents": 1}), is_published=False)
    log.declare(gateway.sid, 2, 2)
    gateway.beat(2)
    gateway.close()
    log.open(predecessor=gateway).beat(1)
    return log


def big_log(count: int = 700) -> HandLog:
    """Two full bundles, a partial one, and tiles of two levels."""
    log = HandLog()
    stream = log.open()
    while len(log.leaves) < count:
        stream.write(CallIntended.example())
    return log


def verify_enclosed(log: HandLog, files: MemoryFiles, *, is_full: bool) -> Report | None:
    """Verify with the policy inside the export, as an auditor without another one would."""
    try:
        trust = Trust.parse(files["policy.txt"])
    except Invalid:
        return None  # "this cannot be checked"
    return ask(log, files, trust=trust, is_pinned=False, is_full=is_full)


def survivors(
    log: HandLog, files: MemoryFiles, path: str, changes: Iterator[tuple[int, int]], *, full: bool
) -> list[tuple[int, int]]:
    """The changes of one byte that neither fail nor hit a byte listed as not covered."""
    found = []
    honest = files[path]
    for at, pattern in changes:
        changed = bytearray(honest)
        changed[at] ^= pattern
        report = verify_enclosed(log, MemoryFiles({**files, path: bytes(changed)}), is_full=full)
        if report is None or report.exit_code:
            continue
        listed = [each for each in report.unauthenticated if each.path == path]
        if not any(each.start <= at < each.end for each in listed):
            found.append((at, pattern))
    return found


SMALL = small_log()
SMALL_FILES = SMALL.files()


def test_the_log_these_tests_change_is_sound() -> None:
    report = verify_enclosed(SMALL, SMALL_FILES, is_full=True)
    assert report is not None
    assert report.exit_code == 0
    assert [(each.path, each.start) for each in report.unauthenticated] == [("policy.txt", 0)]


@pytest.mark.parametrize("path", SMALL_FILES)
def test_no_byte_can_be_changed_unseen(path: str) -> None:
    """One bit of every byte, a different one from byte to byte, in fast mode."""
    changes = ((at, 1 << at % 8) for at in range(len(SMALL_FILES[path])))
    assert survivors(SMALL, SMALL_FILES, path, changes, full=False) == []


@pytest.mark.parametrize("path", SMALL_FILES)
def test_no_pattern_makes_a_difference(path: str) -> None:
    """Every bit and all of them, on a sample of bytes, in full mode."""
    sample = range(0, len(SMALL_FILES[path]), 41)
    changes = ((at, pattern) for at in sample for pattern in PATTERNS)
    assert survivors(SMALL, SMALL_FILES, path, changes, full=True) == []


@pytest.mark.parametrize("path", SMALL_FILES)
@pytest.mark.parametrize("change", ["cut", "grown", "emptied", "removed", "doubled"])
def test_no_file_can_change_its_length_or_go(path: str, change: str) -> None:
    files = MemoryFiles(SMALL_FILES)
    changed = {
        "cut": files[path][:-1],
        "grown": files[path] + b"\n",
        "emptied": b"",
        "doubled": files[path] * 2,
    }
    del files[path]
    if change in changed:
        files[path] = changed[change]
    report = None if "policy.txt" not in files else verify_enclosed(SMALL, files, is_full=False)
    if path == "policy.txt" and change == "grown":
        assert report is not None  # an empty line more; the file is listed as not covered
        assert report.unauthenticated[0].end == len(files[path])
    else:
        assert report is None or report.exit_code


@pytest.mark.long
@pytest.mark.parametrize("path", big_log().files())
def test_no_byte_of_a_bigger_log_can_be_changed_unseen(path: str) -> None:
    log = big_log()
    files = log.files()
    changes = ((at, 1 << at % 8) for at in range(0, len(files[path]), 97))
    assert survivors(log, files, path, changes, full=False) == []


def published(log: HandLog, checkpoint: bytes) -> MemoryFiles:
    """Tiles made anew over a log's entries, under a checkpoint signed before."""
    return MemoryFiles(
        {
            "checkpoint": checkpoint,
            "policy.txt": log.policy(),
            **grow(0, log.leaves, MemoryFiles()),
        }
    )


@pytest.mark.parametrize("count", [1, 44, 188, 189, 500])
def test_the_last_entries_cannot_be_deleted(count: int) -> None:
    """By somebody with no key: the signed size says how many there were."""
    log = big_log()
    signed = log.checkpoint()
    del log.leaves[-count:]
    report = ask(log, published(log, signed))
    assert report.exit_code in {1, 2}
    assert codes(report)[0] == "truncated"
    assert f", {700})" in report.problems[0].detail


def test_deleting_the_last_entries_under_an_older_checkpoint_shows_against_a_newer_one() -> None:
    """Without any other checkpoint it is the log as of then, and the report says of when."""
    log = big_log()
    older = log.checkpoint(600)
    newer = log.checkpoint()
    del log.leaves[600:]
    report = ask(log, published(log, older))
    assert (report.exit_code, report.size) == (0, 600)
    assert report.signed_at == "2026-11-19T12:00:00.000000Z"
    report = ask(log, published(log, older), seen=[newer])
    assert (report.exit_code, codes(report)) == (1, ["rolled_back"])
    assert "[600, 700)" in report.problems[0].detail


def test_entries_cannot_change_places() -> None:
    log = big_log()
    honest = log.files()
    log.leaves[300], log.leaves[301] = log.leaves[301], log.leaves[300]
    report = ask(log, MemoryFiles({**honest, "tile/entries/001": log.files()["tile/entries/001"]}))
    assert report.exit_code == 1
    assert codes(report)[:2] == ["root_mismatch", "reordered"]


def test_bundles_cannot_change_places() -> None:
    log = big_log()
    files = log.files()
    first, second = "tile/entries/000", "tile/entries/001"
    files[first], files[second] = files[second], files[first]
    report = ask(log, files)
    assert report.exit_code == 1
    assert "reordered" in codes(report)


def rewritten(log: HandLog, stream: HandStream, start: int) -> None:
    """Write a stream's entries anew from one on, properly chained and signed with its key."""
    count = len(log.leaves) - start
    del log.leaves[start:]
    stream.sq = start
    stream.prev = prev_of(log.leaves[-1])
    for _ in range(count):
        stream.write(CallIntended.example(), at_us=NOON_US + 1)


def test_a_stolen_stream_key_rewrites_nothing_that_was_signed() -> None:
    """The chain is perfect again, the tiles are too; the notary signed another one."""
    log = HandLog()
    stream = log.open()
    for _ in range(299):
        stream.write(CallIntended.example())
    signed = log.checkpoint()
    rewritten(log, stream, 200)
    report = ask(log, published(log, signed), is_full=True)
    assert report.exit_code == 1
    assert codes(report) == ["root_mismatch", "rewritten"]


def test_stolen_keys_of_the_log_too_are_shown_up_by_a_checkpoint_seen_before() -> None:
    log = HandLog()
    stream = log.open()
    for _ in range(299):
        stream.write(CallIntended.example())
    seen = log.checkpoint(250)
    rewritten(log, stream, 200)
    assert ask(log, is_full=True).exit_code == 0
    report = ask(log, is_full=True, seen=[seen])
    assert (report.exit_code, codes(report)) == (1, ["rewritten"])


def forged_certificate(log: HandLog) -> None:
    """The log's key is right, its signature is not."""
    stream = HandStream(log)
    certificate = log.certify(stream.pen.verifier)
    lines = certificate.splitlines(keepends=True)
    lines[3] = lines[3].replace("2026-11-19", "2026-11-18")
    stream.open("".join(lines))


def expired_key(log: HandLog) -> None:
    """Entries go on after the certificate's end."""
    stream = log.open()
    stream.write(StreamBeat(counts={}), at_us=NOON_US + DAY_US + 1)


def stream_opened_twice(log: HandLog) -> None:
    """Another boot under the same id and key."""
    stream = log.open()
    stream.beat()
    HandStream(log, sid=stream.sid).open()


def number_used_twice(log: HandLog) -> None:
    """Two different entries with one number."""
    stream = log.open()
    stream.beat(1)
    stream.sq -= 1
    stream.beat(2)


def chain_forked(log: HandLog) -> None:
    """An entry that names another predecessor than the log holds."""
    stream = log.open()
    stream.beat(1)
    stream.prev = prev_of(b"another")
    stream.beat(2)


def undeclared_gap(log: HandLog) -> None:
    """A number is left out."""
    stream = log.open()
    stream.write(StreamBeat(counts={}), is_published=False)
    stream.close()


def another_streams_key(log: HandLog) -> None:
    """An entry in one stream's name, signed with another one's certified key."""
    victim, thief = log.open(), log.open()
    thief.pen._sid = victim.sid
    thief.sq, thief.prev = victim.sq, victim.prev
    thief.beat()


@pytest.mark.parametrize(
    ("break_rule", "code", "severity"),
    [
        (forged_certificate, "note_signature", Severity.TAMPERED),
        (expired_key, "key_expired", Severity.TAMPERED),
        (stream_opened_twice, "stream_duplicated", Severity.TAMPERED),
        (number_used_twice, "entry_repeated", Severity.TAMPERED),
        (chain_forked, "chain_broken", Severity.TAMPERED),
        (another_streams_key, "entry_signature", Severity.TAMPERED),
        (undeclared_gap, "undeclared_gap", Severity.INCOMPLETE),
    ],
)
@pytest.mark.parametrize("is_full", [False, True])
def test_what_even_a_signed_log_must_not_hold_is_named(
    break_rule: Callable[[HandLog], None], code: str, severity: Severity, is_full: bool
) -> None:
    """As if the notary had signed it all the same: the verifier trusts nobody's diligence."""
    log = small_log()
    break_rule(log)
    report = ask(log, is_full=is_full)
    assert [(each.code, each.severity) for each in report.problems] == [(code, severity)]
    assert report.exit_code == (1 if severity is Severity.TAMPERED else 2)


def test_a_nonce_of_low_order_is_no_signature() -> None:
    """Verifiers disagree about such points (C2SP/CCTV); this one says no."""
    log = small_log()
    stream = log.open()
    leaf = stream.beat()
    lead, encoded = leaf[:-1].rsplit(b" ", 1)
    blob = b64decode(encoded)
    log.leaves[-1] = lead + b" " + b64encode(blob[:4] + b"\1" + bytes(31) + blob[36:]) + b"\n"
    assert codes(ask(log)) == ["entry_signature"]

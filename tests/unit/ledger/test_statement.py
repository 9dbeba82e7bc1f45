"""What a report says beyond its steps: whose word it is, as of when, what nobody vouches for."""

import pytest

from gatebook.core.clock import SECOND_US
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.note import Note, NoteSigner
from gatebook.ledger.report import Unauthenticated
from gatebook.ledger.trust import Log, Trust, format_policy
from tests.simulators.log import HandLog
from tests.simulators.questions import ask


@pytest.fixture
def log() -> HandLog:
    """A small log."""
    log = HandLog()
    log.open().close()
    return log


def test_the_report_is_about_the_signed_head_at_the_time_of_its_signature(log: HandLog) -> None:
    log.now_us += 90 * SECOND_US
    report = ask(log)
    assert (report.origin, report.size, report.entries) == (log.origin, 2, 2)
    assert report.signed_at == "2026-11-19T12:01:30.000000Z"


def test_without_the_logs_ml_dsa_key_nobody_says_when_it_was_signed(log: HandLog) -> None:
    policy = format_policy([Log(log.signer.verifier)])
    report = ask(log, trust=Trust.parse(policy))
    assert report.exit_code == 0
    assert report.signed_at == ""


def test_keys_that_came_with_the_log_are_named_as_such(log: HandLog) -> None:
    report = ask(log, is_pinned=False)
    assert "compare it with the one you were given" in report.notices[0]
    assert str(log.signer.verifier) in report.notices[1]
    assert [each.why for each in report.unauthenticated] == ["the keys were taken from it"]
    assert not report.is_pinned


def test_a_pinned_policy_makes_the_enclosed_one_unused(log: HandLog) -> None:
    report = ask(log)
    assert report.is_pinned
    assert report.notices == []
    assert report.unauthenticated == [
        Unauthenticated(path="policy.txt", start=0, end=len(log.policy()), why="not used")
    ]


def test_a_file_that_the_checkpoint_does_not_need_is_not_covered(log: HandLog) -> None:
    files = log.files()
    files["tile/0/000.p/1"] = b"anything"
    files["notes/readme"] = b""
    assert {each.path: each.end for each in ask(log, files).unauthenticated} == {
        "notes/readme": 0,
        "policy.txt": len(log.policy()),
        "tile/0/000.p/1": 8,
    }


def test_a_signature_by_an_unknown_key_is_not_covered_to_the_byte(log: HandLog) -> None:
    files = log.files()
    note = Note.parse(files["checkpoint"])
    stranger = NoteSigner("somebody.example", SigningKey(bytes(32))).sign(note.text)
    first, second = note.signatures
    files["checkpoint"] = Note(note.text, (first, stranger, second, first)).encode()
    report = ask(log, files)
    assert report.exit_code == 0
    found = [each for each in report.unauthenticated if each.path == "checkpoint"]
    assert [files["checkpoint"][each.start : each.end] for each in found] == [
        stranger.encode(),
        first.encode(),
    ]


def test_the_key_of_another_signature_by_the_log_may_be_left_out(log: HandLog) -> None:
    """Whoever trusts the Ed25519 key alone learns that the ML-DSA line was not looked at."""
    report = ask(log, trust=Trust.parse(format_policy([Log(log.signer.verifier)])))
    start, end = next(
        (each.start, each.end) for each in report.unauthenticated if each.path == "checkpoint"
    )
    assert log.files()["checkpoint"][start:end].startswith("— ".encode())

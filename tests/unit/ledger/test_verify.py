"""The verifier's steps, each made to fail by one change; see tests/fault/test_tamper.py too."""

import pytest

from gatebook.ledger import mldsa
from gatebook.ledger.attempt import prev_of
from gatebook.ledger.checkpoint import Checkpoint, Cosigner, sign_checkpoint
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.merkle import leaf_hash
from gatebook.ledger.note import Note, SignatureLine
from gatebook.ledger.report import Outcome, Report, Verdict
from gatebook.ledger.trust import Group, Log, Trust, Witness, format_policy
from gatebook.ledger.verify import TITLES
from tests.simulators.log import HandLog, HandStream, MemoryFiles
from tests.simulators.questions import ask, codes

PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED


@pytest.fixture
def log() -> HandLog:
    """A gateway's stream, a command's, and 300 entries."""
    log = HandLog()
    stream = log.open()
    for count in range(294):
        stream.beat(count)
    other = log.open("cli")
    other.beat(1)
    other.close()
    stream.close()
    return log


def failed(report: Report) -> list[int]:
    """The numbers of the steps that failed."""
    return [step.number for step in report.steps if step.outcome == FAILED]


def test_a_sound_log_passes_every_step_that_was_asked_for(log: HandLog) -> None:
    report = ask(log, is_full=True, seen=[log.checkpoint(100)], receipts={"s0000000000001.7": None})
    assert report.exit_code == 0
    assert report.problems == []
    outcomes = {step.number: step.outcome for step in report.steps}
    assert outcomes.pop(3) == SKIPPED
    assert set(outcomes.values()) == {PASSED}
    assert report.signatures == len(log.leaves)
    assert [stream.verdict for stream in report.streams] == [Verdict.COMPLETE] * 2


def test_a_check_that_was_not_made_is_reported_as_skipped(log: HandLog) -> None:
    report = ask(log)
    skipped = [step.number for step in report.steps if step.outcome == SKIPPED]
    assert skipped == [3, 7, 10, 12]
    assert report.signatures == 2


def test_the_steps_are_numbered_and_titled() -> None:
    log = HandLog()
    steps = ask(log).steps
    assert [step.number for step in steps] == list(range(1, len(TITLES) + 1))
    assert [step.title for step in steps] == list(TITLES)


def test_1_without_a_checkpoint_nothing_can_be_checked(log: HandLog) -> None:
    report = ask(log, MemoryFiles())
    assert (report.exit_code, codes(report)) == (3, ["checkpoint_missing"])
    assert [step.outcome for step in report.steps] == [FAILED] + [SKIPPED] * 11


@pytest.mark.parametrize("size", [b"0300", b"+300", b" 300", b"3_00", b"-1", b"\xd9\xa3"])
def test_1_a_checkpoint_is_read_strictly(log: HandLog, size: bytes) -> None:
    files = log.files()
    files["checkpoint"] = files["checkpoint"].replace(b"\n299\n", b"\n" + size + b"\n")
    report = ask(log, files)
    assert (report.exit_code, failed(report)) == (1, [1])


def test_2_a_changed_head_is_not_the_one_that_was_signed(log: HandLog) -> None:
    files = log.files()
    files["checkpoint"] = files["checkpoint"].replace(b"\n299\n", b"\n298\n")
    report = ask(log, files)
    assert (report.exit_code, failed(report)) == (1, [2])


def test_2_the_second_signature_is_required_when_the_policy_names_its_key(log: HandLog) -> None:
    files = log.files()
    note = Note.parse(files["checkpoint"])
    files["checkpoint"] = Note(note.text, note.signatures[:1]).encode()
    assert codes(ask(log, files)) == ["checkpoint_unsigned"]


def test_2_a_log_the_policy_does_not_list_cannot_be_checked(log: HandLog) -> None:
    other = HandLog("log.example/other")
    report = ask(log, trust=other.trust())
    assert (report.exit_code, codes(report)) == (3, ["log_unknown"])


def witnessed(log: HandLog, *, is_signed: bool) -> Report:
    """A log whose policy asks for one witness."""
    witness = Cosigner("w.example", SigningKey(bytes(31) + b"\1"))
    policy = format_policy(
        [Log(key) for key in log.vkeys],
        [Witness("w", witness.verifier)],
        [Group("g", 1, ("w",))],
        "g",
    )
    files = log.files()
    if is_signed:
        trusted = log.trust().check(files["checkpoint"])
        line = witness.cosign(trusted.checkpoint, 1)
        files["checkpoint"] += line.encode()
    return ask(log, files, trust=Trust.parse(policy))


def test_3_as_many_witnesses_as_the_policy_asks_for(log: HandLog) -> None:
    assert witnessed(log, is_signed=True).steps[2].outcome == PASSED
    report = witnessed(log, is_signed=False)
    assert (report.exit_code, codes(report)) == (2, ["quorum_not_met"])


def test_4_entries_that_are_gone_are_named_by_their_range(log: HandLog) -> None:
    files = log.files()
    del files["tile/entries/001.p/43"]
    report = ask(log, files)
    assert (report.exit_code, codes(report)) == (2, ["truncated"])
    assert report.problems[0].detail == "Entries [256, 299) are missing."
    outcomes = {step.number: step.outcome for step in report.steps}
    assert outcomes[5] == PASSED
    assert {outcomes[number] for number in (8, 9, 11)} == {SKIPPED}


def test_4_and_without_their_hashes_the_root_cannot_be_computed(log: HandLog) -> None:
    files = log.files()
    del files["tile/entries/001.p/43"], files["tile/0/001.p/43"]
    report = ask(log, files)
    assert report.exit_code == 2
    assert report.steps[4].outcome == SKIPPED


def test_5_a_changed_entry_is_named_by_the_signed_hashes(log: HandLog) -> None:
    log_files = log.files()
    log.leaves[17] = log.leaves[17].replace(b'"intents":16', b'"intents":61')
    files = MemoryFiles({**log_files, "tile/entries/000": log.files()["tile/entries/000"]})
    report = ask(log, files)
    assert report.exit_code == 1
    assert ("entry_changed", 17) in [(each.code, each.index) for each in report.problems]


def test_5_entries_in_another_order_are_named(log: HandLog) -> None:
    log_files = log.files()
    log.leaves[17], log.leaves[18] = log.leaves[18], log.leaves[17]
    files = MemoryFiles({**log_files, "tile/entries/000": log.files()["tile/entries/000"]})
    report = ask(log, files)
    assert "reordered" in codes(report)
    assert "17, 18" in next(each.detail for each in report.problems if each.code == "reordered")


def test_5_a_log_rewritten_as_a_whole_is_not_the_one_that_was_signed(log: HandLog) -> None:
    signed = log.checkpoint()
    log.leaves[17] = log.leaves[17].replace(b'"intents":16', b'"intents":61')
    files = log.files()
    files["checkpoint"] = signed
    report = ask(log, files)
    assert codes(report)[:2] == ["root_mismatch", "rewritten"]


def test_6_a_tile_that_does_not_fit_the_entries_is_named(log: HandLog) -> None:
    files = log.files()
    files["tile/1/000.p/1"] = bytes(32)
    report = ask(log, files)
    assert (report.exit_code, failed(report), codes(report)) == (1, [6], ["tile_changed"])


def test_7_a_log_that_ends_before_what_was_seen_was_rolled_back(log: HandLog) -> None:
    report = ask(log, log.files(100), seen=[log.checkpoint(250)])
    assert (report.exit_code, codes(report)) == (1, ["rolled_back"])
    assert "[100, 250)" in report.problems[0].detail


@pytest.mark.parametrize("size", [120, 256, 299])
def test_7_a_log_that_holds_other_entries_than_were_seen_was_rewritten(
    log: HandLog, size: int
) -> None:
    """Even if its newest checkpoint is signed: whoever has the notary's keys cannot unsay."""
    seen = log.checkpoint(size)
    other = HandLog()
    stream = other.open("other")
    for count in range(298):
        stream.beat(count)
    report = ask(other, seen=[seen])
    assert (report.exit_code, codes(report)) == (1, ["rewritten"])


def test_7_seen_checkpoints_of_the_same_log_that_agree_pass(log: HandLog) -> None:
    seen = [log.checkpoint(size) for size in (0, 1, 100, 256, 257, 299)]
    assert ask(log, seen=seen).steps[6].outcome == PASSED


def test_7_a_seen_checkpoint_that_nobody_signed_is_no_evidence(log: HandLog) -> None:
    note = Note.parse(log.checkpoint(100))
    fake = Note(note.text, (SignatureLine("x", bytes(4), bytes(64)),)).encode()
    report = ask(log, seen=[fake])
    assert (report.exit_code, codes(report)) == (3, ["seen_unusable"])


def test_7_a_seen_checkpoint_of_another_log_is_no_evidence(log: HandLog) -> None:
    other = HandLog("log.example/other")
    policy = format_policy([Log(key) for key in [*log.vkeys, *other.vkeys]])
    report = ask(log, trust=Trust.parse(policy), seen=[other.checkpoint()])
    assert (report.exit_code, codes(report)) == (3, ["seen_unusable"])


def test_7_where_entries_are_missing_a_seen_checkpoint_cannot_be_compared(log: HandLog) -> None:
    files = log.files()
    del files["tile/entries/000"], files["tile/0/000"]
    report = ask(log, files, seen=[log.checkpoint(100)])
    assert "seen_uncompared" in codes(report)
    assert report.exit_code == 2


def test_8_a_stream_nobody_certified_is_named(log: HandLog) -> None:
    stream = HandStream(log)
    stream.open("not a certificate")
    report = ask(log)
    assert (report.exit_code, failed(report)) == (1, [8])


@pytest.mark.parametrize("is_full", [False, True])
def test_8_an_entry_longer_than_any_writer_makes_is_named(log: HandLog, is_full: bool) -> None:
    stream = log.open()
    stream.exceed()
    report = ask(log, is_full=is_full)
    assert (report.exit_code, failed(report)) == (1, [8])
    assert codes(report) == ["entry_too_long"]
    assert report.problems[0].detail.startswith(f"Entry {len(log.leaves) - 1}: ")


def test_9_in_full_mode_every_signature_is_checked(log: HandLog) -> None:
    """A thief of the stream's key and of the log's may sign; who has the log's alone may not."""
    stream = log.open()
    middle = stream.beat(1)
    forged = middle[: middle.rindex(b" ")] + b" " + b"A" * 91 + b"=\n"
    log.leaves[-1] = forged
    stream.prev = prev_of(forged)
    stream.beat(2)
    assert ask(log).exit_code == 0
    report = ask(log, is_full=True)
    assert (report.exit_code, failed(report)) == (1, [9])


def test_10_in_full_mode_every_entry_is_read_as_its_event(log: HandLog) -> None:
    stream = log.open()
    honest = stream.beat(1)
    text = honest[: honest.rindex(b"\n\n") + 1].replace(b'"intents":1', b'"intents": 1')
    log.leaves[-1] = text + b"\n" + _line(stream, text)
    stream.prev = prev_of(log.leaves[-1])
    stream.close()
    assert ask(log).exit_code == 0
    report = ask(log, is_full=True)
    assert (report.exit_code, failed(report)) == (1, [10])


def _line(stream: HandStream, text: bytes) -> bytes:
    key = stream.pen.verifier
    return SignatureLine(key.name, key.key_id, stream.key.sign(text)).encode()


def test_11_a_gap_that_nobody_declared_is_a_failure(log: HandLog) -> None:
    stream = log.open()
    stream.sq = 5
    stream.beat(1)
    report = ask(log)
    assert (report.exit_code, failed(report)) == (2, [11])
    log.declare(stream.sid, 1, 4)
    assert ask(log).exit_code == 0


def test_12_a_receipt_without_its_entry_is_a_broken_promise(log: HandLog) -> None:
    report = ask(log, receipts={"s0000000000001.299": None, "s0000000000001.4": None})
    assert (report.exit_code, codes(report)) == (2, ["receipt_missing"])


def test_12_a_receipt_for_another_entry_is_named(log: HandLog) -> None:
    right = {"s0000000000001.4": leaf_hash(log.leaves[4])}
    assert ask(log, receipts=right).exit_code == 0
    report = ask(log, receipts={"s0000000000001.4": leaf_hash(log.leaves[5])})
    assert (report.exit_code, codes(report)) == (1, ["receipt_differs"])


def test_a_policy_without_the_second_key_does_not_ask_for_its_signature(log: HandLog) -> None:
    other = Cosigner(log.origin, mldsa.SigningKey(bytes(32)))
    files = log.files()
    trusted = log.trust().check(files["checkpoint"])
    files["checkpoint"] += other.cosign(trusted.checkpoint, 5).encode()
    assert ask(log, files).exit_code == 0


def test_with_a_hole_no_check_of_all_entries_passes(log: HandLog) -> None:
    files = log.files()
    del files["tile/entries/000"]
    outcomes = {step.number: step.outcome for step in ask(log, files, is_full=True).steps}
    assert {number for number, outcome in outcomes.items() if outcome == PASSED} == {1, 2, 5}
    assert {outcomes[number] for number in (6, 8, 9, 10, 11)} == {SKIPPED}


def test_with_a_hole_and_a_broken_chain_the_signatures_do_not_pass() -> None:
    log = HandLog()
    stream = log.open()
    stream.beat(1)
    stream.prev = prev_of(b"another")
    for count in range(2, 300):
        stream.beat(count)
    files = log.files()
    del files[next(path for path in files if path.startswith("tile/entries/001"))]
    outcomes = [step.outcome for step in ask(log, files).steps]
    assert outcomes[7:9] == [FAILED, SKIPPED]


def test_2_without_an_ed25519_key_streams_cannot_be_checked(log: HandLog) -> None:
    trust = Trust.parse(format_policy([Log(log.second.verifier)]))
    report = ask(log, trust=trust)
    assert (report.exit_code, codes(report)) == (3, ["log_key_missing"])
    assert "no Ed25519 key" in report.problems[0].detail


def test_a_signed_size_that_nobody_could_fill_is_reported_as_missing(log: HandLog) -> None:
    files = log.files()
    head = Checkpoint(log.origin, 2**62, bytes(32))
    files["checkpoint"] = sign_checkpoint(head, log.signer, [log.second], 1)
    report = ask(log, files, is_full=True)
    assert (report.exit_code, codes(report)) == (2, ["truncated"])
    assert report.problems[0].detail == f"Entries [256, {2**62}) are missing."


@pytest.mark.parametrize("depth", [100, 300, 900, 990, 1000, 5000])
@pytest.mark.parametrize("is_full", [False, True])
def test_json_nested_too_deeply_is_a_problem_and_no_failure(depth: int, is_full: bool) -> None:
    log = HandLog()
    leaf = log.open().beat()
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    start, end = leaf.index(b'"d":') + 4, leaf.index(b',"ev"')
    log.leaves[-1] = leaf[:start] + deep + leaf[end:]
    assert ask(log, is_full=is_full).exit_code == 1

"""Every byte of a signed checkpoint is either vouched for or listed as unchecked."""

from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from gatebook.core.errors import Invalid, Tampered
from gatebook.ledger import mldsa
from gatebook.ledger.checkpoint import Checkpoint, Cosigner, open_checkpoint, sign_checkpoint
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.note import Note, NoteSigner, SignatureLine

LOG = NoteSigner("log.example/acme", SigningKey(b"l" * 32))
LOG_PQ = Cosigner("log.example/acme", mldsa.SigningKey(b"p" * 32))
STRANGER = Cosigner("witness.example/w1", SigningKey(b"w" * 32))
HEAD = Checkpoint("log.example/acme", 70_000, bytes(range(32)))
RAW = sign_checkpoint(HEAD, LOG, [STRANGER, LOG_PQ], 1_790_000_000)
KEYS = [LOG.verifier, LOG_PQ.verifier]

LINES = Note.parse(RAW).signatures
FIRST_LINE = len(HEAD.encode()) + 1
LINE_ENDS = [
    FIRST_LINE + sum(len(line.encode()) for line in LINES[: count + 1]) for count in range(3)
]


def holds(changed: bytes) -> bool:
    """True when a change is refused, or when all it touched is reported as unchecked."""
    try:
        checkpoint, checked = open_checkpoint(changed, KEYS)
    except (Invalid, Tampered):
        return True
    signed = [line for _, line in checked.signed_by]
    return (
        checkpoint == HEAD
        and checked.note.text == HEAD.encode()
        and set(signed) <= {LINES[0], LINES[2]}
        and len(signed) + len(checked.unchecked) == len(checked.note.signatures)
    )


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80])
def test_no_single_byte_of_a_checkpoint_changes_unnoticed(flip: int) -> None:
    for at in range(LINE_ENDS[1]):
        changed = bytearray(RAW)
        changed[at] ^= flip
        assert holds(bytes(changed)), at


@given(st.integers(0, len(RAW) - 1), st.integers(1, 255))
def test_no_byte_may_become_another(at: int, flip: int) -> None:
    changed = bytearray(RAW)
    changed[at] ^= flip
    assert holds(bytes(changed))


@given(st.integers(0, len(RAW)), st.binary(max_size=80), st.integers(0, 200))
def test_nothing_may_be_inserted_or_cut_out(at: int, inserted: bytes, cut: int) -> None:
    assert holds(RAW[:at] + inserted + RAW[at + cut :])


def test_a_change_that_passes_lies_in_a_line_reported_as_unchecked() -> None:
    for at in range(FIRST_LINE, LINE_ENDS[2]):
        changed = bytearray(RAW)
        changed[at] ^= 0x01
        try:
            _, checked = open_checkpoint(bytes(changed), KEYS)
        except (Invalid, Tampered):
            continue
        reported = b"".join(line.encode() for line in checked.unchecked)
        touched = next(count for count in range(3) if at < LINE_ENDS[count])
        assert LINES[touched].encode() not in reported
        assert len(checked.unchecked) == (1 if touched == 1 else 2)


@given(st.binary(max_size=400))
def test_reading_what_is_no_note_only_raises_invalid(raw: bytes) -> None:
    with suppress(Invalid):
        assert Note.parse(raw).encode() == raw


names = st.text(min_size=1, max_size=20).filter(
    lambda name: "+" not in name and not any(c.isspace() or c < " " for c in name)
)
signatures = st.builds(
    SignatureLine,
    names,
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=80),
)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.just("\n"), max_size=80)


@given(texts, st.lists(signatures, min_size=1, max_size=5))
def test_any_note_is_read_as_it_was_written(text: str, lines: list[SignatureLine]) -> None:
    note = Note(text.encode() + b"\n", tuple(lines))
    assert Note.parse(note.encode()) == note

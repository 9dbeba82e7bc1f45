"""Checkpoints: their strict text, and the three kinds of line below it."""

from base64 import b64encode
from typing import Any

import pytest

from gatebook.core.errors import Invalid, Tampered
from gatebook.ledger import mldsa
from gatebook.ledger.checkpoint import (
    Checkpoint,
    Cosigner,
    check_line,
    cosigned_at_seconds,
    cosigned_message,
    open_checkpoint,
    parse_decimal,
    sign_checkpoint,
)
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.note import Note, NoteSigner, SignatureLine, VerifierKey
from tests.vectors import load

VECTORS = load("ledger/checkpoint")
AT = 1_790_000_000
ORIGIN = "log.example/acme"
HEAD = Checkpoint(ORIGIN, 70_000, bytes(range(32)))
LOG = NoteSigner(ORIGIN, SigningKey(b"l" * 32))
LOG_PQ = Cosigner(ORIGIN, mldsa.SigningKey(b"p" * 32))
WITNESS = Cosigner("witness.example/w1", SigningKey(b"w" * 32))
RAW = sign_checkpoint(HEAD, LOG, [LOG_PQ, WITNESS], AT)
KEYS = [LOG.verifier, LOG_PQ.verifier, WITNESS.verifier]


@pytest.mark.parametrize("case", VECTORS["signed"], ids=lambda case: case["source"])
def test_published_checkpoints(case: dict[str, Any]) -> None:
    keys = [VerifierKey.parse(vkey) for vkey in case["vkeys"]]
    checkpoint, checked = open_checkpoint(case["note"].encode(), keys)
    assert checkpoint == Checkpoint(case["origin"], case["size"], bytes.fromhex(case["root"]))
    assert checkpoint.encode() == checked.note.text
    assert [key.name for key, _ in checked.signed_by] == case["signed_by"]
    times = {
        key.name: cosigned_at_seconds(line) for key, line in checked.signed_by if key.kind != 1
    }
    assert times == case["cosigned_at"]
    assert len(checked.unchecked) == case["unchecked"]


def test_published_mldsa_signature_is_over_our_message() -> None:
    """The vector signs a subtree that starts at 8; our message differs from its in that number."""
    case = VECTORS["subtree"]
    key, line = VerifierKey.parse(case["vkey"]), SignatureLine.parse(case["line"])
    checkpoint = Checkpoint(case["origin"], case["end"], bytes.fromhex(case["root"]))
    end = case["end"].to_bytes(8, "big")
    ours = cosigned_message(key, checkpoint, case["time"])
    theirs = ours.replace(bytes(8) + end, case["start"].to_bytes(8, "big") + end)
    assert (line.name, line.key_id) == (key.name, key.key_id)
    assert cosigned_at_seconds(line) == case["time"]
    assert mldsa.verify(key.public, line.signature[8:], theirs)


def test_the_messages_are_laid_out_as_the_specification_says() -> None:
    root = b64encode(HEAD.root).decode()
    assert cosigned_message(WITNESS.verifier, HEAD, AT).decode() == (
        f"cosignature/v1\ntime 1790000000\nlog.example/acme\n70000\n{root}\n"
    )
    assert cosigned_message(LOG_PQ.verifier, HEAD, AT) == (
        b"subtree/v1\n\0"
        b"\x10log.example/acme"
        + (1_790_000_000).to_bytes(8, "big")
        + b"\x10log.example/acme"
        + bytes(8)
        + (70_000).to_bytes(8, "big")
        + bytes(range(32))
    )


def test_all_three_lines_verify_and_carry_the_time() -> None:
    checkpoint, checked = open_checkpoint(RAW, KEYS)
    assert checkpoint == HEAD
    assert [key for key, _ in checked.signed_by] == KEYS
    assert [cosigned_at_seconds(line) for _, line in checked.signed_by[1:]] == [AT, AT]


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize(
    "other",
    [
        Checkpoint("log.example/acmf", 70_000, HEAD.root),
        Checkpoint(ORIGIN, 70_001, HEAD.root),
        Checkpoint(ORIGIN, 70_000, bytes(32)),
    ],
)
def test_each_line_binds_origin_size_and_root(place: int, other: Checkpoint) -> None:
    line = Note.parse(RAW).signatures[place]
    with pytest.raises(Tampered):
        open_checkpoint(Note(other.encode(), (line,)).encode(), [KEYS[place]])


@pytest.mark.parametrize("place", [1, 2])
def test_the_time_of_a_cosignature_cannot_be_changed(place: int) -> None:
    line = Note.parse(RAW).signatures[place]
    later = (AT + 1).to_bytes(8, "big") + line.signature[8:]
    assert not check_line(KEYS[place], HEAD.encode(), later)
    assert check_line(KEYS[place], HEAD.encode(), line.signature)


def test_a_time_beyond_the_specification_is_neither_signed_nor_valid() -> None:
    for time in (-1, 2**63):
        with pytest.raises(Invalid):
            WITNESS.cosign(HEAD, time)
    line = WITNESS.cosign(HEAD, 2**63 - 1)
    beyond = b"\xff" * 8 + line.signature[8:]
    assert check_line(WITNESS.verifier, HEAD.encode(), line.signature)
    assert not check_line(WITNESS.verifier, HEAD.encode(), beyond)


def test_an_mldsa_signature_binds_the_name_of_its_key() -> None:
    """One key under two names is two cosigners (tlog-cosignature, `cosigner_name`)."""
    line = Note.parse(RAW).signatures[1]
    renamed = VerifierKey("log.example/other", LOG_PQ.verifier.kind, LOG_PQ.verifier.public)
    assert not check_line(renamed, HEAD.encode(), line.signature)


def test_a_signature_of_one_type_is_none_of_another() -> None:
    key = SigningKey(b"w" * 32)
    plain = NoteSigner("witness.example/w1", key)
    assert not check_line(plain.verifier, HEAD.encode(), WITNESS.cosign(HEAD, AT).signature)
    assert not check_line(WITNESS.verifier, HEAD.encode(), plain.sign(HEAD.encode()).signature)


def test_a_name_too_long_for_the_message_is_refused() -> None:
    long = Checkpoint("l" * 256, 1, bytes(32))
    with pytest.raises(Invalid):
        LOG_PQ.cosign(long, AT)
    assert not check_line(LOG_PQ.verifier, long.encode(), bytes(2428))
    assert len(Cosigner("n" * 255, mldsa.SigningKey(bytes(32))).cosign(HEAD, AT).signature) == 2428


def test_cosignatures_are_only_given_for_checkpoints() -> None:
    assert not check_line(WITNESS.verifier, b"some other text\n", bytes(72))


ROOT = b64encode(HEAD.root)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a\n1\n",
        b"a\n1\n" + ROOT,
        b"a\n1\n" + ROOT + b"\nextension\n",
        b"a\n1\n" + ROOT + b"\n\n",
        b"\n1\n" + ROOT + b"\n",
        b"\xff\n1\n" + ROOT + b"\n",
        b"a\n1\n" + ROOT[:-1] + b"\n",
        b"a\n1\n" + b64encode(bytes(31)) + b"\n",
        b"a\n1\n" + ROOT.replace(b"/", b"_").replace(b"8=", b"9=") + b"\n",
        b"a\n1\n" + ROOT + b" \n",
        *(
            b"a\n" + size.encode() + b"\n" + ROOT + b"\n"
            for size in ("", "01", "+7", " 7", "7 ", "-3", "1_0", "0x1", "٣", "1e3", "1.0", "²")
        ),
        b"a\n9223372036854775808\n" + ROOT + b"\n",
        b"a\n" + b"9" * 5000 + b"\n" + ROOT + b"\n",
    ],
)
def test_texts_that_are_no_checkpoint(text: bytes) -> None:
    with pytest.raises(Invalid):
        Checkpoint.parse(text)


def test_the_text_round_trips_for_the_smallest_and_the_largest_tree() -> None:
    for size in (0, 1, 2**63 - 1):
        head = Checkpoint("go.sum database tree", size, bytes(32))
        assert Checkpoint.parse(head.encode()) == head


@pytest.mark.parametrize(("origin", "size", "root"), [("", 1, 32), ("a\nb", 1, 32), ("a", -1, 32)])
def test_values_that_are_no_checkpoint(origin: str, size: int, root: int) -> None:
    with pytest.raises(Invalid):
        Checkpoint(origin, size, bytes(root))


def test_decimals() -> None:
    assert [parse_decimal(text) for text in ("0", "7", "9223372036854775807")] == [0, 7, 2**63 - 1]

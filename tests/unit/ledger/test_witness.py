"""The bodies of `add-checkpoint`, strictly."""

from base64 import b64encode

import pytest

from gatebook.core.errors import Invalid
from gatebook.ledger import witness
from gatebook.ledger.checkpoint import Checkpoint
from gatebook.ledger.note import Note
from gatebook.ledger.witness import AddCheckpoint
from tests.vectors import load

VECTORS = load("ledger/witness")
HASH = b64encode(bytes(32)) + b"\n"


def test_published_request() -> None:
    case = VECTORS["request"]
    request = AddCheckpoint.parse(case["body"].encode())
    checkpoint = Checkpoint.parse(Note.parse(request.checkpoint).text)
    assert request.old_size == case["old_size"]
    assert [each.hex() for each in request.proof] == case["proof"]
    assert (checkpoint.origin, checkpoint.size) == (case["origin"], case["size"])
    assert request.encode() == case["body"].encode()


def test_published_answer() -> None:
    case = VECTORS["answer"]
    lines = witness.parse_cosignatures(case["body"].encode())
    assert [line.name for line in lines] == case["names"]
    assert witness.format_cosignatures(lines) == case["body"].encode()


def test_the_first_request_has_no_proof() -> None:
    assert AddCheckpoint.parse(b"old 0\n\nnote") == AddCheckpoint(0, (), b"note")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"old 1\n",
        b"old 1\n" + HASH,
        b"old\n\nnote",
        b"old \n\nnote",
        b"Old 1\n\nnote",
        b"old  1\n\nnote",
        b"old 01\n\nnote",
        b"old -1\n\nnote",
        b"old 1 \n\nnote",
        b"old 1\r\n\r\nnote",
        b"old \xd9\xa3\n\nnote",
        b"old 0\n" + HASH + b"\nnote",
        b"old 1\n" + HASH * 64 + b"\nnote",
        b"old 1\n" + HASH[:-2] + b"\n\nnote",
        b"old 1\n" + b64encode(bytes(31)) + b"\n\nnote",
        b"old 1\n" + HASH.replace(b"A=", b"B=") + b"\nnote",
        b"old 9223372036854775808\n\nnote",
        b"old 1\n\n" + bytes(witness.MAX_REQUEST_BYTES),
    ],
)
def test_bodies_that_are_no_request(body: bytes) -> None:
    with pytest.raises(Invalid):
        AddCheckpoint.parse(body)


def test_a_proof_has_at_most_63_hashes() -> None:
    body = b"old 1\n" + HASH * 63 + b"\nnote"
    assert len(AddCheckpoint.parse(body).proof) == 63


@pytest.mark.parametrize(
    "body", [b"", b"\n", b"x\n", b"\xff\n", VECTORS["answer"]["body"].encode()[:-1]]
)
def test_bodies_that_are_no_cosignatures(body: bytes) -> None:
    with pytest.raises(Invalid):
        witness.parse_cosignatures(body)


def test_an_answer_has_limits() -> None:
    line = VECTORS["answer"]["body"].encode().splitlines(keepends=True)[0]
    assert len(witness.parse_cosignatures(line * 100)) == 100
    with pytest.raises(Invalid):
        witness.parse_cosignatures(line * 101)


def test_a_conflict_is_answered_with_the_size() -> None:
    assert witness.format_conflict(20_852_014) == b"20852014\n"
    assert witness.parse_conflict(b"20852014\n") == 20_852_014
    assert witness.parse_conflict(witness.format_conflict(2**63 - 1)) == 2**63 - 1


@pytest.mark.parametrize(
    "body", [b"", b"\n", b"1", b"1\n\n", b"01\n", b"-1\n", b"1\r\n", b"9" * 30 + b"\n"]
)
def test_bodies_that_are_no_conflict(body: bytes) -> None:
    with pytest.raises(Invalid):
        witness.parse_conflict(body)

"""A leaf is a signed note of one JSON line; what cannot be read as one is tampering."""

from base64 import b64encode

import msgspec
import pytest

from gatebook.core.clock import from_text
from gatebook.core.errors import Invalid, Tampered
from gatebook.core.json_profile import is_canonical
from gatebook.ledger.ed25519 import SigningKey, verify
from gatebook.ledger.entry import (
    DOMAIN,
    MAX_ENTRY_BYTES,
    ZERO_PREV,
    Pen,
    read,
    signature,
    signed_text,
)
from gatebook.ledger.events.call import CallConcluded
from gatebook.ledger.events.stream import StreamBeat
from gatebook.ledger.note import open_note
from tests.recorder import EVENT
from tests.simulators.clock import NOON_US

SID = "s9f2Kq81LmZ0a"
TOO_LARGE = msgspec.structs.replace(EVENT, model="m" * MAX_ENTRY_BYTES)


def pen() -> Pen:
    """The pen of a stream."""
    return Pen(SID, SigningKey(bytes(range(32))))


LEAF = pen().write(EVENT, 7, ZERO_PREV, NOON_US)


def test_an_entry_is_read_as_it_was_written() -> None:
    entry = read(LEAF)
    assert (entry.ev, entry.prev, entry.sid, entry.sq) == (EVENT.name, ZERO_PREV, SID, 7)
    assert from_text(entry.ts) == NOON_US
    assert msgspec.json.decode(entry.d, type=type(EVENT)) == EVENT


def test_an_entry_is_a_signed_note_that_others_can_check() -> None:
    checked = open_note(LEAF, [pen().verifier])
    assert checked.note.text == signed_text(LEAF)
    assert not checked.unchecked


def test_the_line_of_an_entry_lies_within_the_json_profile() -> None:
    domain, line, _ = signed_text(LEAF).split(b"\n")
    assert domain + b"\n" == DOMAIN
    assert is_canonical(line)


def test_a_signature_covers_the_text_with_its_newline() -> None:
    blob = signature(LEAF, SID)
    assert blob[:4] == pen().verifier.key_id
    assert verify(pen().verifier.public, blob[4:], signed_text(LEAF))


def test_the_same_event_makes_the_same_bytes() -> None:
    assert pen().write(EVENT, 7, ZERO_PREV, NOON_US) == LEAF


def test_the_largest_entry_is_4096_bytes() -> None:
    room = MAX_ENTRY_BYTES - len(LEAF) + len(EVENT.model)
    fits = msgspec.structs.replace(EVENT, model="m" * room)
    assert len(pen().write(fits, 7, ZERO_PREV, NOON_US)) == MAX_ENTRY_BYTES
    with pytest.raises(Invalid) as caught:
        pen().write(msgspec.structs.replace(EVENT, model="m" * (room + 1)), 7, ZERO_PREV, NOON_US)
    assert caught.value.code == "entry_too_large"


def test_an_event_that_json_cannot_hold_makes_no_entry() -> None:
    with pytest.raises(Invalid) as caught:
        pen().write(msgspec.structs.replace(EVENT, model="\ud800"), 7, ZERO_PREV, NOON_US)
    assert caught.value.code == "entry_unwritable"


def test_a_destroyed_pen_writes_nothing() -> None:
    blunt = pen()
    blunt.destroy()
    with pytest.raises(ValueError, match="destroyed"):
        blunt.write(EVENT, 7, ZERO_PREV, NOON_US)


LINE = LEAF.split(b"\n")[1]


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        b"\n\n",
        DOMAIN,
        LEAF[:-1],
        LEAF + b"\n",
        LEAF + LEAF[LEAF.rindex(b"\n\n") + 2 :],  # a second signature
        LEAF.replace(b"/v1\n", b"/v2\n"),
        LEAF.replace(b"\n\n", b"\n"),
        LEAF.replace(b"\n\n", b"\n\n\n"),
        LEAF.replace(LINE, b"[]"),
        LEAF.replace(LINE, b"{}"),
        LEAF.replace(LINE, LINE[:-1]),
        LEAF.replace(b'"sq":7', b'"sq":7.5'),
        LEAF.replace(b'"sq":7', b'"sq":"7"'),
        LEAF.replace(b'"ev":"call', b'"ev":"\xff\xfe'),
        LEAF.replace(b'"d":', b'"d":' + b"[" * 1500 + b"]" * 1500 + b',"e":'),  # too deep
    ],
)
def test_other_bytes_are_no_entry(leaf: bytes) -> None:
    with pytest.raises(Tampered) as caught:
        read(leaf)
    assert caught.value.code == "entry_malformed"


def test_nothing_longer_than_what_a_writer_may_write_is_an_entry() -> None:
    longest = LEAF.replace(b'"d":{', b'"d":{' + b" " * (MAX_ENTRY_BYTES - len(LEAF)))
    assert read(longest).sq == 7
    with pytest.raises(Tampered, match="4097 bytes, 4096 at most") as caught:
        read(longest.replace(b'"d":{', b'"d":{ '))
    assert caught.value.code == "entry_too_long"


@pytest.mark.parametrize(
    "line",
    [
        b"\xe2\x80\x94 somebody " + b64encode(bytes(68)) + b"\n",
        b"- " + SID.encode() + b" " + b64encode(bytes(68)) + b"\n",
        b"\xe2\x80\x94 " + SID.encode() + b" " + b64encode(bytes(67)) + b"\n",
        b"\xe2\x80\x94 " + SID.encode() + b" " + b"!" * 92 + b"\n",
        b"\xe2\x80\x94 " + SID.encode() + b" " + b"A" * 90 + b"B=\n",  # not the canonical spelling
        b"\n",
        b"",
    ],
)
def test_a_signature_line_in_any_other_form_is_tampering(line: bytes) -> None:
    with pytest.raises(Tampered) as caught:
        signature(signed_text(LEAF) + b"\n" + line, SID)
    assert caught.value.code == "entry_signature"


@pytest.mark.parametrize("tokens", [2**53, 10**16, -(2**53), 2**63, 2**64 - 1])
def test_an_integer_outside_the_json_profile_is_never_signed(tokens: int) -> None:
    event = msgspec.structs.replace(CallConcluded.example(), tokens_in=tokens)
    with pytest.raises(Invalid) as caught:
        pen().write(event, 0, ZERO_PREV, NOON_US)
    assert caught.value.code == "json_integer"


def test_the_largest_integer_of_the_json_profile_is_written() -> None:
    event = msgspec.structs.replace(CallConcluded.example(), tokens_in=2**53 - 1)
    assert is_canonical(pen().write(event, 0, ZERO_PREV, NOON_US).split(b"\n")[1])


def test_a_counter_outside_the_json_profile_is_never_signed() -> None:
    with pytest.raises(Invalid):
        pen().write(StreamBeat(counts={"calls": 2**53}), 0, ZERO_PREV, NOON_US)

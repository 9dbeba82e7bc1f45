"""Messages are those that botocore reads, byte for byte, and what does not add up is none."""

import struct
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, strategies as st

from gatebook.core.amazon_events import MAX_MESSAGE_BYTES, MessageSplitter, encode, with_payload
from gatebook.core.errors import Invalid

HEADERS = {":message-type": "event", ":event-type": "metadata"}
PAYLOAD = b'{"usage":{"inputTokens":1}}'
WHOLE = encode(HEADERS, PAYLOAD)


def by_botocore(data: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """What the vendor's own reader makes of bytes."""
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return [(message.headers, message.payload) for message in buffer]


def framed(fields: bytes, payload: bytes = b"") -> bytes:
    """A message whose headers are these bytes, whatever they say."""
    lengths = struct.pack("!II", 16 + len(fields) + len(payload), len(fields))
    message = lengths + struct.pack("!I", crc32(lengths)) + fields + payload
    return message + struct.pack("!I", crc32(message))


@given(
    st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=50), max_size=5),
    st.binary(max_size=200),
)
def test_what_is_written_is_what_botocore_reads(headers: dict[str, str], payload: bytes) -> None:
    message = encode(headers, payload)
    assert by_botocore(message) == [(headers, payload)]
    assert MessageSplitter().feed(message) == [(message, headers, payload)]


@pytest.mark.parametrize("cut", range(1, 2 * len(WHOLE), 5))
def test_messages_are_whole_wherever_they_are_cut(cut: int) -> None:
    splitter = MessageSplitter()
    found = splitter.feed((WHOLE * 2)[:cut]) + splitter.feed((WHOLE * 2)[cut:])
    assert found == [(WHOLE, HEADERS, PAYLOAD)] * 2
    assert splitter.is_between


def test_a_message_that_is_cut_off_is_none() -> None:
    splitter = MessageSplitter()
    assert splitter.feed(WHOLE[:-1]) == []
    assert not splitter.is_between


def test_headers_of_every_type_are_passed_over_and_text_is_read() -> None:
    fields = b"".join(
        [
            b"\x01a\x00",
            b"\x01b\x01",
            b"\x01c\x02\x7f",
            b"\x01d\x03\x00\x01",
            b"\x01e\x04\x00\x00\x00\x01",
            b"\x01f\x05" + bytes(8),
            b"\x01g\x06\x00\x02\xff\xfe",
            b"\x01h\x07\x00\x02hi",
            b"\x01i\x08" + bytes(8),
            b"\x01j\x09" + bytes(16),
        ]
    )
    (message,) = MessageSplitter().feed(framed(fields, b"x"))
    assert (message.headers, message.payload) == ({"h": "hi"}, b"x")
    ((headers, payload),) = by_botocore(framed(fields, b"x"))
    assert (headers["h"], len(headers), payload) == ("hi", 10, b"x")


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_another_payload_leaves_headers_of_every_type_as_they_were(
    before: bytes, after: bytes
) -> None:
    fields = b"\x01a\x00\x01b\x02\x07\x01c\x07\x00\x01d"
    (message,) = MessageSplitter().feed(framed(fields, before))
    assert with_payload(message, after) == framed(fields, after)


@pytest.mark.parametrize("at", [0, 5, 9, 14, len(WHOLE) - 10, len(WHOLE) - 1])
def test_a_byte_that_changed_on_the_way_is_seen(at: int) -> None:
    broken = bytearray(WHOLE)
    broken[at] ^= 1
    with pytest.raises(Invalid) as caught:
        MessageSplitter().feed(bytes(broken))
    assert caught.value.code == "message_broken"


@pytest.mark.parametrize(
    "data",
    [
        framed(b"\x05a"),
        framed(b"\x01a"),
        framed(b"\x01a\x0a"),
        framed(b"\x01a\x07\x00\x05hi"),
        framed(b"\x01a\x07\x00"),
        framed(b"\x01\xff\x00"),
        framed(b"\x01a\x07\x00\x01\xff"),
        framed(b"\x01a\x07\x00\x00\x01a\x07\x00\x00"),
    ],
)
def test_headers_that_do_not_add_up_are_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        MessageSplitter().feed(data)


@pytest.mark.parametrize(("size", "fields"), [(15, 0), (16, 1), (MAX_MESSAGE_BYTES + 1, 0)])
def test_lengths_that_cannot_be_are_refused_before_anything_is_waited_for(
    size: int, fields: int
) -> None:
    lengths = struct.pack("!II", size, fields)
    with pytest.raises(Invalid):
        MessageSplitter().feed(lengths + struct.pack("!I", crc32(lengths)))

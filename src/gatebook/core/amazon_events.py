"""Amazon's event stream (`application/vnd.amazon.eventstream`) cut into messages as bytes arrive.

A message is its two lengths and their checksum, headers, a payload, and a checksum of all of it
(Smithy, "Amazon Event Stream specification"). It keeps its own bytes, so that what is not looked at
passes on unchanged; whatever does not add up is refused.
"""

import struct
from collections.abc import Mapping
from typing import Final, NamedTuple
from zlib import crc32

from gatebook.core.errors import Invalid

MAX_MESSAGE_BYTES: Final = 24 * 1024 * 1024

_PRELUDE: Final = struct.Struct("!III")
_UINT32: Final = struct.Struct("!I")
_UINT16: Final = struct.Struct("!H")
_LEAST: Final = _PRELUDE.size + _UINT32.size
_TEXT: Final = 7
# Bytes of a value by its type: two booleans, four integers, a time, a UUID; others tell theirs.
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_SIZED: Final = (6, _TEXT)


class Message(NamedTuple):
    """One message: its bytes, those of its headers that are text, and what it carries."""

    raw: bytes
    headers: Mapping[str, str]
    payload: bytes


class MessageSplitter:
    """Gathers bytes and gives away whole messages; holds at most one unfinished one."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete now; raises Invalid for what is none."""
        rest = self._rest
        rest += data
        messages = []
        at = 0
        while len(rest) - at >= _PRELUDE.size:
            size = _size(rest, at)
            if len(rest) - at < size:
                break
            messages.append(_message(bytes(rest[at : at + size])))
            at += size
        del rest[:at]
        return messages

    @property
    def is_between(self) -> bool:
        """Whether nothing of a message has come that did not come whole."""
        return not self._rest


def encode(headers: Mapping[str, str], payload: bytes) -> bytes:
    """A message with these headers."""
    return _encoded(b"".join([_field(name, value) for name, value in headers.items()]), payload)


def with_payload(message: Message, payload: bytes) -> bytes:
    """The message with another payload, and its headers as they were."""
    return _encoded(message.raw[_PRELUDE.size : -len(message.payload) - 4], payload)


def _encoded(fields: bytes, payload: bytes) -> bytes:
    lengths = struct.pack("!II", _LEAST + len(fields) + len(payload), len(fields))
    message = lengths + _UINT32.pack(crc32(lengths)) + fields + payload
    return message + _UINT32.pack(crc32(message))


def _field(name: str, value: str) -> bytes:
    called, text = name.encode(), value.encode()
    return b"%c%b%c%b%b" % (len(called), called, _TEXT, _UINT16.pack(len(text)), text)


def _size(data: bytearray, at: int) -> int:
    size, fields, check = _PRELUDE.unpack_from(data, at)
    if check != crc32(data[at : at + 8]) or not _LEAST + fields <= size <= MAX_MESSAGE_BYTES:
        raise _broken()
    return int(size)


def _message(raw: bytes) -> Message:
    (check,) = _UINT32.unpack_from(raw, len(raw) - 4)
    if check != crc32(raw[:-4]):
        raise _broken()
    end = _PRELUDE.size + int(_UINT32.unpack_from(raw, 4)[0])
    try:
        headers = _headers(raw[_PRELUDE.size : end])
    except (IndexError, KeyError, UnicodeDecodeError, struct.error):
        raise _broken() from None
    return Message(raw, headers, raw[end:-4])


def _headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        start = at + 1
        at = start + data[at]
        name, kind = data[start:at].decode(), data[at]
        at += 1
        if kind in _SIZED:
            (size,) = _UINT16.unpack_from(data, at)
            at += 2
        else:
            size = _SIZES[kind]
        if at + size > len(data) or name in found:
            raise _broken()
        if kind == _TEXT:
            found[name] = data[at : at + size].decode()
        at += size
    return found


def _broken() -> Invalid:
    return Invalid("message_broken", "A message of the event stream does not add up.")

"""Server-sent events (WHATWG HTML, 9.2 "Server-sent events") cut out of bytes as they arrive.

An event keeps its own bytes, so that what is not looked at passes on unchanged.
"""

import re
from typing import Final

from gatebook.core.errors import Invalid

MAX_EVENT_BYTES: Final = 1024 * 1024

# A line ends with CRLF, LF or CR; an empty line ends an event. A CR at the very end of what has
# come may be half a CRLF, so it waits for the next byte.
_END: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n|\Z))")
_END_BYTES: Final = 4
_LINE: Final = re.compile(rb"\r\n|\n|\r")


class EventSplitter:
    """Gathers bytes and gives away whole events; holds at most one unfinished event."""

    def __init__(self, most: int = MAX_EVENT_BYTES) -> None:
        self._most = most
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The events that are complete now, each with the empty line that ends it."""
        if not self._rest and _is_one(data):
            return [data]
        text = self._rest + data if self._rest else data
        events = []
        at = 0
        look = max(0, len(self._rest) - _END_BYTES + 1)
        while end := _END.search(text, look):
            events.append(text[at : end.end()])
            at = look = end.end()
        self._rest = text[at:]
        if len(self._rest) > self._most:
            raise Invalid("event_too_large", "An event of the stream is too large.")
        return events

    def close(self) -> list[bytes]:
        """What is left when no more comes, ended by two line ends: an event that was cut off."""
        rest, self._rest = self._rest, b""
        return [rest + b"\n\n"] if rest.strip() else []


def _is_one(data: bytes) -> bool:
    """Whether this is one whole event in the lines that all vendors write: nearly always so."""
    return data.find(b"\n\n") == len(data) - 2 > 0 and b"\r" not in data


def data_of(event: bytes) -> bytes | None:
    """The data of an event, its lines joined by LF; None for an event without any (a comment)."""
    if event.startswith(b"data: ") and event.endswith(b"\n\n") and event.count(b"\n") == 2:
        return event[6:-2]
    lines = [line for line in _LINE.split(event) if _is_data(line)]
    if not lines:
        return None
    return b"\n".join([line[5:].removeprefix(b" ") for line in lines])


def with_data(event: bytes, data: bytes) -> bytes:
    """The event with other data, and all that it has beside them."""
    others = [line for line in _LINE.split(event) if line and not _is_data(line)]
    said = [b"data: " + line for line in data.split(b"\n")]
    return b"\n".join([*others, *said, b"", b""])


def _is_data(line: bytes) -> bool:
    return line == b"data" or line.startswith(b"data:")

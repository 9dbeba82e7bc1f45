"""One transaction's worth of entries, and the only place where a receipt is made.

Streams move forward while an attempt is prepared; if its transaction wrote nothing they move back.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msgspec

from gatebook.core.errors import GatebookError, Tampered
from gatebook.ledger.entry import ZERO_PREV, Pen
from gatebook.ledger.events import Event
from gatebook.ledger.merkle import leaf_hash
from gatebook.ledger.ports import Head, Position


class Receipt(msgspec.Struct, frozen=True):
    """Proof of a durable entry; made here and nowhere else (a house rule checks it)."""

    log: str
    sid: str
    sq: int
    leaf: bytes

    @property
    def reference(self) -> str:
        """What callers are shown: `<stream>.<sequence number>`."""
        return f"{self.sid}.{self.sq}"


Outcome = tuple[Any, Receipt | GatebookError]
"""The ticket of a draft, with its receipt or the reason why there is none."""


class OpenStream:
    """An open stream; only the writer's thread touches it."""

    __slots__ = ("expires_us", "last_us", "log", "no", "pen", "prev", "renew_us", "sid", "sq")

    def __init__(self, log: str, sid: str, pen: Pen, now_us: int, expires_us: int) -> None:
        self.log = log
        self.sid = sid
        self.pen = pen
        self.no = 0
        self.expires_us = expires_us
        self.renew_us = now_us + (expires_us - now_us) // 2
        self.last_us = now_us
        self.sq = 0
        self.prev = ZERO_PREV

    def position(self) -> Position:
        """Where the next entry goes."""
        return Position(self.log, self.no, self.sq)

    def write(self, event: Event, now_us: int) -> tuple[tuple[int, int, bytes], Receipt]:
        """The next row and its receipt-to-be; time never goes back within a stream."""
        sq = self.sq
        self.last_us = max(now_us, self.last_us)
        leaf = self.pen.write(event, sq, self.prev, self.last_us)
        digest = leaf_hash(leaf)
        self.prev = b64encode(digest).decode()
        self.sq = sq + 1
        return (self.no, sq, leaf), Receipt(self.log, self.sid, sq, digest)


class Attempt:
    """What one transaction tries to write, and what to go back to if it wrote nothing."""

    def __init__(self, written: Callable[[], None] = lambda: None) -> None:
        self.rows: list[tuple[int, int, bytes]] = []
        self.outcomes: list[Outcome] = []
        self.written = written
        self._before: dict[OpenStream, tuple[int, str]] = {}

    def write(self, stream: OpenStream, event: Event, now_us: int, ticket: Any = None) -> None:
        """Add one entry to what is tried."""
        self._before.setdefault(stream, (stream.sq, stream.prev))
        row, receipt = stream.write(event, now_us)
        self.rows.append(row)
        self.outcomes.append((ticket, receipt))

    def undo(self) -> None:
        """Put every stream back to where it was."""
        for stream, (sq, prev) in self._before.items():
            stream.sq, stream.prev = sq, prev

    def was_written(self, head: Callable[[str], Head | None]) -> bool:
        """Whether the store holds it; raises Tampered if somebody else wrote into our streams."""
        written = False
        for stream, (sq_before, prev_before) in self._before.items():
            found = head(stream.sid)
            at = (found.sq + 1, prev_of(found.leaf)) if found else (0, ZERO_PREV)
            if at == (stream.sq, stream.prev):
                written = True
            elif at != (sq_before, prev_before):
                raise Tampered(
                    "stream_forked",
                    f"Stream {stream.sid} holds entries that its only writer did not write.",
                    "Stop this installation and verify the book before writing on.",
                )
        return written


def prev_of(leaf: bytes) -> str:
    return b64encode(leaf_hash(leaf)).decode()

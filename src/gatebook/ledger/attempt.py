"""One transaction's worth of entries, and the only place where a receipt is made.

Streams move forward while an attempt is prepared; if its transaction wrote nothing they move back.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from gatebook.core.clock import Clock
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
    """An open stream; only the writer's thread touches it.

    Its key is laid down at half its life, or at the latest when it is spent: by the time of day,
    which the certificate is about, and by the time that passed, should the clock be set back.
    """

    __slots__ = (
        "_born_us",
        "_certified_us",
        "_life_us",
        "last_us",
        "log",
        "no",
        "pen",
        "prev",
        "sid",
        "sq",
    )

    def __init__(
        self, log: str, sid: str, pen: Pen, *, certified_us: int, life_us: int, born_us: int
    ) -> None:
        """Certified at the time of day `certified_us`, for `life_us`; `born_us` is monotonic."""
        self.log = log
        self.sid = sid
        self.pen = pen
        self.no = 0
        self.last_us = certified_us
        self.sq = 0
        self.prev = ZERO_PREV
        self._certified_us = certified_us
        self._life_us = life_us
        self._born_us = born_us

    def position(self) -> Position:
        """Where the next entry goes."""
        return Position(self.log, self.no, self.sq)

    def is_aging(self, clock: Clock) -> bool:
        """Whether half of the key's life is over: time for a successor."""
        return self._age_us(clock) >= self._life_us // 2

    def is_spent(self, clock: Clock) -> bool:
        """Whether the key's life is over: it signs nothing any more."""
        return self._age_us(clock) >= self._life_us

    def require(self, leaf: bytes | None) -> None:
        """Raise Tampered unless `leaf`, as stored, is the last entry that was written here."""
        if leaf is None or prev_of(leaf) != self.prev:
            raise forked(self.sid)

    def write(self, event: Event, now_us: int) -> tuple[tuple[int, int, bytes], Receipt]:
        """The next row and its receipt-to-be; time never goes back within a stream."""
        sq = self.sq
        self.last_us = max(now_us, self.last_us)
        leaf = self.pen.write(event, sq, self.prev, self.last_us)
        digest = leaf_hash(leaf)
        self.prev = b64encode(digest).decode()
        self.sq = sq + 1
        return (self.no, sq, leaf), Receipt(self.log, self.sid, sq, digest)

    def _age_us(self, clock: Clock) -> int:
        return max(clock.now_us() - self._certified_us, clock.monotonic_us() - self._born_us)


class Attempt:
    """What one transaction tries to write, and what to go back to if it wrote nothing."""

    def __init__(self, written: Callable[[], None] = lambda: None) -> None:
        self.rows: list[tuple[int, int, bytes]] = []
        self.outcomes: list[Outcome] = []
        self.written = written
        self._before: dict[OpenStream, tuple[int, str]] = {}

    def write(self, stream: OpenStream, event: Event, now_us: int, ticket: Any = None) -> None:
        """Add one entry to what is tried; raises Invalid if the event makes none."""
        before = (stream.sq, stream.prev)
        row, receipt = stream.write(event, now_us)
        self._before.setdefault(stream, before)
        self.rows.append(row)
        self.outcomes.append((ticket, receipt))

    def undo(self) -> None:
        """Put every stream back to where it was."""
        for stream, (sq, prev) in self._before.items():
            stream.sq, stream.prev = sq, prev

    def was_written(
        self, head: Callable[[str], Head | None], streams: Iterable[OpenStream]
    ) -> bool:
        """Whether the store holds it; raises Tampered unless it holds all streams as we left them.

        `streams` are all that are open: whoever fell back to an older copy of the database lost
        entries of streams that this attempt did not touch.
        """
        answers = set()
        for stream in {*streams, *self._before}:
            found = head(stream.sid)
            at = (found.sq + 1, prev_of(found.leaf)) if found else (0, ZERO_PREV)
            after = (stream.sq, stream.prev)
            if at != after and at != self._before.get(stream):
                raise forked(stream.sid)
            if stream in self._before:
                answers.add(at == after)
        if len(answers) > 1:
            raise Tampered(
                "transaction_torn",
                "The store holds a part of a transaction and not the rest.",
                "Stop this installation: its database does not keep what it promises.",
            )
        return answers == {True}


def forked(sid: str) -> Tampered:
    """The store was restored to an older copy, edited, or written to by somebody else."""
    return Tampered(
        "stream_forked",
        f"The store does not hold stream {sid} as its only writer left it.",
        "Stop this installation and verify the book before writing on.",
    )


def prev_of(leaf: bytes) -> str:
    """What the entry after `leaf` names as its `prev`."""
    return b64encode(leaf_hash(leaf)).decode()

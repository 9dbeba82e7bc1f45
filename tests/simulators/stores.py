"""Stores that fail when they are told to, in pairs: nothing written, or written all the same."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from typing import Generic

from gatebook.core.errors import Unavailable
from gatebook.ledger.ports import Head, Store, Tx


class Fault(Enum):
    """Where the next transaction fails."""

    BEGIN = auto()
    APPEND = auto()
    APPEND_LATE = auto()  # after the rows were taken
    COMMIT = auto()  # nothing written
    COMMIT_WRITTEN = auto()  # written all the same


class FaultyStore(Generic[Tx]):
    """Hands everything on to another store, and fails once for every fault queued up."""

    def __init__(self, store: Store[Tx]) -> None:
        self.faults: list[Fault | None] = []  # one per transaction to come; None: no fault
        self.reopen_failures = 0
        self.head_failures = 0
        self.reopened = 0
        self.transactions = 0
        self._store = store
        self._fault: Fault | None = None

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """See ledger.ports.Store."""
        self.transactions += 1
        self._fault = self.faults.pop(0) if self.faults else None
        if self._fault is Fault.BEGIN:
            raise _failed()
        with self._store.transaction() as tx:
            yield tx
            if self._fault is Fault.COMMIT:
                raise _failed()
        if self._fault is Fault.COMMIT_WRITTEN:
            raise _failed()

    def register(self, tx: Tx, log: str, sid: str, writer: str) -> int:
        """See ledger.ports.Store."""
        return self._store.register(tx, log, sid, writer)

    def append(self, tx: Tx, rows: Sequence[tuple[int, int, bytes]]) -> None:
        """See ledger.ports.Store."""
        if self._fault is Fault.APPEND:
            raise _failed()
        self._store.append(tx, rows)
        if self._fault is Fault.APPEND_LATE:
            raise _failed()

    def leaf(self, tx: Tx, stream_no: int, sq: int) -> bytes | None:
        """See ledger.ports.Store."""
        return self._store.leaf(tx, stream_no, sq)

    def head(self, sid: str) -> Head | None:
        """See ledger.ports.Store."""
        if self.head_failures:
            self.head_failures -= 1
            raise _failed()
        return self._store.head(sid)

    def predecessor(self, tx: Tx, log: str, writer: str) -> tuple[str, Head] | None:
        """See ledger.ports.Store."""
        return self._store.predecessor(tx, log, writer)

    def reopen(self) -> None:
        """See ledger.ports.Store."""
        self.reopened += 1
        if self.reopen_failures:
            self.reopen_failures -= 1
            raise _failed()
        self._store.reopen()

    def close(self) -> None:
        """See ledger.ports.Store."""
        self._store.close()


class MemoryStore:
    """A store in memory: `Store[None]`; a transaction that fails puts back what there was."""

    def __init__(self) -> None:
        self.streams: list[tuple[str, str, str]] = []  # log, sid, writer; number = index + 1
        self.entries: dict[tuple[int, int], bytes] = {}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See ledger.ports.Store."""
        streams, entries = list(self.streams), dict(self.entries)
        try:
            yield
        except BaseException:
            self.streams, self.entries = streams, entries
            raise

    def register(self, _tx: None, log: str, sid: str, writer: str) -> int:
        """See ledger.ports.Store."""
        self.streams.append((log, sid, writer))
        return len(self.streams)

    def append(self, _tx: None, rows: Sequence[tuple[int, int, bytes]]) -> None:
        """See ledger.ports.Store."""
        for number, sq, leaf in rows:
            if (number, sq) in self.entries:
                raise _failed()
            self.entries[number, sq] = leaf

    def leaf(self, _tx: None, stream_no: int, sq: int) -> bytes | None:
        """See ledger.ports.Store."""
        return self.entries.get((stream_no, sq))

    def head(self, sid: str) -> Head | None:
        """See ledger.ports.Store."""
        numbers = [no for no, stream in enumerate(self.streams, 1) if stream[1] == sid]
        held = [sq for no, sq in self.entries if no in numbers]
        return Head(max(held), self.entries[numbers[0], max(held)]) if held else None

    def predecessor(self, _tx: None, log: str, writer: str) -> tuple[str, Head] | None:
        """See ledger.ports.Store."""
        for kept_log, sid, role in reversed(self.streams):
            found = self.head(sid)
            if (kept_log, role) == (log, writer) and found:
                return sid, found
        return None

    def reopen(self) -> None:
        """See ledger.ports.Store."""

    def close(self) -> None:
        """See ledger.ports.Store."""


def _failed() -> Unavailable:
    return Unavailable("ledger_unavailable", "The store was told to fail.")

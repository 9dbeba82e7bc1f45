"""The book's store, and a memory of what was committed through it.

The memory is this process's own: whoever can write the database cannot make it forget.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Generic

from gatebook.ledger.ports import Head, Store, Tx


class WatchedStore(Generic[Tx]):
    """Implements `ledger.ports.Store` by another one; one writer's thread, any thread asks."""

    def __init__(self, store: Store[Tx]) -> None:
        self._store = store
        self._streams: dict[int, tuple[str, str]] = {}
        self._tried: dict[int, int] = {}
        self._committed: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def committed(self) -> Mapping[tuple[str, str], int]:
        """Log and id of every stream committed to since this was last asked; its last number."""
        with self._lock:
            told, self._committed = self._committed, {}
        return told

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """See ledger.ports.Store."""
        self._tried.clear()
        with self._store.transaction() as tx:
            yield tx
        for number, sq in self._tried.items():
            self._remember(number, sq)

    def register(self, tx: Tx, log: str, sid: str, writer: str) -> int:
        """See ledger.ports.Store."""
        number = self._store.register(tx, log, sid, writer)
        # A log has one open stream; the one before is closed in this transaction, if it still is.
        for no, (of, _) in list(self._streams.items()):
            if of == log and no not in self._tried:
                del self._streams[no]
        self._streams[number] = (log, sid)
        return number

    def append(self, tx: Tx, rows: Sequence[tuple[int, int, bytes]]) -> None:
        """See ledger.ports.Store."""
        self._store.append(tx, rows)
        for number, sq, _ in rows:
            self._tried[number] = sq

    def leaf(self, tx: Tx, stream_no: int, sq: int) -> bytes | None:
        """See ledger.ports.Store."""
        return self._store.leaf(tx, stream_no, sq)

    def head(self, sid: str) -> Head | None:
        """See ledger.ports.Store; asked when a commit is in doubt, and tells that it was done."""
        found = self._store.head(sid)
        for number, sq in self._tried.items():
            stream = self._streams[number]
            if found is not None and (stream[1], sq) == (sid, found.sq):
                self._remember(number, sq)
        return found

    def predecessor(self, tx: Tx, log: str, writer: str) -> tuple[str, Head] | None:
        """See ledger.ports.Store."""
        return self._store.predecessor(tx, log, writer)

    def reopen(self) -> None:
        """See ledger.ports.Store."""
        self._store.reopen()

    def close(self) -> None:
        """See ledger.ports.Store."""
        self._store.close()

    def _remember(self, number: int, sq: int) -> None:
        with self._lock:
            self._committed[self._streams[number]] = sq

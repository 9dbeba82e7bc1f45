"""What the book needs from the outside; `storage` and the notary's client implement it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol, TypeVar

from gatebook.ledger.note import VerifierKey

Tx = TypeVar("Tx")


class Position(NamedTuple):
    """Where an entry is about to be written."""

    log: str
    stream_no: int
    sq: int


class Head(NamedTuple):
    """Last durable entry of a stream: sequence number and stored leaf."""

    sq: int
    leaf: bytes


class Certifier(Protocol):
    """Gets a stream key certified; the notary's client."""

    def certify(self, origin: str, key: VerifierKey) -> tuple[str, int]:
        """The certificate note and its end in microseconds; raises Unavailable."""
        ...


class Store(Protocol[Tx]):
    """The durable book. Every method raises Unavailable when the database does not answer."""

    def transaction(self) -> AbstractContextManager[Tx]:
        """One transaction, durable when the context ends without an exception."""
        ...

    def register(self, tx: Tx, log: str, sid: str, writer: str) -> int:
        """The number of a new stream."""
        ...

    def append(self, tx: Tx, rows: Sequence[tuple[int, int, bytes]]) -> None:
        """Insert (stream number, sequence number, leaf) rows; a duplicate raises Unavailable."""
        ...

    def leaf(self, tx: Tx, stream_no: int, sq: int) -> bytes | None:
        """One entry, as stored."""
        ...

    def head(self, sid: str) -> Head | None:
        """The last durable entry of a stream."""
        ...

    def predecessor(self, tx: Tx, log: str, writer: str) -> tuple[str, Head] | None:
        """Stream id and head of the latest stream of this writer role in this log."""
        ...

    def reopen(self) -> None:
        """Connect again, and return only once the fate of every earlier transaction is decided."""
        ...

    def close(self) -> None:
        """Give the connection up; the writer's last act."""
        ...

"""What control needs from the outside: the rows of one transaction, and the book they go with."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

import msgspec

from gatebook.core.envelope import WrappedKey
from gatebook.identity.directory import Row
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events import Event
from gatebook.ledger.ports import Position

R = TypeVar("R", bound=Row)


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What a command with an idempotency key did the first time."""

    digest: bytes
    answer: bytes
    reference: str


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a stream: the highest number there was, and the numbers still held."""

    last: int
    held: int
    """Entries of the range asked about that are there."""


class Records(Protocol):
    """The rows of the directory within one transaction; every method may raise Unavailable."""

    def take_revision(self) -> int:
        """Raise the revision; no other administrator changes anything until this one is done."""
        ...

    def find(self, kind: type[R], **equals: str) -> list[R]:
        """The rows of a kind whose columns have these values, in the order they were created."""
        ...

    def save(self, row: Row) -> None:
        """Insert the row, or replace the one that has its id."""
        ...

    def remove(self, row: Row) -> None:
        """Delete the row."""
        ...

    def data_key(self, organization_id: str | None) -> WrappedKey | None:
        """The newest data key of an organization, or of the platform."""
        ...

    def keep_data_key(self, key: WrappedKey) -> None:
        """Insert a data key."""
        ...

    def keep_body(self, position: Position, sealed: bytes, data_key: str) -> None:
        """Insert the sealed body of the entry at `position`."""
        ...

    def extent(self, slug: str, sid: str, first: int, last: int) -> Extent | None:
        """How far a stream of that log went, and what is there of [first, last]; None: unknown.

        A stream of which nothing is left is known if the opening of its successor names it.
        """
        ...

    def remembered(self, log: str, idempotency_key: str) -> Remembered | None:
        """What the command that came with this key did."""
        ...

    def remember(
        self, position: Position, idempotency_key: str, digest: bytes, answer: bytes
    ) -> None:
        """Note that the entry at `position` is what came of this key."""
        ...


Work = Callable[[Records, Position], Event]
"""Changes rows and gives the event that says so; both are committed, or neither."""


class Book(Protocol):
    """The book together with the database it shares transactions with."""

    def reading(self) -> AbstractContextManager[Records]:
        """One consistent state of the directory, to look at."""
        ...

    def append(self, log: str, work: Work) -> Receipt:
        """Do the work and write its event in one transaction; raises what either raised."""
        ...

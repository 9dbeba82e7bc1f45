"""The directory's rows and a book in memory: what administrative commands read and write."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from gatebook.control.ports import Extent, Remembered, Work
from gatebook.core.envelope import WrappedKey
from gatebook.core.errors import Unavailable
from gatebook.identity.directory import Row
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.ports import Position

if TYPE_CHECKING:
    from gatebook.ledger.events import Event

R = TypeVar("R", bound=Row)


class MemoryRecords:
    """Implements `control.ports.Records`."""

    def __init__(self, *rows: Row) -> None:
        self.rows: dict[str, Row] = {row.id: row for row in rows}
        self.data_keys: list[WrappedKey] = []
        self.sealed: dict[Position, tuple[bytes, str]] = {}
        self.orders: dict[tuple[str, str], Remembered] = {}
        self.revision = 0
        self.streams: dict[tuple[str, str], tuple[int, set[int]]] = {}
        """By log and stream: the last number known, and the numbers that are there."""

    def take_revision(self) -> int:
        """See control.ports.Records."""
        self.revision += 1
        return self.revision

    def find(self, kind: type[R], **equals: str) -> list[R]:
        """See control.ports.Records."""
        return [
            row
            for row in self.rows.values()
            if isinstance(row, kind)
            and all(getattr(row, column) == value for column, value in equals.items())
        ]

    def save(self, row: Row) -> None:
        """See control.ports.Records."""
        self.rows[row.id] = row

    def remove(self, row: Row) -> None:
        """See control.ports.Records."""
        del self.rows[row.id]

    def data_key(self, organization_id: str | None) -> WrappedKey | None:
        """See control.ports.Records."""
        found = [key for key in self.data_keys if key.organization_id == organization_id]
        return found[-1] if found else None

    def keep_data_key(self, key: WrappedKey) -> None:
        """See control.ports.Records."""
        self.data_keys.append(key)

    def keep_body(self, position: Position, sealed: bytes, data_key: str) -> None:
        """See control.ports.Records."""
        self.sealed[position] = (sealed, data_key)

    def extent(self, slug: str, sid: str, first: int, last: int) -> Extent | None:
        """See control.ports.Records."""
        if (slug, sid) not in self.streams:
            return None
        end, numbers = self.streams[slug, sid]
        return Extent(last=end, held=sum(first <= sq <= last for sq in numbers))

    def remembered(self, log: str, idempotency_key: str) -> Remembered | None:
        """See control.ports.Records."""
        return self.orders.get((log, idempotency_key))

    def remember(
        self, position: Position, idempotency_key: str, digest: bytes, answer: bytes
    ) -> None:
        """See control.ports.Records."""
        reference = f"s{position.stream_no}.{position.sq}"
        kept = Remembered(digest=digest, answer=answer, reference=reference)
        self.orders[position.log, idempotency_key] = kept


class MemoryBook:
    """Implements `control.ports.Book`; one stream per log, and it can be told to be down."""

    def __init__(self, records: MemoryRecords) -> None:
        self.records = records
        self.entries: list[tuple[Position, Event]] = []
        self.is_up = True

    @contextmanager
    def reading(self) -> Iterator[MemoryRecords]:
        """See control.ports.Book."""
        yield self.records

    def append(self, log: str, work: Work) -> Receipt:
        """See control.ports.Book."""
        if not self.is_up:
            raise Unavailable("ledger_unavailable", "The ledger does not answer.")
        logs = sorted({log, *(position.log for position, _ in self.entries)})
        sq = sum(position.log == log for position, _ in self.entries)
        position = Position(log, logs.index(log), sq)
        self.entries.append((position, work(self.records, position)))
        return Receipt(log, f"s{position.stream_no}", sq, bytes(32))

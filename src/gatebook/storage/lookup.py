"""Single entries: by their reference, and those that follow in a stream and in its successor."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from gatebook.ledger.entry import Entry, read
from gatebook.storage.tables import entries, streams

_AT_ONCE: Final = 1000


class Found(NamedTuple):
    """An entry and where it stands."""

    log: str
    stream_no: int
    sid: str
    sq: int
    entry: Entry

    @property
    def reference(self) -> str:
        """What names the entry."""
        return f"{self.sid}.{self.sq}"


class Lookup:
    """Looks for entries in one state of the book; raises Tampered for one that has no form."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def entry(self, sid: str, sq: int) -> Found | None:
        """The entry of that number in that stream."""
        found = (
            select(streams.c.log, streams.c.no, entries.c.leaf)
            .join(entries, entries.c.stream_no == streams.c.no)
            .where(streams.c.sid == sid, entries.c.sq == sq)
        )
        row = self._connection.execute(found).one_or_none()
        return None if row is None else Found(row.log, row.no, sid, sq, read(bytes(row.leaf)))

    def behind(self, found: Found, holding: bytes, until: str) -> Iterator[Found]:
        """Entries behind one that hold these bytes, in its stream and in the one that succeeds it.

        Nothing is looked for behind the time `until`, in the form that entries state it.
        """
        yield from self._holding(found.log, found.stream_no, found.sq, holding, until)
        for stream_no in self._successors(found):
            yield from self._holding(found.log, stream_no, 0, holding, until)

    def of_writer(self, log: str, writer: str, holding: bytes) -> Iterator[Found]:
        """Entries of a writer in a log that hold these bytes, the oldest stream first."""
        its = select(streams.c.no).where(streams.c.log == log, streams.c.writer == writer)
        for stream_no in self._connection.scalars(its.order_by(streams.c.no)).all():
            yield from self._holding(log, stream_no, -1, holding, "")

    def _holding(
        self, log: str, stream_no: int, after: int, holding: bytes, until: str
    ) -> Iterator[Found]:
        named = select(streams.c.sid).where(streams.c.no == stream_no)
        sid = self._connection.execute(named).scalar_one()
        while True:
            some = (
                select(entries.c.sq, entries.c.leaf)
                .where(entries.c.stream_no == stream_no, entries.c.sq > after)
                .order_by(entries.c.sq)
                .limit(_AT_ONCE)
            )
            rows = [(row.sq, bytes(row.leaf)) for row in self._connection.execute(some)]
            for sq, leaf in rows:
                if holding in leaf:
                    yield Found(log, stream_no, sid, sq, read(leaf))
            if len(rows) < _AT_ONCE or (until and read(rows[-1][1]).ts > until):
                return
            after = rows[-1][0]

    def _successors(self, found: Found) -> list[int]:
        """The streams whose first entry names this one; one, unless somebody made it up."""
        writer = select(streams.c.writer).where(streams.c.no == found.stream_no).scalar_subquery()
        openings = self._connection.execute(
            select(streams.c.no, entries.c.leaf)
            .join(entries, entries.c.stream_no == streams.c.no)
            .where(streams.c.log == found.log, streams.c.writer == writer)
            .where(streams.c.no > found.stream_no, entries.c.sq == 0)
            .order_by(streams.c.no)
        )
        named = f'"sid":"{found.sid}"'.encode()
        return [row.no for row in openings if named in bytes(row.leaf)]

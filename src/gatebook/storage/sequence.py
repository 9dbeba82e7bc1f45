"""What the integrator needs of the database: entries without an index, runs, and tree sizes.

A run says that `length` entries of a stream, from `first_sq` on, have the indices from `start` on.
Runs and the size of the tree move in one transaction, by compare and swap on the size: two
integrators cannot both assign an index, whatever became of their lock.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, select, update

from gatebook.core.errors import Conflict, Tampered
from gatebook.ledger.integrate import Pending, Row, Run
from gatebook.storage.database import Database
from gatebook.storage.tables import entries, runs, streams, trees

OPERATOR: Final = "cli"
"""The writer role under which gaps are declared."""

_HELD_ROWS: Final = 256
_LOOKED_THROUGH: Final = 1024


class Tree(NamedTuple):
    """How far a log has indices, and how far it is published."""

    size: int
    published_size: int


class Cursor(NamedTuple):
    """Where the next entry of a stream is looked for; a stream held back is looked at briefly."""

    sid: str
    next_sq: int
    is_held: bool = False


class Known(NamedTuple):
    """A stream as far as its entries have indices; `last` is the newest of those."""

    no: int
    sid: str
    last: Row


class Sequencer:
    """Assigns indices to committed entries and reads entries by index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def logs(self) -> list[str]:
        """Every log that a stream was ever registered for."""
        with self._database.reading() as connection:
            return list(connection.scalars(select(streams.c.log).distinct()))

    def tree(self, log: str) -> Tree:
        """The sizes of a log; both 0 before its first entry has an index."""
        with self._database.reading() as connection:
            return _tree(connection, log)

    def known(self, log: str) -> list[Known]:
        """Every stream of a log that has indices, with its last entry that has one."""
        newest = (
            select(runs.c.stream_no, func.max(runs.c.first_sq).label("first_sq"))
            .where(runs.c.log == log)
            .group_by(runs.c.stream_no)
            .subquery()
        )
        found = (
            select(streams.c.no, streams.c.sid, entries.c.sq, entries.c.leaf)
            .join(newest, newest.c.stream_no == streams.c.no)
            .join(
                runs,
                and_(runs.c.stream_no == streams.c.no, runs.c.first_sq == newest.c.first_sq),
            )
            .join(
                entries,
                and_(
                    entries.c.stream_no == streams.c.no,
                    entries.c.sq == runs.c.first_sq + runs.c.count - 1,
                ),
            )
            .order_by(streams.c.no)
        )
        with self._database.reading() as connection:
            return [
                Known(row.no, row.sid, Row(row.sq, bytes(row.leaf)))
                for row in connection.execute(found)
            ]

    def opening(self, stream_no: int) -> bytes:
        """The first entry of a stream."""
        with self._database.reading() as connection:
            for leaf in _leaves(connection, Run(0, stream_no, 0, 1)):
                return leaf
        raise _gone(f"stream {stream_no}")

    def newest(self, stream_no: int, sq: int, marker: bytes) -> Row | None:
        """The newest entry of a stream up to number `sq` that contains `marker`."""
        with self._database.reading() as connection:
            while sq >= 0:
                found = connection.execute(
                    select(entries.c.sq, entries.c.leaf)
                    .where(entries.c.stream_no == stream_no, entries.c.sq <= sq)
                    .order_by(entries.c.sq.desc())
                    .limit(_LOOKED_THROUGH)
                )
                sq = -1
                for row in [Row(row.sq, bytes(row.leaf)) for row in found]:
                    if marker in row.leaf:
                        return row
                    sq = row.sq - 1
            return None

    def declarations(self, log: str, marker: bytes) -> list[bytes]:
        """Entries of operators that have an index and contain `marker`, stream by stream."""
        found = (
            select(entries.c.leaf)
            .join(streams, streams.c.no == entries.c.stream_no)
            .join(runs, _covers(entries.c.stream_no, entries.c.sq))
            .where(streams.c.log == log, streams.c.writer == OPERATOR)
            .order_by(streams.c.no, entries.c.sq)
        )
        with self._database.reading() as connection:
            return [leaf for leaf in map(bytes, connection.scalars(found)) if marker in leaf]

    def pending(
        self, log: str, cursors: Mapping[int, Cursor], ended: Collection[int], limit: int
    ) -> list[Pending]:
        """Committed entries without an index, `limit` at most, all seen at one moment.

        `cursors` and `ended` are the streams known so far; others are found. Streams come in the
        order of their numbers, which is the order in which they were registered.
        """
        with self._database.reading() as connection:
            known = dict(cursors)
            if connection.scalar(_count(log)) != len(cursors) + len(ended):
                for no, sid in connection.execute(_streams(log)):
                    if no not in known and no not in ended:
                        known[no] = Cursor(sid, 0)
            found = []
            for no, cursor in sorted(known.items()):
                rows = _rows(connection, no, cursor, limit)
                limit -= 0 if cursor.is_held else len(rows)
                if rows:
                    found.append(Pending(no, cursor.sid, rows))
                if not limit:
                    break
            return found

    def commit(self, log: str, size: int, planned: Sequence[Run]) -> int:
        """Give a log of `size` these runs; its new size. Raises Conflict if it has moved on."""
        new_size = planned[-1].start + planned[-1].length
        with self._database.writing() as connection:
            if not size:
                _create_tree(connection, log)
            moved = connection.execute(
                update(trees).where(trees.c.log == log, trees.c.size == size).values(size=new_size)
            )
            if moved.rowcount != 1:
                raise Conflict(
                    "sequenced_elsewhere", f"Another integrator has given {log} indices."
                )
            rest = planned[_extend_last(connection, log, planned[0]) :]
            if rest:
                connection.execute(
                    insert(runs),
                    [
                        {
                            "log": log,
                            "start": run.start,
                            "stream_no": run.stream_no,
                            "first_sq": run.first_sq,
                            "count": run.length,
                        }
                        for run in rest
                    ],
                )
        return new_size

    def publish(self, log: str, size: int, at_us: int) -> None:
        """Note down that a checkpoint of this size was published."""
        with self._database.writing() as connection:
            connection.execute(
                update(trees)
                .where(trees.c.log == log, trees.c.published_size <= size)
                .values(published_size=size, published_at=at_us)
            )

    def leaves(self, log: str, start: int, end: int) -> list[bytes]:
        """The entries with indices [start, end); raises Tampered if one of them is gone."""
        first = select(func.max(runs.c.start)).where(runs.c.log == log, runs.c.start <= start)
        found = (
            select(runs.c.start, runs.c.stream_no, runs.c.first_sq, runs.c.count)
            .where(runs.c.log == log, runs.c.start >= first.scalar_subquery(), runs.c.start < end)
            .order_by(runs.c.start)
        )
        leaves: list[bytes] = []
        with self._database.reading() as connection:
            for run in [Run(*row) for row in connection.execute(found)]:
                leaves += _leaves(connection, _cut(run, start, end))
        if len(leaves) != end - start:
            raise _gone(log)
        return leaves

    def locate(self, sid: str, sq: int) -> tuple[str, int] | None:
        """Log and index of an entry; None while it has no index."""
        found = (
            select(runs.c.log, runs.c.start + sq - runs.c.first_sq)
            .join(streams, streams.c.no == runs.c.stream_no)
            .where(streams.c.sid == sid, runs.c.first_sq <= sq, runs.c.first_sq + runs.c.count > sq)
        )
        with self._database.reading() as connection:
            row = connection.execute(found).one_or_none()
            return None if row is None else (row[0], row[1])


def _tree(connection: Connection, log: str) -> Tree:
    row = connection.execute(
        select(trees.c.size, trees.c.published_size).where(trees.c.log == log)
    ).one_or_none()
    return Tree(0, 0) if row is None else Tree(row.size, row.published_size)


def _create_tree(connection: Connection, log: str) -> None:
    if connection.scalar(select(trees.c.size).where(trees.c.log == log)) is None:
        connection.execute(insert(trees).values(log=log, size=0, published_size=0, published_at=0))


def _extend_last(connection: Connection, log: str, run: Run) -> int:
    """Lengthen the last run by the first new one where that continues it; how many were used."""
    last = connection.execute(
        select(runs.c.start, runs.c.stream_no, runs.c.first_sq, runs.c.count)
        .where(runs.c.log == log)
        .order_by(runs.c.start.desc())
        .limit(1)
    ).one_or_none()
    if last is None or (last.stream_no, last.first_sq + last.count) != (
        run.stream_no,
        run.first_sq,
    ):
        return 0
    connection.execute(
        update(runs)
        .where(runs.c.log == log, runs.c.start == last.start)
        .values(count=runs.c.count + run.length)
    )
    return 1


def _count(log: str) -> Select[int]:
    return select(func.count()).where(streams.c.log == log)


def _streams(log: str) -> Select[int, str]:
    return select(streams.c.no, streams.c.sid).where(streams.c.log == log)


def _rows(connection: Connection, no: int, cursor: Cursor, limit: int) -> list[Row]:
    found = connection.execute(
        select(entries.c.sq, entries.c.leaf)
        .where(entries.c.stream_no == no, entries.c.sq >= cursor.next_sq)
        .order_by(entries.c.sq)
        .limit(min(limit, _HELD_ROWS) if cursor.is_held else limit)
    )
    return [Row(sq, bytes(leaf)) for sq, leaf in found.all()]


def _leaves(connection: Connection, run: Run) -> list[bytes]:
    found = connection.scalars(
        select(entries.c.leaf)
        .where(
            entries.c.stream_no == run.stream_no,
            entries.c.sq >= run.first_sq,
            entries.c.sq < run.first_sq + run.length,
        )
        .order_by(entries.c.sq)
    )
    return [bytes(leaf) for leaf in found.all()]


def _cut(run: Run, start: int, end: int) -> Run:
    """The part of a run that lies within [start, end)."""
    skipped = max(start - run.start, 0)
    length = min(run.start + run.length, end) - run.start - skipped
    return Run(run.start + skipped, run.stream_no, run.first_sq + skipped, length)


def _covers(stream_no: ColumnElement[int], sq: ColumnElement[int]) -> ColumnElement[bool]:
    """The run that gives an entry its index."""
    return and_(
        runs.c.stream_no == stream_no,
        runs.c.first_sq <= sq,
        runs.c.first_sq + runs.c.count > sq,
    )


def _gone(log: str) -> Tampered:
    return Tampered(
        "entries_gone",
        f"The database no longer holds entries of {log} that have an index.",
        "Restore the database; the published log still holds them.",
    )

"""The durable side of the ledger's writer: `ledger.ports.Store` on SQLite and PostgreSQL.

It keeps one connection of its own, used by the writer's thread alone. After a failed commit
`reopen` first makes sure that the old connection's transaction has ended one way or the other.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import Connection, insert, select, text

from gatebook.core.clock import Clock
from gatebook.core.errors import Unavailable
from gatebook.ledger.ports import Head
from gatebook.storage.database import Database, answered
from gatebook.storage.tables import entries, streams

if TYPE_CHECKING:
    import sqlite3

    import psycopg

_CODE: Final = "ledger_unavailable"
_FENCE_MS: Final = 5000

_INSERT: Final = "INSERT INTO entries (stream_no, sq, leaf) VALUES (?, ?, ?)"
_LEAF: Final = "SELECT leaf FROM entries WHERE stream_no = ? AND sq = ?"
_COPY: Final = "COPY entries (stream_no, sq, leaf) FROM STDIN (FORMAT BINARY)"


class SqlStore:
    """Implements `Store[Connection]`; one writer thread, one connection."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._connection: Connection | None = None
        self._backend: tuple[int, Any] | None = None
        self._turn = ExitStack()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction, durable when the context ends without an exception."""
        with answered(_CODE):
            connection = self._connect()
            with ExitStack() as self._turn:
                self._turn.enter_context(self._database.turn())
                with connection.begin():
                    yield connection

    def register(self, tx: Connection, log: str, sid: str, writer: str) -> int:
        """The number of a new stream."""
        values = {"log": log, "sid": sid, "writer": writer, "opened_at": self._clock.now_us()}
        with answered(_CODE):
            number = tx.scalar(insert(streams).values(values).returning(streams.c.no))
            return cast("int", number)

    def append(self, tx: Connection, rows: Sequence[tuple[int, int, bytes]]) -> None:
        """Insert (stream number, sequence number, leaf) rows; a duplicate raises Unavailable."""
        with answered(_CODE):
            if self._database.is_sqlite:
                embedded = cast("sqlite3.Connection", tx.connection.driver_connection)
                embedded.executemany(_INSERT, rows)
                return
            driver = cast("psycopg.Connection[Any]", tx.connection.driver_connection)
            with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
                copy.set_types(("int8", "int8", "bytea"))
                for row in rows:
                    copy.write_row(row)

    def leaf(self, tx: Connection, stream_no: int, sq: int) -> bytes | None:
        """One entry, as stored; read before every commit, so past SQLAlchemy like `append`."""
        at = (stream_no, sq)
        with answered(_CODE):
            driver = cast("Any", tx.connection.driver_connection)
            query = _LEAF if self._database.is_sqlite else _LEAF.replace("?", "%s")
            row = driver.execute(query, at).fetchone()
        return None if row is None else bytes(row[0])

    def head(self, sid: str) -> Head | None:
        """The last durable entry of a stream."""
        with self.transaction() as tx:
            return _head(tx, sid)

    def predecessor(self, tx: Connection, log: str, writer: str) -> tuple[str, Head] | None:
        """Stream id and head of the latest stream of this writer role in this log."""
        latest = (
            select(streams.c.sid)
            .where(streams.c.log == log, streams.c.writer == writer)
            .order_by(streams.c.no.desc())
            .limit(1)
        )
        with answered(_CODE):
            sid = tx.scalar(latest)
            found = sid and _head(tx, sid)
        return (sid, found) if sid and found else None

    def reopen(self) -> None:
        """Drop every connection, connect again, and wait until the old transaction is decided."""
        old = self._backend
        self.close()
        self._database.close()
        with answered(_CODE):
            connection = self._connect()
            if old is not None:
                with connection.begin():
                    _end_backend(connection, *old)

    def close(self) -> None:
        """Give the connection up; the next use connects again."""
        connection, self._connection = self._connection, None
        self._turn.close()
        if connection is not None:
            with answered(_CODE):
                connection.invalidate()
                connection.close()

    def _connect(self) -> Connection:
        if self._connection is None:
            connection = self._database.writer()
            if not self._database.is_sqlite:
                with connection.begin():
                    self._backend = _backend(connection)
            self._connection = connection
        return self._connection


def _head(tx: Connection, sid: str) -> Head | None:
    number = select(streams.c.no).where(streams.c.sid == sid).scalar_subquery()
    last = (
        select(entries.c.sq, entries.c.leaf)
        .where(entries.c.stream_no == number)
        .order_by(entries.c.sq.desc())
        .limit(1)
    )
    row = tx.execute(last).one_or_none()
    return None if row is None else Head(row.sq, bytes(row.leaf))


def _backend(connection: Connection) -> tuple[int, Any]:
    """The server process behind a connection; its start tells it from a later one of that pid."""
    own = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    pid, started = connection.execute(text(own)).one()
    return pid, started


def _end_backend(connection: Connection, pid: int, started: Any) -> None:
    """End a lost connection's server process, which may still be busy with its commit.

    Until it has ended nobody can say whether what it was told to commit is in the book.
    """
    end = text(
        "SELECT pg_terminate_backend(pid, :wait_ms) FROM pg_stat_activity"
        " WHERE pid = :pid AND backend_start = :started"
    )
    values = {"pid": pid, "started": started, "wait_ms": _FENCE_MS}
    if connection.scalar(end, values) is False:
        raise Unavailable(
            _CODE,
            "The database has not yet decided an earlier commit.",
            "The writer asks again; look at the database if this persists.",
            retry_after_seconds=1,
        )

"""One open database, SQLite or PostgreSQL, and what each needs to be durable and to wait fairly.

SQLite: WAL with synchronous FULL, so a commit that returned survives a power cut; writers begin
IMMEDIATE and by turns, so that they queue up instead of failing half-way. PostgreSQL: psycopg 3.
Every failure of SQLAlchemy or a driver leaves here as Unavailable, without SQL and without data.
"""

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import (
    Connection,
    Engine,
    String,
    column,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    table,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from gatebook.core.errors import Misconfigured, Unavailable
from gatebook.storage.turns import turn

if TYPE_CHECKING:
    import psycopg

_WRITE: Final = "gatebook_write"
_MEETING_SECONDS: Final = 5
SCHEMA: Final = "0010"
"""The migration this version was written for; a test holds it to the newest one."""

_VERSIONS: Final = "alembic_version"

# Both ends notice within half a minute that the other machine has gone without a word: what a
# session holds there is free for others then, and nobody listens here to nothing.
_KEEPALIVES_HERE: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
_KEEPALIVES_THERE: Final = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)


class Database:
    """An engine and its two kinds of transaction; may be used from any thread."""

    def __init__(self, engine: Engine, wait_seconds: int) -> None:
        self.engine = engine
        self._wait_seconds = wait_seconds
        self.is_sqlite = engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state throughout and changes nothing."""
        with answered("database_unavailable"), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may change things; durable when the context ends without exception."""
        with (
            answered("database_unavailable"),
            self.writer() as connection,
            self.turn(),
            connection.begin(),
        ):
            yield connection

    def turn(self) -> AbstractContextManager[None]:
        """A turn at writing, where the database gives none itself; for every write transaction."""
        path = self.engine.url.database if self.is_sqlite else None
        return turn(f"{path}.turn", self._wait_seconds) if path else nullcontext()

    def writer(self) -> Connection:
        """A connection of one's own whose transactions may write; close it when done."""
        return self.engine.connect().execution_options(**{_WRITE: True})

    def close(self) -> None:
        """Close every pooled connection; the next use connects again."""
        self.engine.dispose()


@contextmanager
def answered(code: str) -> Iterator[None]:
    """Turn a failure of the database into Unavailable with this code."""
    try:
        yield
    except _failures() as error:
        reason = _reason(error)
        full = reason in {"SQLITE_FULL", "53100"}  # PostgreSQL appendix A: disk_full
        raise Unavailable(
            code,
            f"The database did not answer or did not take the change ({reason}).",
            "Free disk space for the database."
            if full
            else "Look at the database; the same request may work once it answers.",
            retry_after_seconds=1,
        ) from error


def open_database(url: str, *, wait_seconds: int = 5) -> Database:
    """A database that connects at first use; raises Misconfigured for a URL it cannot read.

    `wait_seconds` bounds the wait for a connection and for a lock.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise Misconfigured(
            "database_url",
            "The database URL cannot be read.",
            "Write sqlite:///path or postgresql+psycopg://user@host/name.",
        )
    if parsed.drivername == "sqlite":
        arguments: dict[str, Any] = {"timeout": wait_seconds}
    else:
        arguments = {
            "application_name": "gatebook",
            "connect_timeout": wait_seconds,
            "tcp_user_timeout": wait_seconds * 1000,
            "options": f"-c lock_timeout={wait_seconds}s {_KEEPALIVES_THERE}",
            **_KEEPALIVES_HERE,
        }
    engine = create_engine(parsed, hide_parameters=True, connect_args=arguments)
    if parsed.drivername == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
    return Database(engine, wait_seconds)


def schema_of(database: Database) -> str | None:
    """The migration that a database is at; None for an empty one."""
    with database.reading() as connection:
        is_there = inspect(connection).has_table(_VERSIONS)
        query = select(column("version_num", String)).select_from(table(_VERSIONS))
        return connection.scalar(query) if is_there else None


def check_schema(database: Database) -> None:
    """Raise Misconfigured unless the schema is the one this version was written for."""
    found = schema_of(database)
    if found != SCHEMA:
        raise Misconfigured(
            "database_schema",
            f"The database has schema {found or 'none'}, this version needs {SCHEMA}.",
            "Once no process of another version runs: gatebook migrate",
        )


def _failures() -> tuple[type[BaseException], ...]:
    """Everything SQLAlchemy and the drivers raise.

    SQLAlchemy loads psycopg when a PostgreSQL database is opened; with SQLite its 25 MB in every
    process are saved. While another thread is importing it, it may not have its names yet; then
    it has raised nothing either.
    """
    driver = getattr(sys.modules.get("psycopg"), "Error", None)
    return (SQLAlchemyError, sqlite3.Error, *([driver] if driver else []))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: see _begin_sqlite
    if _write_ahead(connection) not in {"wal", "memory"}:
        raise sqlite3.OperationalError("no write-ahead log here")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone does not reach the disk
    connection.execute("PRAGMA foreign_keys = ON")


def _write_ahead(connection: sqlite3.Connection) -> str:
    """Have the file written ahead from now on; the mode that it is in then.

    Of processes that meet at a fresh file, SQLite lets none wait for the other here.
    """
    until = time.monotonic() + _MEETING_SECONDS
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return str(mode)


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE, False)
    # By the driver: this stands in every commit of the ledger, and costs a tenth so.
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    driver.execute("BEGIN IMMEDIATE" if write else "BEGIN")


def _prepare_postgresql(connection: "psycopg.Connection[Any]", _record: object) -> None:
    # A server set to acknowledge before it wrote must not do so to us.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.commit()


def _reason(error: BaseException) -> str:
    """The driver's stable name for what went wrong: an SQLite result code or an SQLSTATE."""
    driver = getattr(error, "orig", None) or error
    name = getattr(driver, "sqlite_errorname", None) or getattr(driver, "sqlstate", None)
    return name or type(driver).__name__

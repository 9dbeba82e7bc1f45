"""The place of a gateway at its database: a name of its own, and an ear for administrative changes.

PostgreSQL tells of a new revision at its commit (NOTIFY), on the session that also holds the name;
whoever loses that session takes both again. An SQLite file is looked at 50 times a second, which
takes a hundredth of a core; the name is held by a lock file beside it.
"""

import os
import selectors
from collections.abc import Callable
from contextlib import closing, suppress
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, text

from gatebook.core.errors import Conflict, GatebookError, Unavailable
from gatebook.storage.database import Database, answered
from gatebook.storage.locks import lock_beside, lock_session

_CODE: Final = "database_unavailable"
_RETRY_SECONDS: Final = 1
_LOOK_SECONDS: Final = 0.02

_Wait = Callable[[float | None, int | None], bool]
"""Wait for seconds, or until a descriptor can be read; whether the seat was given up meanwhile."""


class Seat:
    """One thread waits at a time; any may give up."""

    def __init__(self, database: Database, name: str) -> None:
        self.name = name
        self._rung, self._bell = os.pipe()
        kind = _SqliteEar if database.is_sqlite else _PostgresqlEar
        self._ear: _SqliteEar | _PostgresqlEar = kind(database, name, self._wait)
        self._is_taken = False
        self._has_failed = False

    def take(self) -> None:
        """Hold the name; raises Conflict while another process does, and Unavailable."""
        try:
            self._ear.open()
        except GatebookError:
            self._ear.close()
            raise
        self._is_taken = True

    def wait(self) -> None:
        """Block until the directory may have changed, or the seat is given up.

        Raises Unavailable if nothing can be heard of, Conflict if another process has taken the
        name meanwhile. Asked again, it tries again, but not at once.
        """
        if self._has_failed and self._wait(_RETRY_SECONDS):
            return
        try:
            if self._is_taken:
                self._ear.hear()
            else:
                self.take()  # and whatever was said meanwhile was missed
            self._has_failed = False
        except (Unavailable, Conflict):
            self._is_taken, self._has_failed = False, True
            self._ear.close()
            raise

    def give_up(self) -> None:
        """Have nobody wait any more."""
        os.write(self._bell, b"!")

    def close(self) -> None:
        """Let go of the name; nobody may wait any more."""
        self._ear.close()
        os.close(self._bell)
        os.close(self._rung)

    def _wait(self, seconds: float | None, descriptor: int | None = None) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._rung, selectors.EVENT_READ)
            if descriptor is not None:
                selector.register(descriptor, selectors.EVENT_READ)
            return any(key.fd == self._rung for key, _ in selector.select(seconds))


def is_held(database: Database, name: str) -> bool:
    """Whether a gateway of that name runs, even if it hangs; raises Unavailable."""
    with closing(Seat(database, name)) as seat:
        try:
            seat.take()
        except Conflict:
            return True
        return False


class _SqliteEar:
    """A lock file, and a look at the revision again and again."""

    def __init__(self, database: Database, name: str, wait: _Wait) -> None:
        self._database = database
        self._name = name
        self._wait = wait
        self._lock: int | None = None
        self._connection: Connection | None = None
        self._seen: Any = None

    def open(self) -> None:
        """Take the name."""
        self._lock = lock_beside(self._database, self._name)
        if self._lock is None:
            raise _taken(self._name)
        with answered(_CODE):
            self._connection = self._database.engine.connect()

    def hear(self) -> None:
        """Return at a change, or when the seat is given up."""
        with answered(_CODE):
            driver = _driver(self._connection)
            before = self._seen
            while self._seen == before:
                # Past SQLAlchemy: a look costs 3 microseconds instead of 300.
                self._seen = driver.execute("SELECT value FROM revision").fetchone()
                if self._wait(_LOOK_SECONDS, None):
                    return

    def close(self) -> None:
        """Let go of the name."""
        if self._connection is not None:
            self._connection.close()
        if self._lock is not None:
            os.close(self._lock)
        self._connection = self._lock = None


class _PostgresqlEar:
    """A session that holds an advisory lock and listens."""

    def __init__(self, database: Database, name: str, wait: _Wait) -> None:
        self._database = database
        self._name = name
        self._wait = wait
        self._connection: Connection | None = None

    def open(self) -> None:
        """Take the name and begin to listen."""
        with answered(_CODE):
            connection = self._database.engine.connect()
            self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            if not lock_session(self._connection, _number_of(self._name)):
                raise _taken(self._name)
            self._connection.execute(text("LISTEN gatebook_revision"))

    def hear(self) -> None:
        """Return at a change, or when the seat is given up."""
        with answered(_CODE):
            driver = _driver(self._connection)
            while not self._wait(None, driver.fileno()):
                if list(driver.notifies(timeout=0)):
                    return

    def close(self) -> None:
        """End the session."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # Invalidated, not returned to the pool: a pooled session would keep the name.
            with suppress(Unavailable), answered(_CODE):
                connection.invalidate()
                connection.close()


def _driver(connection: Connection | None) -> Any:
    """What is below SQLAlchemy: an sqlite3.Connection or a psycopg.Connection."""
    return connection and connection.connection.driver_connection


def _number_of(name: str) -> int:
    """What PostgreSQL locks in place of a name."""
    return int.from_bytes(sha256(f"gateway {name}".encode()).digest()[:8], signed=True)


def _taken(name: str) -> Conflict:
    return Conflict(
        "gateway_exists",
        f"Another gateway runs as {name} on this database.",
        "Each needs a name of its own: set [workers] name, or another --worker.",
    )

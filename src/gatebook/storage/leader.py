"""One integrator at a time: a lock that ends with the process that holds it.

PostgreSQL keeps an advisory lock as long as the session lives; beside an SQLite file stands a lock
file. The lock spares useless work; what keeps indices single is the swap in `sequence.commit`.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, text

from gatebook.core.errors import Conflict, Misconfigured
from gatebook.storage.database import Database, answered

_LOCK: Final = 0x6761_7465_696E_7467  # "gateintg"; any fixed number would do


@contextmanager
def leading(database: Database) -> Iterator[Callable[[], None]]:
    """Be the integrator of this database; raises Conflict while another process is.

    What is given raises Unavailable once the lock is lost, as it is with PostgreSQL's session.
    """
    kind = _leading_sqlite if database.is_sqlite else _leading_postgresql
    with kind(database) as check:
        yield check


@contextmanager
def _leading_sqlite(database: Database) -> Iterator[Callable[[], None]]:
    path = database.engine.url.database
    if not path:
        raise Misconfigured("database_url", "An integrator needs a database in a file.")
    descriptor = os.open(f"{path}.integrator", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise _led() from None
    try:
        yield lambda: None
    finally:
        os.close(descriptor)


@contextmanager
def _leading_postgresql(database: Database) -> Iterator[Callable[[], None]]:
    with answered("database_unavailable"):
        connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        if not _ask(connection, "SELECT pg_try_advisory_lock(:key)"):
            raise _led()
        yield lambda: _check(connection)
    finally:
        # Invalidated, not returned to the pool: a pooled session would keep the lock.
        with answered("database_unavailable"):
            connection.invalidate()
            connection.close()


def _check(connection: Connection) -> None:
    """One round trip on the session that holds the lock: where it answers, the lock is held."""
    _ask(connection, "SELECT CAST(:key AS bigint)")


def _ask(connection: Connection, question: str) -> object:
    with answered("database_unavailable"):
        return connection.scalar(text(question), {"key": _LOCK})


def _led() -> Conflict:
    return Conflict(
        "integrator_exists",
        "Another integrator works on this database.",
        "It is enough; this one takes over once the other has ended.",
    )

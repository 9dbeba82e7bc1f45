"""One integrator at a time.

The lock spares useless work; what keeps indices single is the swap in `sequence.commit`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, literal, select

from gatebook.core.errors import Conflict
from gatebook.storage.database import Database, answered
from gatebook.storage.locks import lock_beside, lock_session

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
    descriptor = lock_beside(database, "integrator")
    if descriptor is None:
        raise _led()
    try:
        yield lambda: None
    finally:
        os.close(descriptor)


@contextmanager
def _leading_postgresql(database: Database) -> Iterator[Callable[[], None]]:
    with answered("database_unavailable"):
        connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        if not lock_session(connection, _LOCK):
            raise _led()
        yield lambda: _check(connection)
    finally:
        # Invalidated, not returned to the pool: a pooled session would keep the lock.
        with answered("database_unavailable"):
            connection.invalidate()
            connection.close()


def _check(connection: Connection) -> None:
    """One round trip on the session that holds the lock: where it answers, the lock is held."""
    with answered("database_unavailable"):
        connection.scalar(select(literal(1)))


def _led() -> Conflict:
    return Conflict(
        "integrator_exists",
        "Another integrator works on this database.",
        "It is enough; this one takes over once the other has ended.",
    )

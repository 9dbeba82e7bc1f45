"""Locks that end with the process that holds them, however it ends.

PostgreSQL keeps an advisory lock as long as the session lives; beside an SQLite file stands a lock
file. Nobody waits for one: it is had or it is not.
"""

import fcntl
import os

from sqlalchemy import Connection, text

from gatebook.core.errors import Misconfigured
from gatebook.storage.database import Database, answered


def lock_beside(database: Database, name: str) -> int | None:
    """Lock a file beside an SQLite file: the descriptor that holds it; None if another does."""
    path = database.engine.url.database
    if not path:
        raise Misconfigured("database_url", "Several processes need a database in a file.")
    descriptor = os.open(f"{path}.{name}", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def lock_session(connection: Connection, key: int) -> bool:
    """Lock a number for as long as a PostgreSQL session lives; False if another one has it."""
    with answered("database_unavailable"):
        return bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}))

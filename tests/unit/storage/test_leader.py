"""One integrator at a time, until it ends, however it ends."""

import os
import signal
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from gatebook.core.errors import Conflict, Unavailable
from gatebook.storage.database import Database, open_database
from gatebook.storage.leader import leading


@pytest.fixture
def other(database_url: str) -> Iterator[Database]:
    """The same database, as another process opens it."""
    opened = open_database(database_url)
    yield opened
    opened.close()


def test_one_leads_and_another_is_told(database: Database, other: Database) -> None:
    with leading(database) as check:
        check()
        with pytest.raises(Conflict), leading(other):
            pass
    with leading(other) as check:
        check()


def test_the_next_one_leads_after_a_failure(database: Database, other: Database) -> None:
    with pytest.raises(RuntimeError), leading(database):
        raise RuntimeError
    with leading(other):
        pass


def test_who_was_killed_leads_no_more(database: Database, other: Database) -> None:
    child = os.fork()
    if not child:
        with leading(database):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    database.engine.dispose(close=False)
    with leading(other):
        pass


def test_a_lost_session_is_a_lost_lock(postgresql_url: str) -> None:
    """PostgreSQL's lock ends with the session; the check notices before anything is written."""
    database, other = open_database(postgresql_url), open_database(postgresql_url)
    with leading(database) as check:
        check()
        with other.writing() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                )
            )
        with pytest.raises(Unavailable):
            check()
        with leading(other):
            pass
    database.close()
    other.close()

"""PostgreSQL stops, comes back, or loses us in the middle of a commit."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from gatebook.core.errors import Tampered, Unavailable
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events.call import CallRefused
from gatebook.storage.book import SqlStore
from gatebook.storage.database import Database, open_database
from tests.books import read_book
from tests.databases import PostgresqlServer
from tests.recorder import EVENT, Recorder
from tests.simulators.clock import SetClock

OTHER = CallRefused.example()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """A server that nobody else uses."""
    with PostgresqlServer() as own:
        yield own


@pytest.fixture
def pg(postgresql_url: str) -> Iterator[Database]:
    """A fresh PostgreSQL database."""
    database = open_database(postgresql_url)
    yield database
    database.close()


def test_a_stopped_database_refuses_and_goes_on_once_it_is_back(server: PostgresqlServer) -> None:
    database = open_database(server.url(server.fresh()))
    recorder = Recorder(SqlStore(database, SetClock())).start()
    receipts = recorder.receipts(EVENT, EVENT)
    server.stop()
    refused = recorder.record(EVENT, EVENT) + recorder.record()
    server.start()
    receipts += recorder.receipts()
    recorder.close()
    assert all(isinstance(outcome, Unavailable) for outcome in refused)
    assert [receipt.sq for receipt in receipts] == [1, 2, 3]
    [kept] = read_book(database).values()
    assert [kept[receipt.sq].hash for receipt in receipts] == [each.leaf for each in receipts]
    database.close()


def test_a_database_that_stops_under_load_loses_no_receipted_entry(
    server: PostgresqlServer,
) -> None:
    database = open_database(server.url(server.fresh()))
    recorder = Recorder(SqlStore(database, SetClock())).start()
    recorder.receipts()
    stopping = threading.Timer(0.3, server.stop)
    stopping.start()
    outcomes = []
    until = time.monotonic() + 1
    while time.monotonic() < until:
        outcomes += recorder.record(*[EVENT] * 64)
    stopping.join()
    server.start()
    outcomes += recorder.record()
    until = time.monotonic() + 10
    while not isinstance(outcomes[-1], Receipt):  # a connection of before may fail once more
        assert time.monotonic() < until
        outcomes += recorder.record()
    recorder.close()
    receipts = [outcome for outcome in outcomes if isinstance(outcome, Receipt)]
    assert len(receipts) < len(outcomes)
    [kept] = read_book(database).values()
    assert [kept[receipt.sq].hash for receipt in receipts] == [each.leaf for each in receipts]
    database.close()


_TAKE_TIME: Final = """
    CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END'
"""
_AT_COMMIT: Final = """
    CREATE CONSTRAINT TRIGGER take_time AFTER INSERT ON entries DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.sq = 2) EXECUTE FUNCTION take_time()
"""


class Cable:
    """The connection of a store's next commit, which takes its time and can be cut meanwhile."""

    def __init__(self, database: Database, store: SqlStore) -> None:
        self._store = store
        with database.writing() as connection:
            connection.exec_driver_sql(_TAKE_TIME)
            connection.exec_driver_sql(_AT_COMMIT)

    def cut_in(self, seconds: float) -> threading.Timer:
        """Cut it; the server notices nothing while it is busy."""
        cutting = threading.Timer(seconds, self._cut)
        cutting.start()
        return cutting

    def _cut(self) -> None:
        assert self._store._connection
        driver: Any = self._store._connection.connection.driver_connection
        with socket.socket(fileno=os.dup(driver.pgconn.socket)) as wire:
            wire.shutdown(socket.SHUT_RDWR)


def test_a_commit_nobody_heard_the_end_of_is_decided_before_the_writer_goes_on(
    pg: Database,
) -> None:
    """The old server process is still committing when the writer has connected again.

    Were it left alone, its rows would appear after the writer had read that they are not there.
    """
    store = SqlStore(pg, SetClock())
    recorder = Recorder(store).start()
    cable = Cable(pg, store)
    recorder.receipts()
    cutting = cable.cut_in(0.3)
    [unheard] = recorder.record()
    cutting.join()
    [heard] = recorder.receipts(OTHER)  # number 2 again: as slow, but nobody cuts it
    recorder.close()
    assert isinstance(unheard, Unavailable)
    [kept] = read_book(pg).values()
    assert [each.event for each in kept][1:-1] == [EVENT.name, OTHER.name]
    assert kept[heard.sq].hash == heard.leaf


def test_without_the_fence_that_commit_would_fork_the_stream(
    pg: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shows that the test above tests something."""
    monkeypatch.setattr("gatebook.storage.book._end_backend", lambda *_: None)
    store = SqlStore(pg, SetClock())
    recorder = Recorder(store).start()
    cable = Cable(pg, store)
    recorder.receipts()
    cutting = cable.cut_in(0.3)
    recorder.record()
    cutting.join()
    [forked] = recorder.record(OTHER)
    recorder.close()
    assert isinstance(forked, Tampered)

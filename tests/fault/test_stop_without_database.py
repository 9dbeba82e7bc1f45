"""Calls are stopped while the database is down, and the book hears of it once, when it is back."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest

from gatebook.core.errors import Unavailable
from gatebook.storage.database import Database, open_database
from tests.databases import PostgresqlServer
from tests.functional.test_stopping import SILENT, Caller
from tests.gates import RunningGate, error_of, eventually, open_running_gate

SOON_SECONDS: Final = 2
"""Generous: the machine may be busy. How soon it is, the bench tells."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """A server that nobody else uses."""
    with PostgresqlServer() as own:
        yield own


@pytest.fixture
def pg(server: PostgresqlServer) -> Iterator[Database]:
    """A database on it."""
    database = open_database(server.url(server.fresh()))
    yield database
    database.close()


def stop_and_see(gate: RunningGate, caller: Caller) -> str:
    """Stop the agent, whose stream ends at once and in its own terms; the stop's id."""
    began = time.monotonic()
    stop = gate.engage("agent", "bot", reason="it went astray")
    assert "content_filter" in caller.answer().text
    assert time.monotonic() - began < SOON_SECONDS
    return stop


def has(gate: RunningGate, event: str) -> bool:
    """Whether the book has such an entry, as far as can be told."""
    try:
        return bool(gate.changes(event))
    except Unavailable:  # a connection of before
        return False


def see_it_recorded(gate: RunningGate, stop: str) -> None:
    """The book has the stop once, and what the gate did about it."""
    eventually(lambda: has(gate, "stop.applied"))
    assert [entry["d"]["object"] for entry in gate.changes("stop.engaged")] == [stop]
    (applied,) = gate.facts("stop.applied")
    assert (applied["stop"], applied["cut"]) == (stop, 1)
    assert applied["delay_ms"] < SOON_SECONDS * 1000
    assert error_of(gate.ask()) == (403, "permission_error", "stopped")


def test_with_postgresql_stopped(server: PostgresqlServer, pg: Database) -> None:
    with open_running_gate(pg) as gate:
        caller = Caller(gate, SILENT)
        server.stop()
        try:
            stop = stop_and_see(gate, caller)
            assert error_of(gate.ask()) == (403, "permission_error", "stopped")
        finally:
            server.start()
        see_it_recorded(gate, stop)


def test_with_sqlite_locked_by_somebody_else(sqlite_gate: RunningGate) -> None:
    path = sqlite_gate.database.engine.url.database
    assert path
    caller = Caller(sqlite_gate, SILENT)
    with closing(sqlite3.connect(path, isolation_level=None)) as locked:
        locked.execute("BEGIN EXCLUSIVE")
        stop = stop_and_see(sqlite_gate, caller)
        locked.execute("ROLLBACK")
    see_it_recorded(sqlite_gate, stop)


def test_a_gate_that_starts_anew_meanwhile_has_it_in_force(
    server: PostgresqlServer, pg: Database
) -> None:
    """It takes calls only once it has read the database, and the first of them is refused."""
    with open_running_gate(pg) as gate:
        assert gate.ask().status_code == 200
        server.stop()
        try:
            stop = gate.engage("agent", "bot")
            gate.stop_serving()
        finally:
            server.start()
        gate.start()
        assert error_of(gate.ask()) == (403, "permission_error", "stopped")
        eventually(lambda: has(gate, "stop.engaged"))
        assert [entry["d"]["object"] for entry in gate.changes("stop.engaged")] == [stop]
        assert error_of(gate.ask()) == (403, "permission_error", "stopped")
        assert len(gate.provider.seen) == 1

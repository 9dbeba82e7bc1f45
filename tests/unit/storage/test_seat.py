"""A gateway's name is its own, and it hears of a change when it happens."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import text

from gatebook.core.errors import Conflict, Unavailable
from gatebook.storage.database import Database, open_database
from gatebook.storage.directory import SqlRecords
from gatebook.storage.seat import Seat, is_held

SOON = 5


@pytest.fixture
def other(database_url: str) -> Iterator[Database]:
    """The same database, as another process opens it."""
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def seat(database: Database) -> Iterator[Seat]:
    """A seat that is taken."""
    seat = Seat(database, "gateway")
    seat.take()
    yield seat
    seat.close()


@pytest.fixture
def ear() -> Iterator[ThreadPoolExecutor]:
    """The thread that waits."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def change(database: Database) -> None:
    with database.writing() as connection:
        SqlRecords(connection).take_revision()


def end_session(other: Database) -> None:
    """End the session of whoever holds a lock."""
    with other.writing() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks"
                " WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        )


def test_a_name_is_that_of_one_process(seat: Seat, other: Database) -> None:
    with closing(Seat(other, seat.name)) as second, pytest.raises(Conflict) as caught:
        second.take()
    assert caught.value.code == "gateway_exists"
    with closing(Seat(other, "gateway.2")) as third:
        third.take()


def test_a_name_that_was_let_go_of_is_free(database: Database, other: Database) -> None:
    for each in (database, other):
        with closing(Seat(each, "gateway")) as seat:
            seat.take()


def test_the_name_of_a_process_that_was_killed_is_free(database: Database, other: Database) -> None:
    child = os.fork()
    if not child:
        Seat(database, "gateway").take()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    database.engine.dispose(close=False)
    seat = Seat(other, "gateway")
    seat.take()
    seat.close()


def test_a_change_is_heard_of_at_once_and_once(
    seat: Seat, other: Database, ear: ThreadPoolExecutor
) -> None:
    if other.is_sqlite:
        seat.wait()  # the first look sees whatever there is
    heard = ear.submit(seat.wait)
    time.sleep(0.1)
    assert not heard.done()
    began = time.monotonic()
    change(other)
    heard.result(SOON)
    assert time.monotonic() - began < 1
    again = ear.submit(seat.wait)
    time.sleep(0.1)
    assert not again.done()
    seat.give_up()
    again.result(SOON)


def test_a_change_that_is_taken_back_was_none(postgresql_url: str, ear: ThreadPoolExecutor) -> None:
    database = open_database(postgresql_url)
    seat = Seat(database, "gateway")
    seat.take()
    heard = ear.submit(seat.wait)
    with database.writing() as connection:
        SqlRecords(connection).take_revision()
        connection.exec_driver_sql("ROLLBACK")
    time.sleep(0.2)
    assert not heard.done()
    seat.give_up()
    heard.result(SOON)
    seat.close()
    database.close()


def test_a_lost_session_is_said_and_another_one_is_had(postgresql_url: str) -> None:
    database, other = open_database(postgresql_url), open_database(postgresql_url)
    seat = Seat(database, "gateway")
    seat.take()
    end_session(other)
    with pytest.raises(Unavailable):
        seat.wait()
    seat.wait()  # connected again: something may have been missed
    with closing(Seat(other, seat.name)) as second, pytest.raises(Conflict):
        second.take()
    change(other)
    seat.wait()
    seat.close()
    database.close()
    other.close()


def test_a_name_that_another_process_took_meanwhile_is_missed_until_it_is_free(
    postgresql_url: str,
) -> None:
    database, other = open_database(postgresql_url), open_database(postgresql_url)
    seat, usurper = Seat(database, "gateway"), Seat(other, "gateway")
    seat.take()
    end_session(other)
    usurper.take()
    with pytest.raises(Unavailable):
        seat.wait()
    with pytest.raises(Conflict):
        seat.wait()
    usurper.close()
    seat.wait()
    seat.close()
    database.close()
    other.close()


def test_who_tries_again_can_be_told_to_give_up(database: Database) -> None:
    holder, seat = Seat(database, "gateway"), Seat(database, "gateway")
    holder.take()
    with pytest.raises(Conflict):
        seat.wait()
    threading.Timer(0.05, seat.give_up).start()
    began = time.monotonic()
    seat.wait()
    assert time.monotonic() - began < 0.9
    seat.close()
    holder.close()


def test_a_name_is_held_by_whoever_runs_and_looking_takes_it_from_nobody(
    seat: Seat, other: Database
) -> None:
    assert is_held(other, "gateway")
    assert is_held(other, "gateway")
    assert not is_held(other, "another")

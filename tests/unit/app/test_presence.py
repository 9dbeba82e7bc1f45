"""A gateway is seen by others from its first word to its last, and wakes for changes."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from gatebook.app.presence import Presence
from gatebook.storage.database import Database
from gatebook.storage.directory import SqlRecords
from gatebook.storage.gateways import beat, look
from gatebook.storage.seat import Seat


@pytest.fixture
def seat(database: Database) -> Iterator[Seat]:
    """A seat that is taken."""
    seat = Seat(database, "gateway")
    seat.take()
    yield seat
    seat.close()


async def test_it_says_what_it_decides_on_and_leaves_nothing_behind(
    database: Database, seat: Seat
) -> None:
    presence = Presence(database, seat, 1, "http://127.0.0.1:8484")
    presence.decides_on(3)
    await presence.tell()
    presence.news.clear()
    presence.decides_on(3)
    assert not presence.news.is_set()
    presence.decides_on(4)
    assert presence.news.is_set()
    presence.news.clear()
    presence.drain()
    assert presence.news.is_set()
    await presence.tell()
    (told,) = look(database).gateways
    assert (told.name, told.pid, told.revision) == ("gateway", os.getpid(), 4)
    assert told.status == "draining"
    await presence.close()
    assert look(database).gateways == []


async def test_its_life_begins_anew_after_one_that_was_killed(
    database: Database, seat: Seat
) -> None:
    about = {"host": "other", "pid": 1, "address": "", "version": "0"}
    beat(database, "gateway", status="serving", revision=9, **about)
    presence = Presence(database, seat, 1, "")
    await presence.tell()
    (told,) = look(database).gateways
    assert (told.pid, told.revision) == (os.getpid(), 0)
    await presence.close()


async def test_a_change_wakes_it_and_the_end_does_too(database: Database, seat: Seat) -> None:
    presence = Presence(database, seat, 1, "")
    listening = asyncio.ensure_future(presence.listen())
    if database.is_sqlite:
        await asyncio.wait_for(listening, 5)  # the first look sees whatever there is
        listening = asyncio.ensure_future(presence.listen())
        presence.heard.clear()
    await asyncio.sleep(0.1)
    assert not presence.heard.is_set()
    with database.writing() as connection:
        SqlRecords(connection).take_revision()
    await asyncio.wait_for(listening, 5)
    assert presence.heard.is_set()
    listening = asyncio.ensure_future(presence.listen())
    await asyncio.sleep(0)
    await presence.close()
    await asyncio.wait_for(listening, 5)

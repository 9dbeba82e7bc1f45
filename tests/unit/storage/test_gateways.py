"""What gateways say of themselves can be compared, and does not pile up."""

from typing import Any

from sqlalchemy import update

from gatebook.core.clock import SECOND_US, SystemClock
from gatebook.storage import gateways as rows
from gatebook.storage.database import Database
from gatebook.storage.directory import SqlRecords
from gatebook.storage.tables import gateways

ABOUT: dict[str, Any] = {
    "host": "gw-1",
    "pid": 7,
    "address": "http://127.0.0.1:8484",
    "version": "0.1.0",
}


def beat(database: Database, name: str = "gateway", **changed: Any) -> None:
    rows.beat(database, name, **{"status": "serving", "revision": 0, **ABOUT, **changed})


def age(database: Database, name: str, seconds: int) -> None:
    """Have somebody been silent for so long."""
    with database.writing() as connection:
        told = gateways.c.beat_at - seconds * SECOND_US
        connection.execute(
            update(gateways).where(gateways.c.name == name).values(beat_at=told, started_at=told)
        )


def test_a_gateway_is_seen_as_it_last_said(database: Database) -> None:
    beat(database)
    with database.writing() as connection:
        SqlRecords(connection).take_revision()
    beat(database, "gateway.2", revision=1)
    age(database, "gateway", 9)
    beat(database, status="draining")
    seen = rows.look(database)
    first, second = seen.gateways
    assert seen.revision == second.revision == 1
    assert (first.name, first.status, first.revision) == ("gateway", "draining", 0)
    assert (first.host, first.pid, first.address) == ("gw-1", 7, ABOUT["address"])
    assert first.beat_at - first.started_at >= 9 * SECOND_US
    assert 0 <= seen.now - first.beat_at < SECOND_US


def test_times_are_those_of_the_database(database: Database) -> None:
    """Here it is on this machine, so its clock is known."""
    beat(database)
    assert abs(rows.look(database).now - SystemClock().now_us()) < SECOND_US


def test_who_has_left_is_gone_and_who_fell_silent_is_forgotten_after_an_hour(
    database: Database,
) -> None:
    for name in ("gateway", "gateway.2", "gateway.3"):
        beat(database, name)
    rows.leave(database, "gateway.2")
    age(database, "gateway", 3590)
    beat(database, "gateway.3")
    assert [each.name for each in rows.look(database).gateways] == ["gateway", "gateway.3"]
    age(database, "gateway", 20)
    beat(database, "gateway.3")
    assert [each.name for each in rows.look(database).gateways] == ["gateway.3"]

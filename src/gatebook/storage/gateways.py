"""What the running gateways say of themselves, for people to look at; nothing is decided by it.

Times are the database's own, so that those of several machines can be compared.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import delete, insert, select, update

from gatebook.core.clock import SECOND_US
from gatebook.storage.database import Database
from gatebook.storage.directory import read_revision
from gatebook.storage.now import now, now_us
from gatebook.storage.tables import gateways

BEAT_SECONDS: Final = 5
SILENT_US: Final = 3 * BEAT_SECONDS * SECOND_US
"""Who has not been heard of for so long has died, or is cut off from the database."""

_FORGOTTEN_US: Final = 3600 * SECOND_US


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """One process, as it said when it was last heard of."""

    name: str
    host: str
    pid: int
    address: str
    version: str
    status: str
    revision: int
    started_at: int
    beat_at: int


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """All that were heard of in the last hour, at one moment."""

    now: int
    revision: int
    gateways: list[Gateway]


def look(database: Database) -> Seen:
    """Who was heard of, by name, and the revision that all should have by now."""
    with database.reading() as connection:
        found = connection.execute(select(gateways).order_by(gateways.c.name)).mappings()
        return Seen(
            now=now_us(connection),
            revision=read_revision(connection),
            gateways=[Gateway(**row) for row in found],
        )


def beat(database: Database, name: str, *, status: str, revision: int, **fixed: Any) -> None:
    """Say that a gateway lives; `fixed` are the columns that stay what they are for its life."""
    values = {"status": status, "revision": revision}
    with database.writing() as connection:
        at = now(connection)
        connection.execute(delete(gateways).where(gateways.c.beat_at < at - _FORGOTTEN_US))
        own = update(gateways).where(gateways.c.name == name)
        if not connection.execute(own.values(beat_at=at, **values)).rowcount:
            new = {"name": name, "started_at": at, "beat_at": at, **fixed, **values}
            connection.execute(insert(gateways).values(new))


def leave(database: Database, name: str) -> None:
    """A gateway of this name has ended, or is about to begin anew."""
    with database.writing() as connection:
        connection.execute(delete(gateways).where(gateways.c.name == name))

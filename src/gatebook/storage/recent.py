"""Committed entries as they come, whether or not they have an index yet, with their bodies."""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Select, and_, func, or_, select

from gatebook.storage.database import Database
from gatebook.storage.tables import bodies, entries, streams

_OVERLAP: Final = 64


class Committed(NamedTuple):
    """One entry, and its sealed body where it has one."""

    log: str
    stream_no: int
    sid: str
    sq: int
    leaf: bytes
    sealed: bytes | None
    data_key: str | None


def newest(database: Database, log: str | None, count: int) -> list[Committed]:
    """The last `count` entries of every stream of a log, or of all logs; by stream."""
    newer = entries.alias()
    last = select(func.max(newer.c.sq)).where(newer.c.stream_no == streams.c.no)
    found = _entries(log).where(entries.c.sq > last.scalar_subquery() - count)
    return _read(database, found)


def since(
    database: Database, log: str | None, positions: Mapping[int, int], ended: Collection[int]
) -> list[Committed]:
    """Entries behind these sequence numbers, and all entries of streams not named; by stream.

    Streams commit in another order than they are numbered in, so new ones are looked for among the
    last few numbers too.
    """
    newest_no = max((*positions, *ended), default=0)
    recent = [no for no in (*positions, *ended) if no > newest_no - _OVERLAP]
    known = [
        and_(streams.c.no == stream_no, entries.c.sq > sq) for stream_no, sq in positions.items()
    ]
    new = and_(streams.c.no > newest_no - _OVERLAP, streams.c.no.not_in(recent))
    return _read(database, _entries(log).where(or_(new, *known)))


def _entries(log: str | None) -> Select[str, int, str, int, bytes, bytes, str]:
    found = (
        select(
            streams.c.log,
            streams.c.no,
            streams.c.sid,
            entries.c.sq,
            entries.c.leaf,
            bodies.c.sealed,
            bodies.c.data_key,
        )
        .join(entries, entries.c.stream_no == streams.c.no)
        .outerjoin(
            bodies, and_(bodies.c.stream_no == entries.c.stream_no, bodies.c.sq == entries.c.sq)
        )
        .order_by(streams.c.no, entries.c.sq)
    )
    return found if log is None else found.where(streams.c.log == log)


def _read(
    database: Database, found: Select[str, int, str, int, bytes, bytes, str]
) -> list[Committed]:
    with database.reading() as connection:
        return [Committed(*row) for row in connection.execute(found)]

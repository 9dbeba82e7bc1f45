"""The rows of the directory: read whole for a snapshot, or singly within a command's transaction.

A row's struct and its table have the same columns by the same names; only lists and scopes differ,
which the database holds as JSON text.
"""

from typing import Any, Final, TypeVar, cast

import msgspec
from sqlalchemy import Connection, Table, delete, func, insert, select, update

from gatebook.control.ports import Extent, Remembered
from gatebook.core.envelope import WrappedKey
from gatebook.core.errors import Tampered, Unavailable
from gatebook.identity.directory import (
    Agent,
    AgentKey,
    Directory,
    Fallback,
    GuardRule,
    Limit,
    Organization,
    Person,
    PriceOverride,
    Provider,
    Row,
    Scope,
    Stop,
    Workspace,
)
from gatebook.ledger.entry import read
from gatebook.ledger.events.stream import StreamOpened
from gatebook.ledger.ports import Position
from gatebook.storage.tables import (
    agent_keys,
    agents,
    bodies,
    data_keys,
    entries,
    fallbacks,
    guard_rules,
    idempotency,
    limits,
    organizations,
    people,
    prices,
    providers,
    revision,
    stops,
    streams,
    workspaces,
)

CHANNEL: Final = "gatebook_revision"
"""Where PostgreSQL tells of every new revision."""

R = TypeVar("R", bound=Row)

_TABLES: Final[dict[type, Table]] = {
    Organization: organizations,
    Workspace: workspaces,
    Person: people,
    Agent: agents,
    AgentKey: agent_keys,
    Provider: providers,
    Fallback: fallbacks,
    Limit: limits,
    PriceOverride: prices,
    Stop: stops,
    GuardRule: guard_rules,
}

_NAMES: Final = msgspec.json.Decoder(tuple[str, ...])
_HELD_AS_JSON: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    "models": _NAMES,
    "data_classes": _NAMES,
    "scope": msgspec.json.Decoder(Scope),
}
_BORN: Final[dict[type, str]] = {AgentKey: "issued_at", Stop: "engaged_at"}


def read_revision(connection: Connection) -> int:
    """How many administrative changes there were; a snapshot of another revision is old."""
    value = connection.scalar(select(revision.c.value))
    if value is None:
        raise Unavailable("directory_unavailable", "The directory has no revision.")
    return cast("int", value)


def load_snapshot(connection: Connection) -> Directory:
    """Everything that is known about who is who; `connection` has to see one state throughout."""
    return Directory(
        revision=read_revision(connection),
        organizations={row.id: row for row in _read(connection, Organization)},
        workspaces={row.id: row for row in _read(connection, Workspace)},
        people={row.id: row for row in _read(connection, Person)},
        agents={row.id: row for row in _read(connection, Agent)},
        keys={row.id: row for row in _read(connection, AgentKey)},
        providers={row.id: row for row in _read(connection, Provider)},
        fallbacks={row.id: row for row in _read(connection, Fallback)},
        limits={row.id: row for row in _read(connection, Limit)},
        prices={row.id: row for row in _read(connection, PriceOverride)},
        stops={row.id: row for row in _read(connection, Stop)},
        guard_rules={row.id: row for row in _read(connection, GuardRule)},
    )


def load_data_keys(connection: Connection) -> list[WrappedKey]:
    """Every data key in its wrapped form, oldest first."""
    rows = connection.execute(select(data_keys).order_by(data_keys.c.created_at, data_keys.c.id))
    return [_data_key(row) for row in rows.mappings()]


class SqlRecords:
    """Implements `control.ports.Records` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take_revision(self) -> int:
        """Raise the revision; its row stays locked until the transaction ends.

        Where the database can tell, the gateways hear of it at the commit, and not without one.
        """
        raised = update(revision).values(value=revision.c.value + 1).returning(revision.c.value)
        value = cast("int", self._connection.execute(raised).scalar_one())
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(select(func.pg_notify(CHANNEL, str(value))))
        return value

    def find(self, kind: type[R], **equals: str) -> list[R]:
        """The rows of a kind whose columns have these values, in the order they were created."""
        return _read(self._connection, kind, **equals)

    def save(self, row: Row) -> None:
        """Insert the row, or replace the one that has its id."""
        table, values = _TABLES[type(row)], _columns(row)
        changed = self._connection.execute(update(table).where(table.c.id == row.id).values(values))
        if changed.rowcount == 0:
            self._connection.execute(insert(table).values(values))

    def remove(self, row: Row) -> None:
        """Delete the row."""
        table = _TABLES[type(row)]
        self._connection.execute(delete(table).where(table.c.id == row.id))

    def data_key(self, organization_id: str | None) -> WrappedKey | None:
        """The newest data key of an organization, or of the platform."""
        newest = (
            select(data_keys)
            .where(data_keys.c.organization_id.is_not_distinct_from(organization_id))
            .order_by(data_keys.c.created_at.desc(), data_keys.c.id.desc())
            .limit(1)
        )
        row = self._connection.execute(newest).mappings().one_or_none()
        return None if row is None else _data_key(row)

    def keep_data_key(self, key: WrappedKey) -> None:
        """Insert a data key."""
        self._connection.execute(insert(data_keys).values(msgspec.structs.asdict(key)))

    def keep_body(self, position: Position, sealed: bytes, data_key: str) -> None:
        """Insert the sealed body of the entry at `position`."""
        values = {"sealed": sealed, "data_key": data_key}
        self._connection.execute(
            insert(bodies).values(stream_no=position.stream_no, sq=position.sq, **values)
        )

    def extent(self, slug: str, sid: str, first: int, last: int) -> Extent | None:
        """How far a stream of that log went, and what is there of [first, last]; None: unknown."""
        of_log = streams.c.log.endswith(f"/{slug}", autoescape=True)
        openings = self._connection.scalars(
            select(entries.c.leaf)
            .join(streams, streams.c.no == entries.c.stream_no)
            .where(of_log, entries.c.sq == 0)
        )
        number = self._connection.scalar(select(streams.c.no).where(of_log, streams.c.sid == sid))
        newest = self._connection.scalar(
            select(func.max(entries.c.sq)).where(entries.c.stream_no == number)
        )
        known = [newest, *(_named(bytes(leaf), sid) for leaf in openings)]
        ends = [sq for sq in known if sq is not None]
        if not ends:
            return None
        held = self._connection.scalar(
            select(func.count()).where(
                entries.c.stream_no == number, entries.c.sq >= first, entries.c.sq <= last
            )
        )
        return Extent(last=max(ends), held=held or 0)

    def remembered(self, log: str, idempotency_key: str) -> Remembered | None:
        """What the command that came with this key did."""
        found = (
            select(idempotency, streams.c.sid)
            .join(streams, streams.c.no == idempotency.c.stream_no)
            .where(idempotency.c.log == log, idempotency.c.key == idempotency_key)
        )
        row = self._connection.execute(found).one_or_none()
        if row is None:
            return None
        reference = f"{row.sid}.{row.sq}"
        return Remembered(digest=bytes(row.digest), answer=bytes(row.answer), reference=reference)

    def remember(
        self, position: Position, idempotency_key: str, digest: bytes, answer: bytes
    ) -> None:
        """Note that the entry at `position` is what came of this key."""
        self._connection.execute(
            insert(idempotency).values(
                log=position.log,
                key=idempotency_key,
                digest=digest,
                answer=answer,
                stream_no=position.stream_no,
                sq=position.sq,
            )
        )


def _named(leaf: bytes, sid: str) -> int | None:
    """The last number of stream `sid` by the opening entry of its successor."""
    if sid.encode() not in leaf:
        return None
    try:
        opened = msgspec.json.decode(read(leaf).d, type=StreamOpened)
    except (Tampered, msgspec.DecodeError):
        return None
    before = opened.predecessor
    return before.sq if before is not None and before.sid == sid else None


def _read(connection: Connection, kind: type[R], **equals: str) -> list[R]:
    table = _TABLES[kind]
    born = table.c[_BORN.get(kind, "created_at")]
    found = select(table).order_by(born, table.c.id)
    for column, value in equals.items():
        found = found.where(table.c[column] == value)
    return [_row(kind, row) for row in connection.execute(found).mappings()]


def _row(kind: type[R], row: Any) -> R:
    values = dict(row)
    for name, decoder in _HELD_AS_JSON.items():
        if name in values:
            values[name] = decoder.decode(values[name])
    return kind(**values)


def _columns(row: Row) -> dict[str, Any]:
    values = msgspec.structs.asdict(row)
    for name in _HELD_AS_JSON:
        if name in values:
            values[name] = msgspec.json.encode(values[name]).decode()
    return values


def _data_key(row: Any) -> WrappedKey:
    return WrappedKey(**row)

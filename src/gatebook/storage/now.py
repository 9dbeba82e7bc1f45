"""The database's own time of day, by which machines agree whose clocks do not."""

from typing import Any, Final

from sqlalchemy import Connection, literal_column, select

_NOW: Final = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
}


def now(connection: Connection) -> Any:
    """Microseconds since the Unix epoch, as an expression."""
    return literal_column(_NOW[connection.dialect.name])


def now_us(connection: Connection) -> int:
    """Microseconds since the Unix epoch."""
    return int(connection.execute(select(now(connection))).scalar_one())

"""Inserts that can say what to do about a row that is there, which is no standard SQL."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, into: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert with `on_conflict_do_nothing` and `on_conflict_do_update`, for the database it is.

    Both mean the same in SQLite and in PostgreSQL, with several gateways writing at once.
    """
    return sqlite.insert(into) if connection.dialect.name == "sqlite" else postgresql.insert(into)

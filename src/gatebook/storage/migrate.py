"""Brings the schema to this version; apart, because only some processes do and Alembic is large."""

from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text

from gatebook.core.errors import Misconfigured
from gatebook.storage.database import SCHEMA, Database, schema_of

_MIGRATION_LOCK: Final = 0x6761_7465_626F_6F6B  # "gatebook"; any fixed number would do


def migrate(database: Database) -> None:
    """Bring the schema to this version, one process at a time.

    Raises Unavailable, and Misconfigured for a database that a later version wrote.
    """
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config = _alembic()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            # A damaged installation of ours fails so too, and no other version mends that.
            if schema_of(database) in {None, SCHEMA, *_revisions(config)}:
                raise
            raise Misconfigured(
                "database_newer",
                f"The database has a schema that this version ({SCHEMA}) does not know.",
                "Use the version of Gatebook that wrote it, or a later one.",
            ) from None


def _revisions(config: Config) -> set[str]:
    """Every schema that this version can start from."""
    return {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", "gatebook.storage:migrations")
    return config

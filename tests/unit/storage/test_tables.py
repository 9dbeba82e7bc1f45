"""The migrations make exactly the tables that the queries are written against."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, inspect
from sqlalchemy.sql.sqltypes import BigInteger, Float, Numeric

from gatebook.storage.database import Database
from gatebook.storage.tables import METADATA


def test_the_migrated_schema_is_the_one_described(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_the_migrated_constraints_are_the_ones_described(database: Database) -> None:
    """Alembic compares neither CHECK constraints nor how a foreign key is deferred."""
    with database.reading() as connection:
        found = inspect(connection)
        for table in METADATA.sorted_tables:
            checks = {each["name"] for each in found.get_check_constraints(table.name)}
            keys = {
                (each["name"], each["options"].get("initially"))
                for each in found.get_foreign_keys(table.name)
            }
            said = table.constraints
            assert checks == {each.name for each in said if isinstance(each, CheckConstraint)}
            assert keys == {
                (each.name, each.initially)
                for each in said
                if isinstance(each, ForeignKeyConstraint)
            }


def test_no_column_rounds() -> None:
    """Times, money and numbers of entries are whole and 64 bits wide."""
    for table in METADATA.sorted_tables:
        for column in table.columns:
            assert not isinstance(column.type, Float | Numeric), column
            if column.name.endswith(("_at", "_us")):
                assert isinstance(column.type, BigInteger), column

"""A commit that returned is durable, writers queue up, and failures tell no more than is safe."""

import shutil
import sqlite3
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import insert, select, text

from gatebook.core.errors import Misconfigured, Unavailable
from gatebook.storage import migrations
from gatebook.storage.database import (
    SCHEMA,
    Database,
    answered,
    check_schema,
    open_database,
)
from gatebook.storage.migrate import migrate
from gatebook.storage.tables import revision, trees
from tests.databases import PostgresqlServer

TREE = {"log": "log.example/acme", "size": 1, "published_size": 0, "published_at": 0}


def pragma(database: Database, name: str) -> object:
    """A setting of SQLite's, as a writer's connection has it."""
    with database.writing() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_sqlite_keeps_what_it_acknowledged(sqlite_url: str) -> None:
    database = open_database(sqlite_url, wait_seconds=3)
    assert pragma(database, "journal_mode") == "wal"
    assert pragma(database, "synchronous") == 2  # FULL
    assert pragma(database, "foreign_keys") == 1
    assert pragma(database, "busy_timeout") == 3000
    database.close()


def test_postgresql_keeps_what_it_acknowledged(
    postgresql: PostgresqlServer, postgresql_url: str
) -> None:
    """Even where the server is told to acknowledge early."""
    plain = postgresql_url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("ALTER ROLE postgres SET synchronous_commit = off")
    database = open_database(postgresql_url)
    with database.writing() as writer:
        assert writer.scalar(text("SHOW synchronous_commit")) == "on"
    database.close()
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("ALTER ROLE postgres RESET synchronous_commit")


def test_the_schema_named_is_that_of_the_newest_migration() -> None:
    newest = ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head()
    assert newest == SCHEMA


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate(database)
    check_schema(database)
    with database.reading() as connection:
        assert connection.scalars(select(revision.c.value)).all() == [0]


def test_processes_that_migrate_at_once_do_not_collide(
    postgresql: PostgresqlServer, tmp_path: Path
) -> None:
    postgresql.create("together")
    for url in (f"sqlite:///{tmp_path}/together.db", postgresql.url("together")):
        databases = [open_database(url, wait_seconds=30) for _ in range(3)]
        threads = [threading.Thread(target=migrate, args=(each,)) for each in databases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for database in databases:
            check_schema(database)
            database.close()
    postgresql.drop("together")


def test_a_database_of_another_version_is_not_used(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    with pytest.raises(Misconfigured) as caught:
        check_schema(database)
    assert caught.value.code == "database_schema"


def test_a_database_of_a_later_version_is_not_migrated(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Misconfigured, match="does not know") as caught:
        migrate(database)
    assert caught.value.code == "database_newer"


@pytest.mark.parametrize("is_there", [True, False], ids=["no migrations", "no folder"])
def test_migrations_of_ours_that_are_damaged_are_not_taken_for_a_later_database(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    folder = tmp_path / "migrations"
    if is_there:
        (folder / "versions").mkdir(parents=True)
        shutil.copy(Path(migrations.__file__).with_name("env.py"), folder)
    damaged = Config()
    damaged.set_main_option("script_location", str(folder))
    monkeypatch.setattr("gatebook.storage.migrate._alembic", lambda: damaged)
    with pytest.raises(CommandError):
        migrate(database)


def test_an_empty_database_is_not_used(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(Misconfigured):
        check_schema(database)
    database.close()


@pytest.mark.parametrize(
    "url", ["", "gatebook.db", "mysql://host/name", "postgresql://host/name", "sqlite"]
)
def test_a_url_that_cannot_be_read_is_named(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        open_database(url)
    assert caught.value.code == "database_url"


def test_a_reader_sees_one_state_throughout(database: Database) -> None:
    with database.reading() as reader:
        before = reader.scalar(select(revision.c.value))
        with database.writing() as writer:
            writer.execute(revision.update().values(value=41))
        assert reader.scalar(select(revision.c.value)) == before
    with database.reading() as reader:
        assert reader.scalar(select(revision.c.value)) == 41


def test_an_exception_undoes_the_transaction(database: Database) -> None:
    with suppress(KeyError), database.writing() as connection:
        connection.execute(insert(trees).values(TREE))
        raise KeyError
    with database.reading() as connection:
        assert connection.execute(select(trees)).all() == []


def test_writers_wait_for_each_other(database: Database) -> None:
    """On SQLite too, where a transaction that began by reading could not go on to write."""

    def raise_it() -> None:
        for _ in range(20):
            with database.writing() as connection:
                value = connection.scalar(select(revision.c.value).with_for_update())
                assert value is not None
                connection.execute(revision.update().values(value=value + 1))

    threads = [threading.Thread(target=raise_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as connection:
        assert connection.scalar(select(revision.c.value)) == 80


def test_a_wait_for_another_writer_has_an_end(database_url: str) -> None:
    patient, hasty = open_database(database_url), open_database(database_url, wait_seconds=1)
    with patient.writing() as holder:
        holder.execute(revision.update().values(value=1))
        with pytest.raises(Unavailable) as caught, hasty.writing() as connection:
            connection.execute(revision.update().values(value=2))
    assert caught.value.code == "database_unavailable"
    assert caught.value.retry_after_seconds
    hasty.close()
    patient.close()


def test_a_failure_names_neither_statement_nor_data(database: Database) -> None:
    row = insert(trees).values({**TREE, "log": "a secret"})
    with database.writing() as connection:
        connection.execute(row)
    with pytest.raises(Unavailable) as caught, database.writing() as connection:
        connection.execute(row)
    assert "secret" not in str(caught.value)
    assert "INSERT" not in str(caught.value)
    assert "SQLITE_CONSTRAINT_PRIMARYKEY" in str(caught.value) or "23505" in str(caught.value)


def test_a_full_disk_is_named_with_its_remedy() -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorname = "SQLITE_FULL"
    for error in (full, psycopg.errors.DiskFull("could not extend file")):
        with pytest.raises(Unavailable) as caught, answered("ledger_unavailable"):
            raise error
        assert caught.value.code == "ledger_unavailable"
        assert "disk" in caught.value.hint


def test_a_driver_that_another_thread_is_importing_hides_no_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", ModuleType("psycopg"))
    with pytest.raises(Unavailable), answered("ledger_unavailable"):
        raise sqlite3.OperationalError("disk I/O error")


def test_our_own_errors_pass_unchanged(database: Database) -> None:
    with pytest.raises(Misconfigured), database.writing():
        raise Misconfigured("any", "It has nothing to do with the database.")


def test_a_tenant_cannot_own_a_row_of_another(database: Database) -> None:
    """The database itself refuses an agent whose workspace belongs to another organization."""
    people = "INSERT INTO people VALUES ('per_1', 'org_1', 'n', 'e', 0)"
    with database.writing() as connection:
        for number in (1, 2):
            row = {"id": f"org_{number}", "slug": f"s{number}"}
            organization = text("INSERT INTO organizations VALUES (:id, :slug, 'n', 'active', 0)")
            connection.execute(organization, row)
        connection.execute(text(people))
        workspace = "INSERT INTO workspaces VALUES ('wsp_2', 'org_2', 's', 'n', 0)"
        connection.execute(text(workspace))
    agent = (
        "INSERT INTO agents VALUES"
        " ('agt', 'org_1', 'wsp_2', 'per_1', 'n', 'p', '[]', 'active', 0, 0)"
    )
    with pytest.raises(Unavailable), database.writing() as connection:
        connection.execute(text(agent))

"""What an earlier version wrote is carried over."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from msgspec.structs import replace
from sqlalchemy import text

from gatebook.control.scoping import STANDARD
from gatebook.identity.directory import Agent, Provider
from gatebook.storage.database import Database, open_database
from gatebook.storage.directory import SqlRecords
from gatebook.storage.migrate import _alembic, migrate
from gatebook.storage.migrations.versions import m0003_scopes, m0005_addresses
from tests.databases import PostgresqlServer
from tests.decisions import ACME, ALICE, MAIN, OPENAI


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> str:
    """The URL of an SQLite database without any table."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def empty_postgresql(postgresql: PostgresqlServer) -> Iterator[str]:
    """The URL of a PostgreSQL database without any table."""
    postgresql.create("gatebook_empty")
    yield postgresql.url("gatebook_empty")
    postgresql.drop("gatebook_empty")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of each kind without any table."""
    database = open_database(request.getfixturevalue(f"empty_{request.param}"))
    yield database
    database.close()


def upgrade(database: Database, schema: str) -> None:
    with database.writing() as connection:
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, schema)


def test_an_agent_keeps_its_models_and_gets_a_scope_that_says_the_rest(empty: Database) -> None:
    upgrade(empty, m0003_scopes.down_revision)
    with empty.writing() as connection:
        for row in (ACME, MAIN, ALICE):
            SqlRecords(connection).save(row)
        connection.execute(
            text(
                "INSERT INTO agents (id, organization_id, workspace_id, owner_id, name, purpose,"
                " models, status, epoch, created_at) VALUES ('agt_1', 'org_1', 'wsp_1', 'per_1',"
                """ 'mailer', 'mail', '["gpt-*", "o3"]', 'active', 3, 7)"""
            )
        )
        connection.execute(
            text(
                "INSERT INTO providers (id, organization_id, name, dialect, base_url, models,"
                " status, created_at) VALUES ('prv_1', 'org_1', 'openai', 'openai',"
                """ 'https://api.openai.com', '["*"]', 'active', 0)"""
            )
        )
    migrate(empty)
    with empty.reading() as connection:
        (agent,) = SqlRecords(connection).find(Agent)
        (provider,) = SqlRecords(connection).find(Provider)
    assert agent.scope == replace(STANDARD, models=("gpt-*", "o3"))
    assert (agent.name, agent.epoch) == ("mailer", 3)
    assert provider == OPENAI


def test_addresses_that_were_kept_without_the_version_of_the_api_get_it(empty: Database) -> None:
    """What is added later is kept as it is given, and stays so."""
    given = {"openai": "https://llm.example/x", "anthropic": "https://api.anthropic.com"}
    upgrade(empty, m0005_addresses.down_revision)
    with empty.writing() as connection:
        SqlRecords(connection).save(ACME)
        for name, base_url in given.items():
            row = replace(OPENAI, id=name, name=name, dialect=name, base_url=base_url)
            SqlRecords(connection).save(row)
    migrate(empty)
    migrate(empty)
    with empty.reading() as connection:
        found = {each.name: each.base_url for each in SqlRecords(connection).find(Provider)}
    assert found == {**given, "openai": "https://llm.example/x/v1"}


def test_a_provider_of_which_nothing_is_said_may_be_sent_nothing(empty: Database) -> None:
    """Whoever writes rows by hand and leaves a column out grants nothing by that."""
    migrate(empty)
    with empty.writing() as connection:
        SqlRecords(connection).save(ACME)
        connection.execute(
            text(
                "INSERT INTO providers (id, organization_id, name, dialect, base_url, models,"
                " status, created_at) VALUES ('prv_1', 'org_1', 'openai', 'openai', '', '[]',"
                " 'active', 0)"
            )
        )
        (provider,) = SqlRecords(connection).find(Provider)
    assert (provider.region, provider.data_classes) == ("", ())

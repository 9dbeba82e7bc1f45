"""Builds everything once, from the settings: what commands are carried out with and work on.

Nothing below knows where its parts come from; nothing above builds parts itself.
"""

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module

from gatebook.app.book import CommandBook
from gatebook.app.child import Child
from gatebook.app.config import DATABASE_NAME, Config, Loaded
from gatebook.app.folders import command_kinds, dialects
from gatebook.app.init import create
from gatebook.app.keyring import Keyring, load_keyring
from gatebook.app.notary_client import open_notary
from gatebook.app.notary_on_call import NotaryOnCall
from gatebook.app.rollback import RollbackGuard
from gatebook.control.apply import Control, LocalOperator
from gatebook.core.clock import Clock, SystemClock
from gatebook.core.errors import NotFound
from gatebook.core.ids import system_entropy
from gatebook.identity.directory import Directory
from gatebook.ledger.ports import Certifier
from gatebook.storage.book import SqlStore
from gatebook.storage.database import SCHEMA, Database, check_schema, open_database, schema_of
from gatebook.storage.directory import load_snapshot
from gatebook.storage.sequence import Sequencer


def operator() -> LocalOperator:
    """Who runs this process, as the kernel says; no variable and no option can say otherwise."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user need not have a name
        user = ""
    return LocalOperator(uid=uid, user=user, host=socket.gethostname())


@contextmanager
def open_installation(config: Config, *, migrating: bool = False) -> Iterator[Database]:
    """The database of an installation, which is set up at first use.

    Raises Misconfigured if another version wrote it. One that an older version wrote is brought to
    this one with `migrating` alone: from then on no process of the older one can use it.
    """
    create(config, system_entropy)
    with closing(_database(config)) as database:
        found = schema_of(database)
        if found is None or (migrating and found != SCHEMA):
            # By name: Alembic is large, and needed once in the life of a version.
            import_module("gatebook.storage.migrate").migrate(database)
        check_schema(database)
        yield database


@contextmanager
def look_into(config: Config) -> Iterator[Database]:
    """The database of an installation that exists; makes and changes nothing.

    Raises NotFound, and Misconfigured if another version wrote it.
    """
    missing = NotFound(
        "installation_missing",
        f"There is no installation in {config.data}, or it was never used.",
        "gatebook serve makes one; --data names another folder.",
    )
    is_there = config.storage.url or (config.data / DATABASE_NAME).exists()
    if not config.data.exists() or not is_there:
        raise missing
    with closing(_database(config)) as database:
        if schema_of(database) is None:
            raise missing
        check_schema(database)
        yield database


def _database(config: Config) -> Database:
    return open_database(config.database_url, wait_seconds=config.storage.wait_seconds)


def read_directory(config: Config) -> Directory:
    """Who is who at this moment."""
    with look_into(config) as database, database.reading() as connection:
        return load_snapshot(connection)


@contextmanager
def open_control(loaded: Loaded) -> Iterator[Control]:
    """What administrative commands are carried out with; its streams close at the end."""
    config, clock = loaded.config, SystemClock()
    with open_installation(config) as database:
        keyring = load_keyring(config, system_entropy)
        with (
            _notary(loaded, keyring, database) as notary,
            control_of(config, keyring, database, notary, clock) as control,
        ):
            yield control


@contextmanager
def control_of(
    config: Config, keyring: Keyring, database: Database, certifier: Certifier, clock: Clock
) -> Iterator[Control]:
    """What commands are carried out with on an open database; its streams close at the end."""
    with CommandBook(
        database=database,
        store=SqlStore(database, clock),
        certifier=certifier,
        settings=config.ledger,
        clock=clock,
        entropy=system_entropy,
    ) as book:
        yield Control(
            book=book,
            commands=command_kinds(),
            dialects=dialects(),
            origin=config.ledger.origin,
            kek=keyring.kek,
            peppers=keyring.peppers,
            settings=config.identity,
            clock=clock,
            entropy=system_entropy,
        )


def _notary(loaded: Loaded, keyring: Keyring, database: Database) -> NotaryOnCall:
    """The notary, started for as long as it is needed where it is embedded and does not run."""
    notary = open_notary(loaded.config, keyring.installation)
    guard = RollbackGuard(notary, Sequencer(database), loaded.config.data / "log")
    is_ours = loaded.config.notary.embedded
    return NotaryOnCall(guard, (lambda: Child("notary", loaded.arguments)) if is_ours else None)

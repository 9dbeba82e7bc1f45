"""An installation without processes: orders are carried out on a real database by a real writer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gatebook.app.book import CommandBook
from gatebook.app.folders import dialects
from gatebook.control import commands
from gatebook.control.apply import Answer, Control, LocalOperator, Order, carry_out
from gatebook.control.command import Command
from gatebook.control.inputs import read_command
from gatebook.core.envelope import DataKey, LocalKek, open_data_key
from gatebook.core.ids import system_entropy
from gatebook.core.registry import one_each
from gatebook.identity.directory import Directory
from gatebook.identity.keys import Peppers
from gatebook.identity.settings import IdentitySettings
from gatebook.ledger.settings import LedgerSettings
from gatebook.storage.book import SqlStore
from gatebook.storage.database import Database
from gatebook.storage.directory import load_data_keys, load_snapshot
from tests.simulators.certifier import LocalCertifier
from tests.simulators.clock import SetClock
from tests.simulators.stores import FaultyStore

ORIGIN = "log.example"
OPERATOR = LocalOperator(uid=1000, user="olga", host="gw-1")
ENROLL = {"owner": "alice@example.com", "purpose": "answers mail", "model": ["gpt-*"]}


class Office:
    """Takes orders by the name of their command, and looks at what came of them."""

    def __init__(
        self, database: Database, store: FaultyStore[Any], book: CommandBook, clock: SetClock
    ) -> None:
        self.database = database
        self.store = store
        self.clock = clock
        self.peppers = Peppers({1: bytes(range(32))})
        self.kek = LocalKek(bytes(32), system_entropy)
        self.control = Control(
            book=book,
            commands=one_each(commands, Command),
            dialects=dialects(),
            origin=ORIGIN,
            kek=self.kek,
            peppers=self.peppers,
            settings=IdentitySettings(),
            clock=clock,
            entropy=system_entropy,
        )

    def order(
        self, command: str, *, reason: str = "", idempotency_key: str = "", **values: Any
    ) -> Answer:
        """Have a command carried out."""
        return carry_out(
            self.control,
            Order(
                command=read_command(self.control.commands[command], values),
                by=OPERATOR,
                reason=reason,
                idempotency_key=idempotency_key,
            ),
        )

    def enroll(self, **values: Any) -> Answer:
        """Enroll an agent whose other values do not matter."""
        return self.order("enroll_agent", **{**ENROLL, **values})

    @property
    def directory(self) -> Directory:
        """Who is who, as a gateway would load it."""
        with self.database.reading() as connection:
            return load_snapshot(connection)

    @property
    def data_keys(self) -> dict[str, DataKey]:
        """Every data key in the clear, by its id."""
        with self.database.reading() as connection:
            return {key.id: open_data_key(key, self.kek) for key in load_data_keys(connection)}


@contextmanager
def open_office(database: Database) -> Iterator[Office]:
    """An office on this database, closed at the end."""
    clock = SetClock()
    store = FaultyStore(SqlStore(database, clock))
    with CommandBook(
        database=database,
        store=store,
        certifier=LocalCertifier(clock),
        settings=LedgerSettings(),
        clock=clock,
        entropy=system_entropy,
    ) as book:
        yield Office(database, store, book, clock)


@pytest.fixture
def office(database: Database) -> Iterator[Office]:
    """An office on each kind of database."""
    with open_office(database) as opened:
        yield opened

"""The book as commands use it: a writer of their own, whose answers they wait for."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Final, Self

from gatebook import __version__
from gatebook.control.ports import Book, Records, Work
from gatebook.core.clock import Clock
from gatebook.core.errors import GatebookError, Unavailable
from gatebook.core.ids import Entropy
from gatebook.ledger.append import Draft, Writer
from gatebook.ledger.attempt import Outcome, Receipt
from gatebook.ledger.events import Event
from gatebook.ledger.ports import Certifier, Position, Store
from gatebook.ledger.settings import LedgerSettings
from gatebook.storage.database import Database
from gatebook.storage.directory import SqlRecords

WRITER: Final = "cli"
"""Under this name every administrative change is written, and nothing else."""

_WAIT_SECONDS: Final = 60


class CommandBook(Book):
    """Implements `control.ports.Book`; its streams open with the first entry and close at exit."""

    def __init__(
        self,
        *,
        database: Database,
        store: Store[Any],
        certifier: Certifier,
        settings: LedgerSettings,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._writer = Writer(
            role=WRITER,
            version=__version__,
            store=store,
            certifier=certifier,
            announce=_answer,
            counts=dict,
            settings=settings,
            clock=clock,
            entropy=entropy,
        )

    def __enter__(self) -> Self:
        self._writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    @contextmanager
    def reading(self) -> Iterator[Records]:
        """See control.ports.Book."""
        with self._database.reading() as connection:
            yield SqlRecords(connection)

    def append(self, log: str, work: Work) -> Receipt:
        """See control.ports.Book; Unavailable without an answer leaves open whether it was done."""
        waiting: Future[Receipt] = Future()

        def within(connection: Any, position: Position) -> Event:
            return work(SqlRecords(connection), position)

        self._writer.submit([Draft(log, within, waiting)])
        try:
            return waiting.result(_WAIT_SECONDS)
        except TimeoutError:
            raise Unavailable(
                "order_unanswered",
                f"No answer within {_WAIT_SECONDS} seconds; the change may have been made or not.",
                "Look at what there is, or repeat the order with its idempotency key.",
            ) from None


def _answer(outcomes: list[Outcome]) -> None:
    for waiting, outcome in outcomes:
        if waiting is None:  # an opening, closing or heartbeat entry
            continue
        if isinstance(outcome, GatebookError):
            waiting.set_exception(outcome)
        else:
            waiting.set_result(outcome)

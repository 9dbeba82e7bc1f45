"""A ledger writer and those who wait for its answers."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from queue import SimpleQueue
from typing import Any, Generic

from gatebook.core.clock import Clock
from gatebook.core.errors import GatebookError
from gatebook.core.ids import Entropy, system_entropy
from gatebook.ledger.append import Draft, Writer
from gatebook.ledger.attempt import Outcome, Receipt
from gatebook.ledger.events import Event
from gatebook.ledger.events.call import CallIntended
from gatebook.ledger.ports import Certifier, Position, Store, Tx
from gatebook.ledger.settings import LedgerSettings
from tests.simulators.certifier import LocalCertifier
from tests.simulators.clock import SetClock

LOG = "log.example/acme"
EVENT = CallIntended.example()

Work = Callable[[Tx, Position], Event]


class Recorder(Generic[Tx]):
    """Submits drafts and waits for all of their outcomes."""

    def __init__(
        self,
        store: Store[Tx],
        *,
        clock: Clock | None = None,
        certifier: Certifier | None = None,
        settings: LedgerSettings | None = None,
        counts: Callable[[], dict[str, int]] = dict,
        entropy: Entropy = system_entropy,
        role: str = "gateway",
    ) -> None:
        clock = clock or SetClock()
        self.answered: Counter[Any] = Counter()
        self._outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self._tickets = count(1)
        self.writer = Writer(
            role=role,
            version="0.0.0",
            store=store,
            certifier=certifier or LocalCertifier(clock),
            announce=self._announce,
            counts=counts,
            settings=settings or LedgerSettings(),
            clock=clock,
            entropy=entropy,
        )

    def start(self) -> "Recorder[Tx]":
        """Let the writer write."""
        self.writer.start()
        return self

    def submit(self, event: Event | Work[Tx] = EVENT, log: str = LOG) -> int:
        """Queue one draft; gives its ticket."""
        ticket = next(self._tickets)
        self.writer.submit([Draft(log, event, ticket)])
        return ticket

    def wait(self, tickets: Sequence[int]) -> list[Receipt | GatebookError]:
        """The outcomes of these drafts, in their order; every one within ten seconds."""
        outcomes: dict[int, Receipt | GatebookError] = {}
        while len(outcomes) < len(tickets):
            ticket, outcome = self._outcomes.get(timeout=10)
            assert ticket in tickets
            outcomes[ticket] = outcome
        return [outcomes[ticket] for ticket in tickets]

    def record(self, *events: Event | Work[Tx], log: str = LOG) -> list[Receipt | GatebookError]:
        """Submit these, or one call, and wait for them."""
        return self.wait([self.submit(event, log) for event in events or (EVENT,)])

    def receipts(self, *events: Event | Work[Tx], log: str = LOG) -> list[Receipt]:
        """Record these, all of which have to succeed."""
        outcomes = self.record(*events, log=log)
        return [receipt for receipt in outcomes if isinstance(receipt, Receipt)]

    def close(self) -> None:
        """Close the writer; nobody was answered twice."""
        self.writer.close()
        assert set(self.answered.values()) <= {1}

    def _announce(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            self.answered[outcome[0]] += 1
            self._outcomes.put(outcome)

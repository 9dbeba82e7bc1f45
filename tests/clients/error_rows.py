"""The rows of the table of errors: small functions that put a running gate into a state.

Each has an agent of its own, so that one gate is enough for nearly all of them.
"""

from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from typing import Any, NamedTuple

import pytest

from gatebook.core.errors import Refused, Unavailable
from gatebook.gateway import pipeline
from gatebook.gateway.guarding import Guard
from gatebook.guard.inspect import Inspection
from gatebook.ledger.events import Event
from gatebook.ledger.events.call import CallConcluded
from tests.clients.speakers import MOST, SPEAKERS, Speaker
from tests.clients.test_boto3 import Tls
from tests.gates import MODELS, eventually
from tests.policies import seen
from tests.simulators.stores import Fault

DIALECTS = [*SPEAKERS]


class World:
    """A gate, and what a row may do to it before one dialect is spoken."""

    def __init__(self, tls: Tls, dialect: str, stack: ExitStack) -> None:
        self.tls = tls
        self.gate = tls.gate
        self.speaks = SPEAKERS[dialect]
        self.number = DIALECTS.index(dialect)
        self.stack = stack
        self.model = self.speaks.model
        self.text = "hi"
        self.asks: list[Callable[[Speaker], object]] = [
            lambda speaker: speaker.whole(self.model, self.text),
            lambda speaker: list(speaker.stream(self.model, self.text)),
        ]
        self.key: str | None = ""

    def enroll(self, **values: Any) -> str:
        """Have the call made by an agent of its own; its name."""
        self.name = f"bot-{next(_NUMBERS)}"
        scope = {"model": MODELS, **values}
        answer = self.gate.office.enroll(name=self.name, **scope)
        assert answer.shown_once is not None
        self.key = answer.shown_once.reveal()
        return self.name

    def order(self, command: str, **values: Any) -> None:
        """Give an order about that agent."""
        self.gate.office.order(command, agent=self.name, reason="to see it", **values)

    def heard(self) -> None:
        """Wait until the gate knows of all that was ordered."""
        snapshots, revision = (
            self.gate.application._gate.snapshots,
            self.gate.office.directory.revision,
        )
        eventually(lambda: snapshots.current().directory.revision >= revision)

    def speaker(self) -> Speaker:
        """The package, set up with the key."""
        monkeypatch = self.stack.enter_context(pytest.MonkeyPatch.context())
        monkeypatch.setenv("SSL_CERT_FILE", str(self.tls.ca))
        if self.key is not None:
            monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", self.key)
        speaker = self.speaks(self.tls, self.key)
        self.stack.callback(speaker.opened.close)
        return speaker

    def inspects(self, found: Inspection | Exception) -> None:
        """Have the guard find that in a request, or fail."""

        async def inspect(*_: object) -> Inspection:
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch = self.stack.enter_context(pytest.MonkeyPatch.context())
        monkeypatch.setattr(Guard, "inspect", inspect)

    def replaces(self, stage: str, raises: Exception) -> None:
        """Have a stage of the pipeline fail."""

        def failing(*_: object) -> None:
            raise raises

        monkeypatch = self.stack.enter_context(pytest.MonkeyPatch.context())
        monkeypatch.setattr(pipeline, stage, failing)


_NUMBERS = count()


# -- the rows --------------------------------------------------------------------------------------


def no_key(world: World) -> None:
    world.key = None


def invalid_key(world: World) -> None:
    world.enroll()
    world.key = f"{world.key}0"


def expired_key(world: World) -> None:
    clock = world.gate.office.clock
    clock.advance(-120)
    world.enroll(key_life_seconds=60)
    clock.advance(120)


def revoked_key(world: World) -> None:
    world.enroll()
    world.order("revoke_key")


def other_address(world: World) -> None:
    world.enroll(source=["192.0.2.7"])


def suspended(world: World) -> None:
    world.enroll()
    world.order("suspend_agent")


def retired(world: World) -> None:
    world.enroll()
    world.order("retire_agent")


def stopped(world: World) -> None:
    world.enroll()
    world.heard()
    world.gate.engage("agent", world.name)


def other_model(world: World) -> None:
    world.enroll(model=["o4-*"])


def other_provider(world: World) -> None:
    world.enroll(provider=["another-*"])


def other_operation(world: World) -> None:
    world.enroll(operation=["embeddings"])


def text_not_allowed(world: World) -> None:
    world.enroll()
    world.order("set_guard_rule", rule="secret=block")
    world.inspects(seen("secret"))


def waits_for_approval(world: World) -> None:
    """No part asks people yet; one that does raises this."""
    world.enroll()
    world.replaces("permit", Refused("approval_required", "Not yet."))


def too_large(world: World) -> None:
    world.enroll()
    world.text = "a" * (1024 * 1024)


def too_fast(world: World) -> None:
    world.enroll()
    world.order("set_limit", limit="1requests/minute")
    world.heard()
    world.speaker().whole(world.model)


def budget(world: World) -> None:
    world.enroll()
    world.order("set_limit", limit=f"{MOST}tokens/month")


def circuit(world: World) -> None:
    """Each dialect fails by a status of its own: those of one vendor share their circuits."""
    world.enroll()
    world.model = f"sim-error-{510 + world.number}"
    world.heard()
    speaker = world.speaker()
    breakers = world.gate.application._gate.breakers
    before = breakers.open_count
    while breakers.open_count == before:
        with pytest.raises(Exception, match=r"(?i)as the model|error"):
            speaker.whole(world.model)


def timeout(world: World) -> None:
    world.enroll()
    world.model = f"sim-slow-{30 + world.number}"  # circuits are shared here, too


def book_down(world: World) -> None:
    world.enroll()
    world.heard()
    world.gate.store.faults = [Fault.COMMIT] * 1000

    def mend() -> None:
        world.gate.store.faults = []
        eventually(lambda: world.gate.ask().status_code == 200)

    world.stack.callback(mend)


def outcome_lost(world: World) -> None:
    """Of a whole answer; a stream has begun by then."""
    world.enroll()
    world.asks = world.asks[:1]
    book = world.gate.application._gate.book
    real = book.record

    async def failing(log: str, event: Event, **options: Any) -> Any:
        if isinstance(event, CallConcluded):
            raise Unavailable("audit_unavailable", "It cannot be recorded.")
        return await real(log, event, **options)

    world.stack.enter_context(pytest.MonkeyPatch.context()).setattr(book, "record", failing)


def nobody_expected(world: World) -> None:
    world.enroll()
    world.inspects(RuntimeError("nobody expected this"))


def not_served(world: World) -> None:
    world.enroll()
    world.asks = [lambda speaker: speaker.unserved()]


def unknown_address(world: World) -> None:
    world.enroll()
    world.asks = [lambda speaker: speaker.unknown()]


class Row(NamedTuple):
    """A refusal: how it comes about, what it is to a vendor and to us."""

    state: Callable[[World], None]
    kind: str
    code: str
    helps: bool = False
    """Whether sending the same again can help."""
    recorded: bool = True
    """Whether there is an entry, which the answer names."""


ROWS = [
    Row(no_key, "unidentified", "invalid_api_key", recorded=False),
    Row(invalid_key, "unidentified", "invalid_api_key", recorded=False),
    Row(expired_key, "unidentified", "key_expired"),
    Row(revoked_key, "unidentified", "invalid_api_key"),
    Row(retired, "unidentified", "invalid_api_key"),
    Row(other_address, "refused", "ip_not_allowed"),
    Row(suspended, "refused", "agent_suspended"),
    Row(stopped, "refused", "stopped"),
    Row(other_model, "refused", "model_not_allowed"),
    Row(other_provider, "refused", "provider_not_allowed"),
    Row(other_operation, "refused", "operation_not_allowed"),
    Row(waits_for_approval, "refused", "approval_required"),
    Row(text_not_allowed, "invalid", "content_policy_violation"),
    Row(too_large, "too large", "body_too_large"),
    Row(too_fast, "too fast", "rate_limit_exceeded", helps=True),
    Row(budget, "spent", "insufficient_quota"),
    Row(circuit, "overloaded", "upstream_unavailable", helps=True),
    Row(book_down, "unavailable", "audit_unavailable", helps=True, recorded=False),
    Row(outcome_lost, "withheld", "audit_unavailable"),
    Row(nobody_expected, "broken", "internal_error"),
    Row(not_served, "invalid", "account_wide"),
    Row(unknown_address, "unknown", "unknown_url"),
]
ELSEWHERE = [
    Row(budget, "spent, 402", "insufficient_quota"),
    Row(timeout, "timeout", "upstream_timeout"),
]
"""Those that need other settings."""


def name_of_row(row: Row) -> str:
    """How a case of a test is called."""
    return row.state.__name__

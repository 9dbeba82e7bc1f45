"""A call that is turned away is told of in the state in which its caller was identified."""

import asyncio
from collections import Counter
from collections.abc import MutableMapping
from typing import Any

from gatebook.app.folders import dialects
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.core.errors import GatebookError, Refused, Unavailable
from gatebook.core.ids import system_entropy
from gatebook.gateway.allowance import Allowance
from gatebook.gateway.bodies import Bodies, Hold
from gatebook.gateway.book import Book
from gatebook.gateway.breaker import Breakers
from gatebook.gateway.front import Front
from gatebook.gateway.gate import Gate
from gatebook.gateway.guarding import Guard
from gatebook.gateway.passage import refused
from gatebook.gateway.pipeline import conduct
from gatebook.gateway.probes import Probes
from gatebook.gateway.reading import Routes
from gatebook.gateway.refusals import Refusals
from gatebook.gateway.settings import GatewaySettings, UpstreamSettings
from gatebook.gateway.snapshot import Snapshot, Snapshots
from gatebook.gateway.stopping import Stopping
from gatebook.gateway.telemetry import Telemetry
from gatebook.gateway.unsigned import Unsigned
from gatebook.gateway.upstream import Upstream
from gatebook.guard.inspect import Inspector
from gatebook.ledger.events.call import CallRefused
from gatebook.ledger.settings import LedgerSettings
from gatebook.policy.limits.settings import LimitSettings
from gatebook.policy.treating import Looked
from gatebook.web.client import Client
from gatebook.web.exchange import Exchange
from gatebook.web.problem import Answer, problem
from gatebook.web.server import Edge
from gatebook.web.tasks import Tasks
from tests.recorder import LOG
from tests.simulators.clock import NOON_US, SetClock
from tests.simulators.leases import MemoryAccounts, MemoryLeases
from tests.unit.gateway.test_book import answer, opened, receipts, until
from tests.unit.gateway.test_probes import Kept
from tests.unit.gateway.test_snapshot import TOKEN, HandSource, snapshot, snapshots


class HandConnection:
    """A peer that stays; its answers are put into `said`."""

    client = ("127.0.0.1", 5000)
    edge = Edge(connections=1, head_seconds=1, body_seconds=1, refusal=problem)
    fault = None
    hang_up = None
    is_gone = False

    def __init__(self, said: list[Answer]) -> None:
        self.said = said

    async def answer(self, _cycle: object, answer: Answer) -> None:
        """See EdgeProtocol."""
        self.said.append(answer)


class NoOrders:
    """A folder without an order to stop."""

    def pending(self) -> dict[str, EngageStop]:
        """See gateway.stopping.Orders."""
        return {}


async def nothing() -> MutableMapping[str, Any]:
    """What comes of a body that is not read by this."""
    raise AssertionError


def exchange(said: list[Answer]) -> Exchange:
    """A call for gpt-4o whose answer is put into `said`."""

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b'{"model":"gpt-4o"}', "more_body": False}

    async def send(_message: MutableMapping[str, Any]) -> None:
        raise AssertionError("an answer of one piece is given in one")

    scope = {
        "method": "POST",
        "raw_path": b"/v1/chat/completions",
        "query_string": b"",
        "headers": [
            (b"authorization", b"Bearer " + TOKEN.encode()),
            (b"content-type", b"application/json"),
        ],
        "state": {"connection": HandConnection(said), "cycle": None},
    }
    return Exchange(scope, receive, send)


def refusal(error: GatebookError, state: Snapshot) -> CallRefused:
    """What is recorded of the call in that state."""
    principal = state.identify(TOKEN, NOON_US)
    policy = state.policies.of(principal).digest
    return refused(principal, "chat.completions", error, policy, Looked())


def gate(book: Book, kept: Snapshots, clock: SetClock) -> Gate:
    tasks = Tasks()
    upstream = Upstream(Client(1, lambda _: False), "1", clock)
    stopping = Stopping(
        NoOrders(),
        kept,
        book,
        gateway="gateway",
        platform_log=LOG,
        settings=GatewaySettings(),
        clock=clock,
    )
    return Gate(
        guard=Guard(Inspector([]), lambda _principal, _call: None),
        allowance=Allowance(
            MemoryLeases(MemoryAccounts(), "hld_1"),
            tasks,
            settings=LimitSettings(),
            wait_seconds=5,
            clock=clock,
        ),
        bodies=Bodies(1024, spare=0),
        routes=Routes([*dialects().values()]),
        snapshots=kept,
        book=book,
        refusals=Refusals(book, tasks),
        stopping=stopping,
        unsigned=Unsigned(dict, lambda log, sid: 0, settings=LedgerSettings(), clock=clock),
        upstream=upstream,
        dialects=dialects(),
        breakers=Breakers(UpstreamSettings(), clock, lambda *_: None),
        probes=Probes(
            snapshots=kept,
            upstream=upstream,
            dialects=dialects(),
            book=book,
            stopping=stopping,
            health=Kept(),
            settings=UpstreamSettings(),
            clock=clock,
        ),
        tasks=tasks,
        telemetry=Telemetry([]),
        front=Front(),
        counts=Counter(),
        settings=GatewaySettings(),
        clock=clock,
        entropy=system_entropy,
    )


async def test_a_refusal_is_of_the_state_of_its_caller_and_decides_nothing_in_the_next() -> None:
    """The agent loses the model while the intent of its call waits for the ledger."""
    source, clock = HandSource(), SetClock()
    kept = snapshots(source, clock)
    await kept.refresh()
    older, newer = source.current, snapshot(revision=2, models=("o4-*",))
    said: list[Answer] = []
    async with opened() as (book, writer):
        parts = gate(book, kept, clock)
        first = asyncio.ensure_future(conduct(parts, exchange(said), Hold(parts.bodies, nothing)))
        await until(writer, 1)
        source.current = newer
        await kept.refresh()
        answer(writer, Unavailable("ledger_unavailable", "No."))
        await first
        second = asyncio.ensure_future(conduct(parts, exchange(said), Hold(parts.bodies, nothing)))
        flush = asyncio.ensure_future(parts.refusals.flush())
        await until(writer, 3)
        told = {draft.event for draft in writer.drafts[1:]}
        del writer.drafts[0]
        answer(writer, *receipts(2))
        await asyncio.gather(second, flush)
    assert [answer.status for answer in said] == [503, 403]
    assert told == {
        refusal(Unavailable("audit_unavailable", ""), older),
        refusal(Refused("model_not_allowed", "", rule="agent.scope.models"), newer),
    }

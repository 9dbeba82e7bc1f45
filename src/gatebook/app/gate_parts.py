"""Puts a gate together from its surroundings, part by part, and takes it apart again.

Each part says how it ends where it is made: whatever becomes of the others, it does.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from gatebook import __version__
from gatebook.app.gate_loops import begin_loops, end_loops
from gatebook.app.gate_surroundings import Surroundings
from gatebook.app.telemetry import Instruments
from gatebook.core.addresses import may_reach
from gatebook.gateway.allowance import Allowance
from gatebook.gateway.bodies import Bodies
from gatebook.gateway.book import Book
from gatebook.gateway.breaker import Breakers
from gatebook.gateway.front import Front
from gatebook.gateway.gate import Gate
from gatebook.gateway.guarding import Guard
from gatebook.gateway.probes import Probes
from gatebook.gateway.reading import Routes
from gatebook.gateway.refusals import Refusals
from gatebook.gateway.snapshot import Snapshots
from gatebook.gateway.upstream import Upstream
from gatebook.identity.identify import Principal
from gatebook.ledger.append import Writer
from gatebook.web.client import Client
from gatebook.web.tasks import Tasks


@asynccontextmanager
async def open_gate(given: Surroundings, front: Front) -> AsyncIterator[Gate]:
    """The gate on the running event loop; at the end its streams are closed.

    What is made first ends last: calls, what they were charged, the book, what is told of it.
    """
    config, clock, presence = given.config, given.clock, given.presence
    counts: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(presence.close)
        instruments = Instruments(config.telemetry, clock, number=presence.number)
        stack.push_async_callback(instruments.close)
        snapshots = Snapshots(given.source, settings=config.gateway, clock=clock)
        await snapshots.refresh()
        book = _book(given, counts)
        stack.push_async_callback(book.close)
        upstream = Upstream(Client(config.gateway.connect_seconds, may_reach), __version__, clock)
        stack.callback(upstream.close)
        stopping = await given.keeper.open(snapshots, book)
        stack.callback(stopping.close)
        stack.enter_context(given.keeper.watching())
        tasks = Tasks()
        allowance = _allowance(given, tasks)
        stack.push_async_callback(allowance.close)
        refusals = Refusals(book, tasks)
        stack.push_async_callback(refusals.flush)
        stack.push_async_callback(tasks.finish, config.ledger.append_timeout_seconds)
        probes = Probes(
            snapshots=snapshots,
            upstream=upstream,
            dialects=given.dialects,
            book=book,
            stopping=stopping,
            health=given.health,
            settings=config.upstream,
            clock=clock,
        )
        guard = Guard(given.inspector, partial(_quarantine, given, tasks))
        stack.callback(guard.close)
        gate = Gate(
            allowance=allowance,
            bodies=Bodies(config.memory.bodies_limit_bytes, spare=config.gateway.reply_limit_bytes),
            routes=Routes(list(given.dialects.values())),
            snapshots=snapshots,
            book=book,
            refusals=refusals,
            guard=guard,
            stopping=stopping,
            unsigned=given.unsigned,
            dialects=given.dialects,
            upstream=upstream,
            breakers=Breakers(config.upstream, clock, probes.circuit_changed),
            probes=probes,
            tasks=tasks,
            telemetry=instruments.telemetry,
            front=front,
            counts=counts,
            settings=config.gateway,
            clock=clock,
            entropy=given.entropy,
        )
        stack.push_async_callback(end_loops, begin_loops(given, gate))
        await instruments.serve(gate)
        yield gate


def _quarantine(given: Surroundings, tasks: Tasks, principal: Principal, call: str) -> None:
    """Have an agent put into quarantine for what the guard found in a call."""
    reason = f"The guard took the call {call} for an attack."
    put = partial(given.keeper.quarantine, principal.agent, principal.organization, reason)
    tasks.spawn(asyncio.to_thread(put), "putting an agent into quarantine")


def _allowance(given: Surroundings, tasks: Tasks) -> Allowance:
    return Allowance(
        given.leases,
        tasks,
        settings=given.config.limits,
        wait_seconds=given.config.storage.wait_seconds,
        clock=given.clock,
    )


def _book(given: Surroundings, counts: Counter[str]) -> Book:
    """The book with its writer, whose heartbeats tell the counts."""
    open_writer = partial(
        Writer[Any],
        role=given.presence.name,
        version=__version__,
        store=given.store,
        certifier=given.certifier,
        counts=lambda: dict(counts),
        settings=given.config.ledger,
        clock=given.clock,
        entropy=given.entropy,
    )
    return Book(
        lambda told: open_writer(announce=told),
        timeout_seconds=given.config.ledger.append_timeout_seconds,
        clock=given.clock,
    )

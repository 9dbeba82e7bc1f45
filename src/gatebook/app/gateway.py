"""The gate as a process: one event loop, and the ledger's writer as a thread beside it."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from functools import partial
from typing import Any

from uvicorn import Config as ServerConfig

from gatebook import __version__
from gatebook.app.binding import bind_to
from gatebook.app.config import Config
from gatebook.app.folders import dialects
from gatebook.app.followers import Step, follow
from gatebook.app.gate_server import GateServer
from gatebook.app.keyring import Keyring, load_keyring
from gatebook.app.limits import open_leases, price_tables
from gatebook.app.notary_client import open_notary
from gatebook.app.presence import Presence
from gatebook.app.rollback import RollbackGuard
from gatebook.app.serving import address_of
from gatebook.app.snapshots import SqlSource
from gatebook.app.stop_keeper import StopKeeper, keeper_of
from gatebook.app.telemetry import Instruments
from gatebook.app.tls import Tls, open_tls
from gatebook.app.watched_store import WatchedStore
from gatebook.core.addresses import may_reach
from gatebook.core.clock import Clock, SystemClock
from gatebook.core.errors import GatebookError
from gatebook.core.ids import Entropy, system_entropy
from gatebook.gateway.allowance import ROUND_SECONDS, Allowance
from gatebook.gateway.asgi import GateApplication
from gatebook.gateway.bodies import Bodies
from gatebook.gateway.book import Book
from gatebook.gateway.breaker import Breakers
from gatebook.gateway.front import Front
from gatebook.gateway.gate import Gate
from gatebook.gateway.probes import PAUSE_SECONDS, Health, Probes
from gatebook.gateway.reading import Routes
from gatebook.gateway.refusals import Refusals
from gatebook.gateway.snapshot import Snapshots, Source
from gatebook.gateway.unsigned import Unsigned
from gatebook.gateway.upstream import Upstream
from gatebook.ledger.append import Writer
from gatebook.ledger.ports import Certifier, Store
from gatebook.policy.leases import Leases
from gatebook.providers import Dialect
from gatebook.storage.book import SqlStore
from gatebook.storage.database import Database, check_schema, open_database
from gatebook.storage.folder import published_logs
from gatebook.storage.health import SqlHealth
from gatebook.storage.seat import Seat
from gatebook.storage.sequence import Sequencer
from gatebook.web.client import Client
from gatebook.web.client_address import read_networks
from gatebook.web.problem import Answer, headers_of, status_of
from gatebook.web.server import Edge, server_config
from gatebook.web.tasks import Tasks


def run(
    config: Config, ready: Callable[[str], None], *, number: int = 1, inherited: int | None = None
) -> None:
    """Be one gate until told to stop; `ready` is told its address once it takes calls.

    `number` tells it from others of its name; `inherited` is the descriptor of a socket that is
    bound already. Raises Misconfigured; Conflict while another one runs under its name; Unavailable
    if database or notary do not answer at the start; Tampered if the database is older than what
    the notary has signed. It neither makes keys nor migrates: the process that calls come to needs
    no right to either.
    """
    clock, entropy = SystemClock(), system_entropy
    tls = open_tls(config, clock)
    with (
        _listener(config, inherited) as listener,
        closing(_database(config)) as database,
        # The writer drops all its connections when a commit is in doubt: they are no one else's.
        closing(_database(config)) as writers_database,
        closing(Seat(database, config.workers.role(number))) as seat,
    ):
        check_schema(database)
        seat.take()
        address = address_of(listener, "https" if tls else "http")
        presence = Presence(database, seat, number, address)
        keyring = load_keyring(config, entropy)
        notary = open_notary(config, keyring.installation)
        guard = RollbackGuard(notary, Sequencer(database), config.data / "log")
        guard.check_all(published_logs(config.data / "log", config.ledger.origin))
        store = WatchedStore(SqlStore(writers_database, clock))
        application = GateApplication(
            partial(
                open_gate,
                source=_source(database, config, keyring),
                leases=open_leases(database, config.limits, entropy),
                presence=presence,
                store=store,
                certifier=guard,
                unsigned=Unsigned(
                    store.committed, notary.reach, settings=config.ledger, clock=clock
                ),
                dialects=dialects(),
                health=SqlHealth(database),
                keeper=keeper_of(seat.name, config, keyring, guard, clock=clock, entropy=entropy),
                config=config,
                clock=clock,
                entropy=entropy,
            )
        )
        serve(
            application,
            config,
            lambda: ready(address),
            tls=tls,
            listener=listener,
            is_shared=inherited is not None and config.workers.count > 1,
            on_drain=presence.drain,
        )


def _source(database: Database, config: Config, keyring: Keyring) -> SqlSource:
    return SqlSource(
        database,
        kek=keyring.kek,
        peppers=keyring.peppers,
        origin=config.ledger.origin,
        price_tables=price_tables(config.limits.price_file),
    )


def _listener(config: Config, inherited: int | None) -> socket.socket:
    if inherited is None:
        return bind_to(config.gateway.host, config.gateway.port)
    return socket.socket(fileno=inherited)


def _database(config: Config) -> Database:
    return open_database(config.database_url, wait_seconds=config.storage.wait_seconds)


@asynccontextmanager
async def open_gate(
    front: Front,
    *,
    source: Source,
    leases: Leases,
    presence: Presence,
    store: Store[Any],
    certifier: Certifier,
    unsigned: Unsigned,
    dialects: Mapping[str, Dialect],
    health: Health,
    keeper: StopKeeper,
    config: Config,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[Gate]:
    """The gate on the running event loop; at the end its streams, in `store`, are closed."""
    counts: Counter[str] = Counter()
    instruments = Instruments(config.telemetry, clock, number=presence.number)
    snapshots = Snapshots(source, settings=config.gateway, clock=clock)
    await snapshots.refresh()
    book = _book(
        config,
        role=presence.name,
        store=store,
        certifier=certifier,
        counts=counts,
        clock=clock,
        entropy=entropy,
    )
    stopping = await keeper.open(snapshots, book)
    tasks = Tasks()
    allowance = Allowance(leases, tasks, settings=config.limits, clock=clock)
    refusals = Refusals(book, tasks)
    upstream = Upstream(Client(config.gateway.connect_seconds, may_reach), __version__, clock)
    probes = Probes(
        snapshots=snapshots,
        upstream=upstream,
        dialects=dialects,
        book=book,
        stopping=stopping,
        health=health,
        settings=config.upstream,
        clock=clock,
    )
    gate = Gate(
        allowance=allowance,
        bodies=Bodies(config.memory.bodies_limit_bytes, spare=config.gateway.reply_limit_bytes),
        routes=Routes(list(dialects.values())),
        snapshots=snapshots,
        book=book,
        refusals=refusals,
        stopping=stopping,
        unsigned=unsigned,
        dialects=dialects,
        upstream=upstream,
        breakers=Breakers(config.upstream, clock, probes.circuit_changed),
        probes=probes,
        tasks=tasks,
        telemetry=instruments.telemetry,
        front=front,
        counts=counts,
        settings=config.gateway,
        clock=clock,
        entropy=entropy,
    )
    followers = _followers(
        gate,
        {
            **presence.steps(snapshots, config.gateway.poll_seconds),
            **keeper.steps(stopping),
        },
    )
    try:
        await instruments.serve(gate)
        yield gate
    finally:
        for follower in followers:
            follower.cancel()
        await asyncio.sleep(0)  # calls that were cut just now say so first
        await tasks.finish(config.ledger.append_timeout_seconds)
        await refusals.flush()
        await allowance.close()
        upstream.close()
        await book.close()
        await presence.close()
        await instruments.close()


def _book(
    config: Config,
    *,
    role: str,
    store: Store[Any],
    certifier: Certifier,
    counts: Counter[str],
    clock: Clock,
    entropy: Entropy,
) -> Book:
    """The book with its writer, whose heartbeats tell the counts."""
    open_writer = partial(
        Writer[Any],
        role=role,
        version=__version__,
        store=store,
        certifier=certifier,
        counts=lambda: dict(counts),
        settings=config.ledger,
        clock=clock,
        entropy=entropy,
    )
    return Book(
        lambda told: open_writer(announce=told),
        timeout_seconds=config.ledger.append_timeout_seconds,
        clock=clock,
    )


def _followers(gate: Gate, more: Mapping[str, Step]) -> list[asyncio.Task[Any]]:
    """The loops beside the gate, begun."""
    settings, unsigned = gate.settings, gate.unsigned
    steps = {
        "asking how far the log is signed": Step(unsigned.look, unsigned.pause_seconds),
        "asking whether providers are well": Step(gate.probes.look, PAUSE_SECONDS),
        "sharing limits": Step(gate.allowance.give_back, ROUND_SECONDS),
        "writing counted refusals": Step(gate.refusals.flush, settings.refusal_interval_seconds),
        **more,
    }
    return [
        gate.tasks.spawn(follow(step.take, seconds=step.seconds, name=name, wake=step.wake), name)
        for name, step in steps.items()
    ]


def serve(
    application: GateApplication,
    config: Config,
    ready: Callable[[], None],
    *,
    tls: Tls | None = None,
    listener: socket.socket,
    is_shared: bool,
    on_drain: Callable[[], None],
) -> None:
    """Serve an application until told to stop; raises why it could not be opened."""
    server = GateServer(
        gate_config(application, config, tls),
        ready,
        tls,
        is_shared=is_shared,
        drain_seconds=config.gateway.drain_seconds,
        longest_seconds=config.gateway.total_seconds,
        on_drain=on_drain,
    )
    application.front.server = server
    try:
        server.run_on(listener)
    except SystemExit:
        if application.failure is not None:
            raise application.failure from None
        raise


def gate_config(
    application: GateApplication, config: Config, tls: Tls | None = None
) -> ServerConfig:
    """How an application is served: refusals at the socket have the default dialect's shape."""
    dialect = dialects()["openai"]
    settings = config.gateway

    def refusal(error: GatebookError) -> Answer:
        headers = [(b"content-type", b"application/json"), *headers_of(error)]
        return Answer(status_of(error), headers, dialect.error_body(error, ""))

    return server_config(
        application,
        host=settings.host,
        port=settings.port,
        edge=Edge(
            connections=settings.connection_limit,
            head_seconds=settings.head_seconds,
            body_seconds=settings.body_seconds,
            refusal=refusal,
            proxies=read_networks(config.proxies.trusted),
        ),
        drain_seconds=settings.drain_seconds,
        tls=tls.context if tls else None,
    )

"""A gate in a thread of its own: real sockets, a real database and writer, a simulated provider."""

import asyncio
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import uvloop
from uvicorn import Config as ServerConfig

from gatebook.app.config import Config
from gatebook.app.emergency import order_of
from gatebook.app.folders import dialects
from gatebook.app.gate_parts import open_gate
from gatebook.app.gate_server import gate_config
from gatebook.app.gate_surroundings import Surroundings
from gatebook.app.notary_client import NotaryClient
from gatebook.app.presence import Presence
from gatebook.app.serving import ReadyServer, address_of, listen_on
from gatebook.app.settings import TelemetrySettings
from gatebook.app.simulated.provider import SimulatedProvider
from gatebook.app.snapshots import SqlSource
from gatebook.app.stop_folder import StopFolder
from gatebook.app.stop_keeper import StopKeeper
from gatebook.app.tls import Tls, open_tls
from gatebook.app.watched_store import WatchedStore
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.control.inputs import read_command
from gatebook.core.clock import SECOND_US, SystemClock
from gatebook.core.envelope import PLATFORM, DataKey
from gatebook.core.ids import system_entropy
from gatebook.core.secret import Secret
from gatebook.gateway.asgi import GateApplication
from gatebook.gateway.settings import GatewaySettings, MemorySettings, UpstreamSettings
from gatebook.gateway.unsigned import Unsigned
from gatebook.ledger.settings import LedgerSettings
from gatebook.storage.book import SqlStore
from gatebook.storage.database import Database, open_database
from gatebook.storage.health import SqlHealth
from gatebook.storage.leases import SqlLeases
from gatebook.storage.seat import Seat
from gatebook.web.problem import problem
from gatebook.web.server import Edge, server_config
from tests.books import Kept, read_book
from tests.guard import inspector
from tests.office import ORIGIN, Office, open_office
from tests.simulators.certifier import LocalCertifier
from tests.simulators.clock import NOON_US
from tests.simulators.stores import FaultyStore

CHAT: Final[dict[str, Any]] = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": "hi"}],
}
PROVIDER_KEY: Final = "sk-provider-0123456789"
MODELS: Final = [
    *("gpt-*", "claude-*", "gemini-2.5-*", "gemini-embedding-*", "us.anthropic.*"),
    *("sim-*", "fault-*"),
]
STOPS: Final = DataKey("stops", PLATFORM, bytes(32))
LEDGER: Final = LedgerSettings()
MEMORY: Final = MemorySettings()
TELEMETRY: Final = TelemetrySettings()
UPSTREAM: Final = UpstreamSettings()
SETTINGS: Final = GatewaySettings(port=0, snapshot_poll_ms=50, drain_seconds=2)


class NoonClock:
    """Runs as the host's does, beginning at the noon at which other clocks of tests stand."""

    def __init__(self) -> None:
        self._host = SystemClock()
        self._began_us = self._host.monotonic_us()
        self._skipped_us = 0

    def now_us(self) -> int:
        """Microseconds since the Unix epoch."""
        return NOON_US + self._host.monotonic_us() - self._began_us + self._skipped_us

    def skip(self, seconds: int) -> None:
        """Set the time of day forward."""
        self._skipped_us += seconds * SECOND_US

    def monotonic_us(self) -> int:
        """Microseconds since the host started."""
        return self._host.monotonic_us()


class ServerThread:
    """A uvicorn server on a free port, in a thread with an event loop of its own."""

    def __init__(self, config: ServerConfig, tls: Tls | None = None) -> None:
        self._listener = listen_on("127.0.0.1", 0)
        self.port: int = self._listener.getsockname()[1]
        self.url = address_of(self._listener, "https" if tls else "http")
        ready = threading.Event()
        self.server = ReadyServer(config, ready.set, tls)
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)
        self._thread.start()
        while not ready.wait(0.1):
            if not self._thread.is_alive():
                raise RuntimeError("the server did not start")

    def stop(self) -> None:
        """End as a signal would."""
        self.server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self.server.serve(sockets=[self._listener]))


class SimulatedVendor(ServerThread):
    """The simulated provider behind a socket."""

    def __init__(self) -> None:
        self.provider = SimulatedProvider(NoonClock(), system_entropy)
        edge = Edge(connections=1000, head_seconds=10, body_seconds=10, refusal=problem)
        super().__init__(server_config(self.provider, host="", port=0, edge=edge, drain_seconds=1))


class RunningGate:
    """A gate that serves, and what stands around it."""

    def __init__(
        self,
        office: Office,
        database: Database,
        *,
        settings: GatewaySettings = SETTINGS,
        memory: MemorySettings = MEMORY,
        ledger: LedgerSettings = LEDGER,
        telemetry: TelemetrySettings = TELEMETRY,
        upstream: UpstreamSettings = UPSTREAM,
        provider_url: str = "",
        notary: NotaryClient | None = None,
        name: str = "gateway",
        **tables: Any,
    ) -> None:
        """A gate of its own notary's certificates, or of those of one that reads the log.

        `tables` are settings of other tables, such as `tls`.
        """
        self.office = office
        config = Config(
            gateway=settings,
            memory=memory,
            ledger=ledger,
            telemetry=telemetry,
            upstream=upstream,
            **tables,
        )
        self.clock = NoonClock()
        self.certifier = LocalCertifier(self.clock)
        url = database.engine.url.render_as_string(hide_password=False)
        self.writers_database = open_database(url, wait_seconds=5)
        # The office's writer drops its connections when a commit is in doubt, too.
        self.database = open_database(url, wait_seconds=5)
        self.store: FaultyStore[Any] = FaultyStore(SqlStore(self.writers_database, self.clock))
        watched = WatchedStore(self.store)
        self.name = name
        self._vendor = SimulatedVendor()
        self.provider = self._vendor.provider
        self.key = _agents_key(office, provider_url or f"{self._vendor.url}/v1")
        self._given = partial(
            Surroundings,
            source=SqlSource(self.database, kek=office.kek, peppers=office.peppers, origin=ORIGIN),
            leases=SqlLeases(
                database,
                "hld_1",
                now_us=lambda _: self.clock.now_us(),
                lease_seconds=config.limits.lease_seconds,
            ),
            unsigned=Unsigned(
                watched.committed,
                (notary or self.certifier).reach,
                settings=ledger,
                clock=self.clock,
            ),
            store=watched,
            certifier=notary or self.certifier,
            dialects=dialects(),
            health=SqlHealth(database),
            keeper=self._keeper(config),
            inspector=inspector(config.guard),
            config=config,
            clock=self.clock,
            entropy=system_entropy,
        )
        self._config = config
        # One client for all calls of a test: making one reads every root certificate there is.
        self.http = httpx.Client(verify=False, timeout=30)
        self.start()

    def start(self) -> None:
        """Take calls, on a free port; at first, and again once it was stopped."""
        self._serving = ExitStack()
        seat = self._serving.enter_context(closing(Seat(self.database, self.name)))
        seat.take()
        presence = Presence(self.database, seat, 1, "http://127.0.0.1:0")
        self.application = GateApplication(partial(open_gate, self._given(presence=presence)))
        tls = open_tls(self._config, SystemClock())
        self._server = ServerThread(gate_config(self.application, self._config, tls), tls)
        self._serving.callback(self._server.stop)
        self.application.front.server = self._server.server
        self.port = self._server.port
        self.base_url = f"{self._server.url}/v1"

    def _keeper(self, config: Config) -> StopKeeper:
        """One that records at once, with a folder of its own."""
        self._folder = tempfile.TemporaryDirectory(prefix="gatebook-stops-")
        self.stop_folder = StopFolder(Path(self._folder.name) / "stops", STOPS, system_entropy)
        return StopKeeper(
            self.stop_folder,
            lambda: nullcontext(self.office.control),
            gateway=self.name,
            config=config,
            clock=self.clock,
            patience_seconds=0,
        )

    @property
    def vendor_url(self) -> str:
        """Where the simulated provider is."""
        return self._vendor.url

    def ask(self, body: Any = None, **headers: str) -> httpx.Response:
        """Make a chat call; `body` is JSON or the bytes themselves, by default a plain call."""
        content = body if isinstance(body, bytes) else json.dumps(body or CHAT).encode()
        given = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        url = f"{self.base_url}/chat/completions"
        return self.http.post(url, content=content, headers={**given, **headers})

    def facts(self, name: str) -> list[dict[str, Any]]:
        """What the entries of one kind say."""
        return [entry.header["d"] for entry in self.events(name)]

    @property
    def requests(self) -> int:
        """How many HTTP requests came to the gate."""
        return self.application._gate.counts["http_requests"]

    def ending(self, seconds: float = 5) -> str:
        """How the only call ended, once it has."""
        eventually(lambda: bool(self.events("call.concluded")), seconds)
        (fact,) = self.facts("call.concluded")
        return str(fact["ending"])

    def changes(self, name: str) -> list[dict[str, Any]]:
        """The headers of administrative entries of one kind."""
        kept = [each for stream in read_book(self.database).values() for each in stream]
        return [each.header for each in kept if each.event == name]

    def engage(self, kind: str, name: str = "", *, reason: str = "", is_known: bool = True) -> str:
        """Stop something as the command line does at first, without the database; the stop's id.

        It is in force on return, if what it names is known.
        """
        command = read_command(EngageStop, {"kind": kind, "name": name})
        order = order_of(command, reason, clock=self.clock, entropy=system_entropy)
        self.stop_folder.post(order)
        stop = order.idempotency_key
        stopping = self.application._gate.stopping
        eventually(lambda: stop in (stopping._applied if is_known else stopping.pending))
        return stop

    def stop_serving(self) -> None:
        """Stop the gate only; what was not answered by then is cut."""
        self._serving.close()

    def stop(self) -> None:
        """Stop the gate, then its provider."""
        self.stop_serving()
        self.http.close()
        self._vendor.stop()
        self.writers_database.close()
        self.database.close()
        self._folder.cleanup()

    def events(self, name: str = "") -> list[Kept]:
        """The entries the gate has written so far, of one kind or of all."""
        return [
            kept
            for stream in read_book(self.database).values()
            if stream[0].header["d"]["writer"] == self.name
            for kept in stream
            if kept.event == name or not name
        ]


def with_provider(gate: RunningGate, dialect: str, key: str, **values: Any) -> RunningGate:
    """The gate with a provider for another dialect too, which it knows when this returns."""
    snapshots = gate.application._gate.snapshots
    revision = snapshots.current().directory.revision
    gate.office.order(
        "add_provider",
        provider=dialect,
        dialect=dialect,
        key=Secret(key),
        base_url=gate.vendor_url,
        **values,
    )
    eventually(lambda: snapshots.current().directory.revision > revision)
    return gate


def _agents_key(office: Office, provider_url: str) -> str:
    """The key of an agent that may call this provider."""
    key = Secret(PROVIDER_KEY)
    office.order("add_provider", provider="simulated", key=key, base_url=provider_url)
    answer = office.enroll(name="bot", model=MODELS, hosted_tool=["*"], state="allowed")
    assert answer.shown_once is not None
    return answer.shown_once.reveal()


def chat(model: str = "gpt-4o", **fields: Any) -> dict[str, Any]:
    """The body of a chat call."""
    return {**CHAT, "model": model, **fields}


def error_of(response: httpx.Response) -> tuple[int, str, str]:
    """Status, type and code of an error, once its shape is seen to be OpenAI's."""
    body = response.json()
    assert set(body) == {"error"}
    error = body["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] is None
    return response.status_code, error["type"], error["code"]


def eventually(check: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for what happens after an answer."""
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


@contextmanager
def open_running_gate(database: Database, **options: Any) -> Iterator[RunningGate]:
    """A gate on this database, stopped at the end."""
    with ExitStack() as stack:
        office = stack.enter_context(open_office(database))
        gate = RunningGate(office, database, **options)
        stack.callback(gate.stop)
        yield gate


@pytest.fixture
def gate(database: Database) -> Iterator[RunningGate]:
    """A gate on each kind of database."""
    with open_running_gate(database) as running:
        yield running


@pytest.fixture
def sqlite_gate(sqlite_url: str) -> Iterator[RunningGate]:
    """A gate on SQLite, for what does not depend on the database."""
    database = open_database(sqlite_url)
    with open_running_gate(database) as running:
        yield running
    database.close()


@pytest.fixture(scope="module")
def shared_gate(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGate]:
    """One gate for all tests of a module, none of which minds what others left behind."""
    path = tmp_path_factory.mktemp("gate") / "gatebook.db"
    shutil.copyfile(sqlite_template, path)
    with closing(open_database(f"sqlite:///{path}")) as database, open_running_gate(database) as it:
        yield it


@pytest.fixture
def vendor() -> Iterator[SimulatedVendor]:
    """A simulated provider."""
    running = SimulatedVendor()
    yield running
    running.stop()

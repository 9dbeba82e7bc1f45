"""How the gate serves, and how it ends.

Nobody new is let in then, calls under way have their time, and what is left is cut with an error in
its own words. Told by SIGHUP that others have taken over, it gives them all the time a call can
take.
"""

import asyncio
import signal
import socket
from collections.abc import Callable
from math import ceil
from types import FrameType
from typing import Any, Final

import uvloop
from uvicorn import Config as ServerConfig

from gatebook.app.binding import listen
from gatebook.app.config import Config
from gatebook.app.folders import dialects
from gatebook.app.serving import HANDSHAKE_SECONDS, ReadyServer
from gatebook.app.shared_listener import SharedListener
from gatebook.app.tls import Tls
from gatebook.core.errors import GatebookError, Unavailable
from gatebook.gateway.asgi import GateApplication
from gatebook.web.client_address import read_networks
from gatebook.web.problem import Answer, headers_of, status_of
from gatebook.web.server import Edge, server_config

_FAREWELL_SECONDS: Final = 1
"""Time in which agents that come back are answered on their old connection and told to leave it: a
call that is sent while we close the connection would be lost."""

_LAST_WORDS_SECONDS: Final = 2
"""Time that calls which were cut have to be recorded and to say so."""


class GateServer(ReadyServer):
    """Serves until SIGTERM, SIGINT or SIGHUP."""

    def __init__(
        self,
        config: ServerConfig,
        ready: Callable[[], None],
        tls: Tls | None = None,
        *,
        is_shared: bool,
        drain_seconds: float,
        longest_seconds: float,
        on_drain: Callable[[], None],
    ) -> None:
        """Calls have `drain_seconds` to end, or `longest_seconds` if others take the new ones."""
        super().__init__(config, ready, tls)
        self._is_shared = is_shared
        self._drain_seconds = drain_seconds
        self._longest_seconds = longest_seconds
        self._on_drain = on_drain
        self.servers = []  # as uvicorn names them, which may be told to stop before it has any
        self._is_relieved = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cutting: asyncio.TimerHandle | None = None

    def run_on(self, listener: socket.socket) -> None:
        """Serve until told to stop, on a loop of its own."""
        before = signal.signal(signal.SIGHUP, self.handle_exit)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                runner.run(self.serve(sockets=[listener]))
            finally:
                signal.signal(signal.SIGHUP, before)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See ReadyServer; raises Misconfigured if the address was taken meanwhile."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for what is under way, cut what is left, and close."""
        cutting = self._cutting or self._drain(self._drain_seconds)
        if self._is_relieved:
            await asyncio.sleep(_FAREWELL_SECONDS)
        # What cannot be cut, such as a body that does not come, is cancelled a little later.
        rest = ceil(cutting.when() - asyncio.get_running_loop().time()) + _LAST_WORDS_SECONDS
        self.config.timeout_graceful_shutdown = rest
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end. Obeyed, the signal is not raised again as uvicorn does."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self._is_relieved = sig == signal.SIGHUP
        seconds = self._longest_seconds if self._is_relieved else self._drain_seconds
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._drain, seconds)
        else:
            self.should_exit = True

    async def _listen(self, listener: socket.socket) -> Any:
        listen(listener, self.config.backlog)
        if not self._is_shared:
            return await super()._listen(listener)
        return SharedListener(listener, self._protocol, self.config.ssl, HANDSHAKE_SECONDS)

    def _drain(self, seconds: float) -> asyncio.TimerHandle:
        """Let nobody in, and cut what is under way in so many seconds, if not before."""
        loop = asyncio.get_running_loop()
        self.should_exit = True
        if self._cutting is None:
            protocol: Any = self.config.http_protocol_class
            protocol.keeps_alive = False
            for server in self.servers:
                server.close()
            self._on_drain()
        if self._cutting is None or self._cutting.when() > loop.time() + seconds:
            if self._cutting is not None:
                self._cutting.cancel()
            self._cutting = loop.call_later(seconds, self._cut)
        return self._cutting

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            cut = getattr(connection, "cut", None)
            if cut is not None:
                cut(_stopped())


def _stopped() -> Unavailable:
    return Unavailable(
        "gateway_stopped",
        "Gatebook is being stopped, and the call was cut.",
        "The call may have been executed; look before sending it again.",
    )


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

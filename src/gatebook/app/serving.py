"""How our processes serve HTTP: on a socket made before, until told to stop."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import uvloop
from uvicorn import Config, Server

from gatebook.app.binding import bind_to, listen
from gatebook.app.followers import follow
from gatebook.app.log_lines import loop_failed
from gatebook.app.tls import Tls
from gatebook.core.errors import GatebookError
from gatebook.web.problem import Answer, problem
from gatebook.web.server import Edge, server_config
from gatebook.web.tasks import Tasks

_CONNECTIONS: Final = 200
_SECONDS: Final = 10
_DRAIN_SECONDS: Final = 5

HANDSHAKE_SECONDS: Final = 10
"""Whoever does not finish a TLS handshake is let go as one who does not finish a head is."""
_LOOK_SECONDS: Final = 10


class ReadyServer(Server):
    """Says when it has begun to listen; looks for new certificates as long as it does."""

    def __init__(self, config: Config, ready: Callable[[], None], tls: Tls | None = None) -> None:
        super().__init__(config)
        self._ready = ready
        self._tls = tls
        self._tasks = Tasks()
        self._looking: asyncio.Task[Any] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn.Server, which would wait a minute for a handshake."""
        asyncio.get_running_loop().set_exception_handler(loop_failed)
        await super().startup([])
        if not self.started:
            return
        for listener in sockets or ():
            self.servers.append(await self._listen(listener))
        if self._tls is not None:
            look = follow(self._tls.refresh, seconds=_LOOK_SECONDS, name="looking for certificates")
            self._looking = self._tasks.spawn(look, "looking for certificates")
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn.Server; peers that did not agree to the end by then are cut."""
        if self._looking is not None:
            self._looking.cancel()
        await super().shutdown(sockets)
        connections: Any = self.server_state.connections
        for connection in list(connections):
            connection.transport.abort()
        await asyncio.sleep(0)

    async def _listen(self, listener: socket.socket) -> Any:
        config = self.config
        return await asyncio.get_running_loop().create_server(
            self._protocol,
            sock=listener,
            backlog=config.backlog,
            ssl=config.ssl,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if config.ssl else None,
        )

    def _protocol(self) -> asyncio.Protocol:
        protocol: Any = self.config.http_protocol_class
        made: asyncio.Protocol = protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


class _ServerBeside(Server):
    """A server in a process of another one, which hears the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See uvicorn.Server; of one signal two servers would make one too many."""
        yield


def listen_on(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one. Raises Misconfigured for a taken one."""
    listener = bind_to(host, port)
    listen(listener)
    return listener


def address_of(listener: socket.socket, scheme: str = "http") -> str:
    """scheme://host:port of a listening TCP socket."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def server_for(
    application: Any, refusal: Callable[[GatebookError], Answer], ready: Callable[[], None]
) -> ReadyServer:
    """A server whose `should_exit` ends it."""
    return ReadyServer(_config(application, refusal), ready)


@asynccontextmanager
async def served_beside(application: Any, listener: socket.socket) -> AsyncIterator[None]:
    """An application is served meanwhile, on the loop of the server that the process is for."""
    server = _ServerBeside(_config(application, problem))
    serving = Tasks().spawn(server.serve(sockets=[listener]), "serving beside")
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def serve(server: Server, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT; returns, so that what is open gets closed."""
    with _survived(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve(sockets=[listener]))


def _config(application: Any, refusal: Callable[[GatebookError], Answer]) -> Config:
    edge = Edge(
        connections=_CONNECTIONS, head_seconds=_SECONDS, body_seconds=_SECONDS, refusal=refusal
    )
    return server_config(application, host="", port=0, edge=edge, drain_seconds=_DRAIN_SECONDS)


@contextmanager
def _survived() -> Iterator[None]:
    """uvicorn raises again, at its end, the signal that told it to stop; it has been obeyed."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: None) for number in numbers]
    try:
        yield
    finally:
        for number, action in zip(numbers, before, strict=True):
            signal.signal(number, action)

"""How our processes serve HTTP: on a socket made before, until told to stop."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import uvloop
from uvicorn import Config, Server

from gatebook.app.log_lines import loop_failed
from gatebook.core.errors import GatebookError, Misconfigured
from gatebook.web.problem import Answer, problem
from gatebook.web.server import Edge, server_config
from gatebook.web.tasks import Tasks

_CONNECTIONS: Final = 200
_SECONDS: Final = 10
_DRAIN_SECONDS: Final = 5


class ReadyServer(Server):
    """Says when it has begun to listen."""

    def __init__(self, config: Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn.Server."""
        asyncio.get_running_loop().set_exception_handler(loop_failed)
        await super().startup(sockets)
        if self.started:
            self._ready()


class _ServerBeside(Server):
    """A server in a process of another one, which hears the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See uvicorn.Server; of one signal two servers would make one too many."""
        yield


def listen_on(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one. Raises Misconfigured for a taken one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise Misconfigured(
            "address_unusable",
            f"Nobody can listen on {host} port {port}: {os.strerror(error.errno or 0)}.",
            "End what listens there, or set another host and port.",
        ) from None


def address_of(listener: socket.socket) -> str:
    """http://host:port of a listening TCP socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


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

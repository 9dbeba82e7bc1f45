"""How the notary and the integrator serve HTTP: on a socket made before, until told to stop."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvloop
from uvicorn import Config, Server

from gatebook.core.errors import GatebookError, Misconfigured
from gatebook.web.problem import Answer
from gatebook.web.server import Edge, server_config

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
        await super().startup(sockets)
        if self.started:
            self._ready()


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
    edge = Edge(
        connections=_CONNECTIONS, head_seconds=_SECONDS, body_seconds=_SECONDS, refusal=refusal
    )
    config = server_config(application, host="", port=0, edge=edge, drain_seconds=_DRAIN_SECONDS)
    return ReadyServer(config, ready)


def serve(server: Server, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT; returns, so that what is open gets closed."""
    with _survived(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve(sockets=[listener]))


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

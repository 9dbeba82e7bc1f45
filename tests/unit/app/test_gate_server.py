"""Gateways that share a listener share what comes, and end without breaking off what can end."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gatebook.app.binding import bind_to
from gatebook.app.gate_server import GateServer
from gatebook.core.errors import GatebookError, Misconfigured
from gatebook.web.body import Receive
from gatebook.web.exchange import Scope, Send
from gatebook.web.lifespan import keep_alive
from gatebook.web.problem import problem
from gatebook.web.server import Edge, server_config


class HandApplication:
    """Answers when it is told to, or with what it was cut with."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()
        self.cut_with: list[GatebookError] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await keep_alive(receive, send)
            return
        self.asked += 1
        connection: Any = scope["state"]["connection"]

        def cut(error: GatebookError) -> None:
            self.cut_with.append(error)
            self.answers.set()

        connection.cut = cut
        await self.answers.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


def gate_server(
    application: HandApplication, *, is_shared: bool = False, drained: list[str] | None = None
) -> GateServer:
    edge = Edge(connections=500, head_seconds=9, body_seconds=9, refusal=problem)
    return GateServer(
        server_config(application, host="", port=0, edge=edge, drain_seconds=1),
        lambda: None,
        is_shared=is_shared,
        drain_seconds=0.3,
        longest_seconds=60,
        on_drain=lambda: drained.append("drained") if drained is not None else None,
    )


@asynccontextmanager
async def running(
    server: GateServer, listener: socket.socket
) -> AsyncIterator["asyncio.Future[None]"]:
    serving = asyncio.ensure_future(server._serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield serving
    server.should_exit = True
    await serving


async def ask(port: int) -> bytes:
    """What is answered to one request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_connections_that_come_at_once_are_shared() -> None:
    listener = bind_to("127.0.0.1", 0)
    applications = [HandApplication(), HandApplication()]
    servers = [gate_server(each, is_shared=True) for each in applications]
    async with running(servers[0], listener), running(servers[1], listener.dup()):
        port = listener.getsockname()[1]
        asking = [asyncio.ensure_future(ask(port)) for _ in range(40)]
        await until(lambda: sum(each.asked for each in applications) == 40)
        assert min(each.asked for each in applications) >= 12
        for each in applications:
            each.answers.set()
        servers[0].should_exit = servers[1].should_exit = True
        assert all(b"done" in answer for answer in await asyncio.gather(*asking))


async def test_who_is_told_to_stop_lets_nobody_in_and_cuts_what_does_not_end() -> None:
    application, drained = HandApplication(), list[str]()
    listener = bind_to("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = gate_server(application, drained=drained)
    async with running(server, listener) as serving:
        asking = asyncio.ensure_future(ask(port))
        await until(lambda: application.asked == 1)
        server.handle_exit(signal.SIGTERM, None)
        assert b"done" in await asking
        await asyncio.wait_for(serving, 5)
    (error,) = application.cut_with
    assert error.code == "gateway_stopped"
    assert drained == ["drained"]
    with pytest.raises(ConnectionRefusedError):
        await ask(port)


async def test_who_is_relieved_waits_long_unless_it_is_told_to_stop_then() -> None:
    application = HandApplication()
    listener = bind_to("127.0.0.1", 0)
    server = gate_server(application)
    async with running(server, listener) as serving:
        asking = asyncio.ensure_future(ask(listener.getsockname()[1]))
        await until(lambda: application.asked == 1)
        server.handle_exit(signal.SIGHUP, None)
        await asyncio.sleep(0.6)
        assert application.cut_with == []
        assert not serving.done()
        server.handle_exit(signal.SIGTERM, None)
        assert b"done" in await asking
        await asyncio.wait_for(serving, 5)
    assert len(application.cut_with) == 1


async def test_who_is_relieved_answers_those_who_come_back_and_tells_them_to_leave() -> None:
    application = HandApplication()
    application.answers.set()
    listener = bind_to("127.0.0.1", 0)
    server = gate_server(application)
    async with running(server, listener) as serving:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        heads = []
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            await reader.readuntil(b"0\r\n\r\n")
            server.handle_exit(signal.SIGHUP, None)
            await until(lambda: not server.servers[0].is_serving())
        assert [b"connection: close" in head for head in heads] == [False, True]
        assert await reader.read() == b""
        writer.close()
        await asyncio.wait_for(serving, 5)


async def test_what_ends_in_time_is_not_cut() -> None:
    application = HandApplication()
    listener = bind_to("127.0.0.1", 0)
    server = gate_server(application)
    async with running(server, listener) as serving:
        asking = asyncio.ensure_future(ask(listener.getsockname()[1]))
        await until(lambda: application.asked == 1)
        server.handle_exit(signal.SIGTERM, None)
        application.answers.set()
        assert b"done" in await asking
        await asyncio.wait_for(serving, 5)
    assert application.cut_with == []


async def test_a_port_that_another_one_began_to_listen_on_is_named() -> None:
    """Two may bind a port that nobody listens on yet."""
    first = bind_to("127.0.0.1", 0)
    second = bind_to("127.0.0.1", first.getsockname()[1])
    first.listen()
    with pytest.raises(Misconfigured):
        await gate_server(HandApplication())._serve([second])
    first.close()
    second.close()

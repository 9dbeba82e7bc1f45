"""Hostile bytes on either side of the gate: no way to crash it, and cuts change nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
from uvicorn import Server

from gatebook.web.body import Receive
from gatebook.web.client import Broken, Connection
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.problem import Answer, problem
from gatebook.web.server import Edge, EdgeProtocol, server_config

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class HandTransport:
    """A transport whose other end is the test."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = False
        self.is_paused = False

    def write(self, data: bytes) -> None:
        self.written += data

    def can_write_eof(self) -> bool:
        return False

    def abort(self) -> None:
        self.is_closed = True

    close = abort

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 1) if name in ("peername", "sockname") else None


@contextmanager
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        yield runner.get_loop()


@st.composite
def cuts(draw: st.DrawFn, text: bytes) -> list[bytes]:
    """The text in pieces."""
    at = sorted(draw(st.lists(st.integers(0, len(text)), max_size=10)))
    bounds = [0, *at, len(text)]
    return [text[a:b] for a, b in pairwise(bounds) if a < b]


pieces = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 101 X\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
            b"POST /v1 HTTP/1.1\r\n",
            b"GET / HTTP/1.0\r\n",
            b"CONNECT a:1 HTTP/1.1\r\n",
            b"Host: x\r\n",
            b"Content-Length: 5\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Connection: close\r\n",
            b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
            b"Expect: 100-continue\r\n",
            b"A_B: c\r\n",
            b"\r\n",
            b"5\r\nhello\r\n",
            b"0\r\n\r\n",
            b"hello",
        ]
    ),
)
noise = st.lists(pieces, max_size=12)


def answer(parts: list[bytes]) -> tuple[int, list[tuple[bytes, bytes]], bytes] | None:
    """What the client makes of an answer in these pieces; None if it is broken."""
    with event_loop() as loop:
        transport = HandTransport()
        connection = Connection(loop)
        connection.connection_made(transport)  # type: ignore[arg-type]  # what is used of one

        async def ask() -> tuple[int, list[tuple[bytes, bytes]], bytes]:
            await connection.send(GET)
            body = bytearray()

            def take(part: bytes) -> bool:
                body.extend(part)
                return True

            await connection.feed(take)
            return connection.status, connection.headers, bytes(body)

        task = loop.create_task(ask())
        loop.run_until_complete(asyncio.sleep(0))
        for part in parts:
            if not transport.is_closed:
                connection.data_received(part)
        connection.connection_lost(None)
        try:
            return loop.run_until_complete(task)
        except Broken:
            return None


@given(noise)
def test_whatever_a_provider_sends_is_an_answer_or_broken(parts: list[bytes]) -> None:
    answer(parts)


@given(body=st.binary(max_size=60), chunked=st.booleans(), data=st.data())
def test_cuts_change_nothing_of_an_answer(body: bytes, chunked: bool, data: st.DataObject) -> None:
    fields = b"X-A: 1\r\nX-A: 2\r\n"
    if chunked:
        frames = b"".join([b"1\r\n%c\r\n" % byte for byte in body]) + b"0\r\n\r\n"
        text = b"HTTP/1.1 200 OK\r\n%bTransfer-Encoding: chunked\r\n\r\n%b" % (fields, frames)
    else:
        text = b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, len(body), body)
    got = answer(data.draw(cuts(text)))
    assert got is not None
    status, headers, received = got
    assert (status, received) == (200, body)
    assert headers[:2] == [(b"x-a", b"1"), (b"x-a", b"2")]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body and says how long it was."""
    exchange = Exchange(scope, receive, send)
    body = await exchange.body(1000, ValueError("too large"))  # type: ignore[arg-type]  # any error
    await exchange.answer(Answer(200, [], b"%d" % len(body)))


def spoken(parts: list[bytes]) -> bytes:
    """What the listener writes to a peer that sends these pieces and leaves."""
    with event_loop() as loop:
        edge = Edge(connections=10, head_seconds=10, body_seconds=10, refusal=problem)
        config = server_config(echo, host="", port=0, edge=edge, drain_seconds=1)
        config.load()
        server = Server(config)
        assert issubclass(config.http_protocol_class, EdgeProtocol)
        connection = config.http_protocol_class(
            config=config, server_state=server.server_state, app_state={}, _loop=loop
        )
        transport = HandTransport()
        connection.connection_made(transport)  # type: ignore[arg-type]  # what is used of one
        for part in parts:
            connection.data_received(part)
            loop.run_until_complete(asyncio.sleep(0))
        for _ in range(5):
            loop.run_until_complete(asyncio.sleep(0))
        connection.connection_lost(None)
        for task in list(server.server_state.tasks):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        return transport.written


@given(noise)
def test_whatever_an_agent_sends_is_answered_in_whole_responses_or_not(
    parts: list[bytes],
) -> None:
    written = spoken(parts)
    assert not written or written.startswith(b"HTTP/1.1 ")
    assert b" 500 " not in written


@given(body=st.binary(max_size=60), chunked=st.booleans(), offers=st.booleans(), data=st.data())
def test_cuts_change_nothing_of_a_request(
    body: bytes, chunked: bool, offers: bool, data: st.DataObject
) -> None:
    fields = b"Host: x\r\n" + (b"Connection: Upgrade\r\nUpgrade: h2c\r\n" if offers else b"")
    if chunked:
        frames = b"".join([b"1\r\n%c\r\n" % byte for byte in body]) + b"0\r\n\r\n"
        text = b"POST / HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\n\r\n%b" % (fields, frames)
    else:
        text = b"POST / HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, len(body), body)
    written = spoken(data.draw(cuts(text)))
    assert written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert written.endswith(b"\r\n\r\n%d" % len(body))

"""Whoever does not read an answer keeps no connection; whoever reads slowly keeps its own."""

import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.app.authority import CA
from gatebook.app.settings import ServerSettings
from gatebook.storage.database import open_database
from gatebook.web import server
from gatebook.web.ambiguity import http_malformed
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.lifespan import keep_alive
from gatebook.web.problem import Answer
from gatebook.web.settings import TlsSettings
from tests.gates import SETTINGS, RunningGate, chat, eventually, open_running_gate
from tests.raw import parse, request
from tests.servers import serving

MEGABYTE = 1024 * 1024
LARGE = 8 * MEGABYTE
PART = 256 * 1024
READ_SECONDS = 1
GET = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"

OpenGate = Callable[..., RunningGate]


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    """A provider with more to say than sockets hold."""
    if scope["type"] == "lifespan":
        await keep_alive(receive, send)
        return
    exchange = Exchange(scope, receive, send)
    if exchange.method == "GET":
        await exchange.answer(Answer(200, [], b"{}"))
    elif b'"stream": true' in await exchange.body(MEGABYTE, http_malformed()):
        await exchange.begin(200, [(b"content-type", b"text/event-stream")])
        event = {"choices": [{"index": 0, "delta": {"content": "a" * 4000}}]}
        for _ in range(LARGE // 4000):
            await exchange.send(b"data: %b\n\n" % json.dumps(event).encode())
        await exchange.send(b"data: [DONE]\n\n", more=False)
    else:
        body = b'{"x":"%b"}' % (b"a" * LARGE)
        await exchange.answer(Answer(200, [(b"content-type", b"application/json")], body))


@pytest.fixture
def open_gate(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenGate]:
    """Opens a gate to a provider with large replies, which waits a second for readers."""
    monkeypatch.setattr(server, "READ_SECONDS", READ_SECONDS)
    with ExitStack() as stack:
        port = stack.enter_context(serving(large))
        database = stack.enter_context(closing(open_database(sqlite_url)))

        def opened(most: int = 100, **tables: Any) -> RunningGate:
            settings = replace(SETTINGS, connection_limit=most)
            return stack.enter_context(
                open_running_gate(
                    database,
                    settings=settings,
                    provider_url=f"http://127.0.0.1:{port}/v1",
                    server=ServerSettings(data=str(tmp_path / "data")),
                    **tables,
                )
            )

        yield opened


@contextmanager
def narrow(gate: RunningGate, size: int = 2304) -> Iterator[socket.socket]:
    """A connection whose peer takes in little that it does not read."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        line.settimeout(10)
        line.connect(("127.0.0.1", gate.port))
        yield line


def connections(gate: RunningGate) -> list[Any]:
    """The connections that the gate has."""
    return list(gate._server.server.server_state.connections)


def held(gate: RunningGate) -> int:
    """How many they are."""
    return len(connections(gate))


def fill(gate: RunningGate, line: socket.socket) -> None:
    """Ask without a key and without reading until the gate can say no more."""
    (connection,) = connections(gate)
    for _ in range(3000):
        if connection.flow.write_paused:
            break
        line.sendall(GET * 10)
        time.sleep(0.002)
    assert connection.flow.write_paused


def test_strangers_that_do_not_read_do_not_shut_the_gate(open_gate: OpenGate) -> None:
    gate = open_gate(most=1)
    with narrow(gate) as line:
        eventually(lambda: held(gate) == 1)
        fill(gate, line)
        eventually(lambda: held(gate) == 0, seconds=5 * READ_SECONDS)
        assert gate.http.get(f"{gate.base_url}/models").status_code == 401


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_nobody_reads_keeps_no_connection(open_gate: OpenGate, stream: bool) -> None:
    gate = open_gate()
    with narrow(gate) as line:
        line.sendall(request(gate, body=json.dumps(chat(stream=stream)).encode()))
        bodies = gate.application._gate.bodies
        eventually(lambda: bodies.held > (0 if stream else LARGE))
        eventually(lambda: held(gate) == bodies.held == 0, seconds=10)
    assert gate.ending() == ("client_disconnected" if stream else "complete")


def slowly(line: socket.socket) -> bytes:
    """Read a large answer in several times the seconds that a peer may be idle for."""
    data = b""
    while len(data) < LARGE or not parse(data).is_whole:
        part = line.recv(PART)
        assert part, "the gate has closed the connection"
        data += part
        time.sleep(5 * READ_SECONDS * len(part) / LARGE)
    return data


@pytest.mark.parametrize("fields", [(), (b"Connection: close",)])
def test_whoever_reads_slowly_gets_all_of_it(
    open_gate: OpenGate, fields: tuple[bytes, ...]
) -> None:
    gate = open_gate()
    with narrow(gate, PART) as line:
        line.sendall(request(gate, *fields, body=json.dumps(chat()).encode()))
        assert parse(slowly(line)).is_whole


def test_whoever_reads_slowly_over_tls_gets_all_of_it(
    open_gate: OpenGate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is idle is not closed over what its peer still reads."""
    monkeypatch.setattr(server, "LINGER_SECONDS", 0.3)
    gate = open_gate(tls=TlsSettings(self_managed=True))
    gate._server.server.config.timeout_keep_alive = 0
    context = ssl.create_default_context(cafile=tmp_path / "data" / "tls" / CA)
    with (
        narrow(gate, PART) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as line,
    ):
        line.sendall(request(gate, body=json.dumps(chat()).encode()))
        assert parse(slowly(line)).is_whole
        eventually(lambda: held(gate) == 0, seconds=10)


def test_an_answer_over_tls_that_nobody_reads_keeps_no_connection(
    open_gate: OpenGate, tmp_path: Path
) -> None:
    gate = open_gate(tls=TlsSettings(self_managed=True))
    context = ssl.create_default_context(cafile=tmp_path / "data" / "tls" / CA)
    with narrow(gate) as plain, context.wrap_socket(plain, server_hostname="localhost") as line:
        line.sendall(request(gate, body=json.dumps(chat()).encode()))
        eventually(lambda: held(gate) == 1)
        eventually(lambda: held(gate) == 0, seconds=10)

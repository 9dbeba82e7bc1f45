"""The HTTP client against a server that answers what the test writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from gatebook.web.client import (
    BUFFER_BYTES,
    HEAD_BYTES,
    Broken,
    Client,
    Connection,
    NotSent,
    Origin,
)

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Accepts connections and answers each request with the next of what it was given."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.connections = 0
        self.closed = asyncio.Event()
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    @property
    def origin(self) -> Origin:
        """Where it listens."""
        return Origin(is_tls=False, host="127.0.0.1", port=self.port)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self.writers.append(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                answer = self.answers.pop(0) if self.answers else b""
                writer.write(answer)
                if answer.endswith(b"CLOSE"):
                    break
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()
        self.closed.set()


@asynccontextmanager
async def meeting(*answers: bytes) -> AsyncIterator[tuple[Server, Client]]:
    """A server that gives these answers, and a client."""
    server = Server(*answers)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    client = Client(5, lambda _: True)
    async with listener:
        yield server, client
        client.close()
        for writer in server.writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def ask(client: Client, server: Server) -> tuple[Connection, bytes]:
    """One exchange, read to its end and released."""
    connection = await client.connect(server.origin)
    await connection.send(GET)
    body = await body_of(connection)
    client.release(server.origin, connection)
    return connection, body


async def body_of(connection: Connection) -> bytes:
    """The whole body, or what is left of it."""
    body = bytearray()

    def take(part: bytes) -> bool:
        body.extend(part)
        return True

    assert await connection.feed(take)
    return bytes(body)


async def test_a_response_is_read_and_its_connection_kept() -> None:
    async with meeting(OK, OK) as (server, client):
        first, body = await ask(client, server)
        second, _ = await ask(client, server)
        assert (first.status, body) == (200, b"{}")
        assert first is second
        assert server.connections == 1


async def test_a_chunked_body_comes_in_parts() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    async with meeting(answer) as (server, client):
        assert (await ask(client, server))[1] == b"abcde"


async def test_an_interim_response_is_not_the_answer() -> None:
    async with meeting(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + OK) as (server, client):
        connection, body = await ask(client, server)
        assert (connection.status, body) == (200, b"{}")
        assert connection.headers == [(b"content-length", b"2")]


async def test_a_body_without_length_ends_with_its_connection() -> None:
    async with meeting(b"HTTP/1.1 200 OK\r\n\r\nall of it CLOSE") as (server, client):
        connection, body = await ask(client, server)
        assert body == b"all of it CLOSE"
        assert not connection.is_reusable


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nCLOSE",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdeCLOSE",
        b"HTTP/1.1 200 OK\r\nContent-LeCLOSE",
        b"CLOSE",
        b"220 smtp.example ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * HEAD_BYTES * 2,
        (b"HTTP/1.1 103 Early Hints\r\nX: " + b"a" * 1000 + b"\r\n\r\n") * 100,
        CHUNKED + b"2\r\n{}\r\n0\r\nX: " + b"a" * HEAD_BYTES * 9,
        CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X: a\r\n" * HEAD_BYTES,
        CHUNKED + b"2\r\n{}\r\n2;" + b"a" * HEAD_BYTES * 9,
    ],
)
async def test_an_answer_that_breaks_off_or_makes_no_sense_is_broken(answer: bytes) -> None:
    async with meeting(answer) as (server, client):
        with pytest.raises(Broken):
            await ask(client, server)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother",
    ],
)
async def test_a_connection_that_may_not_be_reused_is_not(answer: bytes) -> None:
    """Least of all one on which a second answer waits for whoever asks next."""
    async with meeting(answer, OK) as (server, client):
        _, body = await ask(client, server)
        assert body == b"{}"
        assert (await ask(client, server))[1] == b"{}"
        assert server.connections == 2


async def test_what_nobody_took_of_a_response_is_not_read_by_the_next_caller() -> None:
    """Else one agent would be given the rest of another agent's answer."""
    async with meeting(OK, OK) as (server, client):
        abandoned = await client.connect(server.origin)
        await abandoned.send(GET)
        while not abandoned.is_complete:
            await asyncio.sleep(0)
        client.release(server.origin, abandoned)
        connection, body = await ask(client, server)
        assert connection is not abandoned
        assert body == b"{}"
        assert server.connections == 2


async def test_what_a_server_says_unasked_spoils_the_connection() -> None:
    async with meeting(OK, OK) as (server, client):
        connection, _ = await ask(client, server)
        connection.data_received(OK)
        assert not connection.is_reusable
        await ask(client, server)
        assert server.connections == 2


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
async def test_the_server_learns_at_once_that_nobody_waits_any_more(answer: bytes) -> None:
    async with meeting(answer) as (server, client):
        connection = await client.connect(server.origin)

        async def wait() -> None:
            try:
                await connection.send(GET)
                await body_of(connection)
            finally:
                client.release(server.origin, connection)

        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait_for(server.closed.wait(), 2)


async def test_no_more_is_read_than_the_caller_takes() -> None:
    size = BUFFER_BYTES * 40
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    async with meeting(head + b"a" * size) as (server, client):
        connection = await client.connect(server.origin)
        await connection.send(GET)
        await asyncio.sleep(0.2)
        assert connection.buffered < BUFFER_BYTES * 4
        assert len(await body_of(connection)) == size
        connection.abort()
        await asyncio.sleep(0)


@pytest.mark.parametrize("refuses_at", [1, 2, 3, 99])
async def test_parts_are_given_until_no_more_is_wanted_and_the_rest_waits_in_one_piece(
    refuses_at: int,
) -> None:
    parts = [b"one", b"two", b"three"]
    chunks = b"".join([b"%x\r\n%b\r\n" % (len(part), part) for part in parts])
    async with meeting(CHUNKED, OK) as (server, client):
        connection = await client.connect(server.origin)
        await connection.send(GET)
        given: list[bytes] = []

        def take(part: bytes) -> bool:
            given.append(part)
            return len(given) != refuses_at

        waiting = asyncio.ensure_future(connection.feed(take))
        await asyncio.sleep(0)
        server.writers[0].write(chunks + b"0\r\n\r\n")
        assert await waiting is (refuses_at >= len(parts))
        assert given == parts[:refuses_at]
        while not await connection.feed(take):
            pass
        assert b"".join(given) == b"".join(parts)
        client.release(server.origin, connection)
        assert connection.is_reusable


async def test_what_the_taker_of_parts_raises_comes_to_whoever_waits() -> None:
    async with meeting(OK[:-2]) as (server, client):
        connection = await client.connect(server.origin)
        await connection.send(GET)

        def take(part: bytes) -> bool:
            raise ZeroDivisionError(part)

        waiting = asyncio.ensure_future(connection.feed(take))
        await asyncio.sleep(0)
        server.writers[0].write(b"{}")
        with pytest.raises(ZeroDivisionError):
            await waiting
        connection.abort()


async def test_a_body_that_breaks_off_while_its_parts_are_given_is_no_whole_one() -> None:
    async with meeting(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nCLOSE") as (server, client):
        connection = await client.connect(server.origin)
        await connection.send(GET)
        given: list[bytes] = []

        def take(part: bytes) -> bool:
            given.append(part)
            return True

        with pytest.raises(Broken):
            await connection.feed(take)
        assert given == [b"CLOSE"]


async def test_nothing_is_sent_where_nobody_listens() -> None:
    async with meeting() as (server, _):
        origin = server.origin
    with pytest.raises(NotSent):
        await Client(5, lambda _: True).connect(origin)


async def test_nothing_is_sent_to_an_address_that_is_not_called() -> None:
    async with meeting(OK) as (server, _):
        asked: list[str] = []

        def may_reach(address: str) -> bool:
            asked.append(address)
            return False

        with pytest.raises(NotSent):
            await Client(5, may_reach).connect(server.origin)
        assert asked == ["127.0.0.1"]


async def test_a_connection_that_does_not_come_about_in_time_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    create: Callable[..., Awaitable[None]] = never
    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", create)
    with pytest.raises(NotSent):
        await Client(0.05, lambda _: True).connect(Origin(is_tls=False, host="x", port=1))

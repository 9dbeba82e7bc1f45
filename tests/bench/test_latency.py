"""The paced client, against a provider that stalls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bench import latency
from bench.latency import CONNECTIONS, connections_for, measure

_ANSWER = b"HTTP/1.1 %d OK\r\ncontent-length: 2\r\n\r\n{}"


class _Provider:
    """Answers at once, except that it does nothing at all during one stall."""

    def __init__(
        self, *, stall_after: int = -1, stall_seconds: float = 0.0, status: int = 200
    ) -> None:
        self.requests = 0
        self._stall_after = stall_after
        self._stall_seconds = stall_seconds
        self._status = status
        self._open = asyncio.Event()
        self._open.set()
        self.ended: list[asyncio.Event] = []

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended = asyncio.Event()
        self.ended.append(ended)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                self.requests += 1
                if self.requests == self._stall_after:
                    self._open.clear()
                    asyncio.get_running_loop().call_later(self._stall_seconds, self._open.set)
                await self._open.wait()
                writer.write(_ANSWER % self._status)
        except asyncio.IncompleteReadError:
            writer.close()
        ended.set()


@asynccontextmanager
async def _serve(provider: _Provider) -> AsyncIterator[int]:
    server = await asyncio.start_server(provider.converse, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*(ended.wait() for ended in provider.ended))


async def test_every_departure_of_the_schedule_is_sent_and_counted() -> None:
    provider = _Provider()
    async with _serve(provider) as port:
        paced = await measure(port, {}, rate=100, seconds=0.5)
    assert paced.errors == 0
    assert paced.samples == 50
    assert provider.requests == 100 * latency.WARM_SECONDS + 50


async def test_a_stall_counts_against_every_request_that_should_have_left_meanwhile() -> None:
    """Coordinated omission: 32 connections, but 140 requests were due during the stall."""
    provider = _Provider(stall_after=240, stall_seconds=0.7)
    async with _serve(provider) as port:
        paced = await measure(port, {}, rate=200, seconds=1.0)
    assert paced.samples == 200
    assert paced.p99_ms > 600
    assert paced.p50_ms > 100


async def test_requests_that_are_never_answered_are_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(latency, "_DRAIN_SECONDS", 0.1)
    provider = _Provider(stall_after=40, stall_seconds=1.5)
    async with _serve(provider) as port:
        paced = await measure(port, {}, rate=50, seconds=0.2)
    assert paced.errors == 60 - 39


async def test_an_answer_other_than_200_is_an_error() -> None:
    provider = _Provider(status=503)
    async with _serve(provider) as port:
        paced = await measure(port, {}, rate=50, seconds=0.2)
    assert paced.errors == 60


@pytest.mark.parametrize("rate", [0.2, 1, 5.3, 16, 3000])
def test_no_connection_idles_for_more_than_two_seconds_if_the_pace_allows(rate: float) -> None:
    count = connections_for(rate)
    assert 1 <= count <= CONNECTIONS
    assert count == 1 or count / rate <= 2

"""Latency at a fixed pace: requests leave on a schedule, whether or not the last one came back.

The clock of a request starts when the schedule says it should leave, not when a connection is free,
so a stalled gateway cannot hide its stall ("coordinated omission").
Runs as a process of its own on the load core: `python -m bench.latency PORT RATE SECONDS HEADERS`.
"""

import asyncio
import gc
import selectors
import subprocess
import sys
from collections import deque
from collections.abc import Mapping

import httptools
import msgspec

from bench.children import on_core
from bench.figures import percentile
from bench.load import PATH, request_body
from gatebook.core.errors import Unavailable

CONNECTIONS = 32
WARM_SECONDS = 1.0
_IDLE_SECONDS = 2.0
_LEAD_SECONDS = 0.1
_DRAIN_SECONDS = 20.0


class Paced(msgspec.Struct, frozen=True):
    """Latencies from the scheduled departure, in milliseconds."""

    samples: int
    errors: int
    p50_ms: float
    p99_ms: float


class Pacer:
    """Sends requests at a fixed rate per second for a time, over keep-alive connections in turn."""

    def __init__(self, request: bytes, rate: float, seconds: float) -> None:
        self.latencies_ms: list[float] = []
        self.errors = 0
        self._request = request
        self._rate = rate
        self._total = int(rate * (WARM_SECONDS + seconds))
        self._left = 0
        self._returned = 0
        self._idle: deque[Connection] = deque()
        self._waiting: deque[float] = deque()
        self._loop = asyncio.get_running_loop()
        self._starts_at = 0.0
        self.finished: asyncio.Future[None] = self._loop.create_future()

    def start(self, connections: list["Connection"]) -> None:
        """Begin the schedule on open connections."""
        self._idle.extend(connections)
        self._starts_at = self._loop.time() + _LEAD_SECONDS
        self._loop.call_at(self._starts_at, self._depart)

    def returned(self, connection: "Connection", due_at: float, status: int) -> None:
        """Take an answer; `due_at` is when its request should have left."""
        self._returned += 1
        self.errors += status != 200
        if due_at >= self._starts_at + WARM_SECONDS:
            self.latencies_ms.append((self._loop.time() - due_at) * 1000)
        if self._waiting:
            connection.send(self._request, self._waiting.popleft())
        else:
            self._idle.append(connection)
        if self._returned == self._total:
            self.finished.set_result(None)

    @property
    def outstanding(self) -> int:
        """Requests of the schedule that have no answer yet."""
        return self._total - self._returned

    def lost(self) -> None:
        """A connection ended before the end: the schedule cannot be kept, which voids the round."""
        if not self.finished.done():
            self.errors += 1
            self.finished.set_result(None)

    def _depart(self) -> None:
        """Send everything that is due, then sleep until the next departure."""
        now = self._loop.time()
        while self._left < self._total and (due_at := self._due_at(self._left)) <= now:
            self._left += 1
            if self._idle:
                self._idle.popleft().send(self._request, due_at)
            else:
                self._waiting.append(due_at)
        if self._left < self._total:
            self._loop.call_at(self._due_at(self._left), self._depart)

    def _due_at(self, index: int) -> float:
        return self._starts_at + index / self._rate


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request on it."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._due_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; asyncio has set TCP_NODELAY on it."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls `on_message_complete`."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the pacer."""
        self._pacer.lost()

    def send(self, request: bytes, due_at: float) -> None:
        """Write one request."""
        assert self._transport is not None
        self._due_at = due_at
        self._transport.write(request)

    def close(self) -> None:
        """End the connection; the answer has come."""
        assert self._transport is not None
        self._transport.close()

    def on_message_complete(self) -> None:
        """Called by the parser at the end of an answer."""
        self._pacer.returned(self, self._due_at, self._parser.get_status_code())


def raw_request(port: int, headers: Mapping[str, str]) -> bytes:
    """The request as it goes on the wire."""
    body = request_body()
    lines = [
        f"POST {PATH} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def connections_for(rate: float) -> int:
    """Few enough that each is used every two seconds: servers close idle ones, some after five."""
    return min(CONNECTIONS, max(1, int(rate * _IDLE_SECONDS)))


async def measure(port: int, headers: Mapping[str, str], rate: float, seconds: float) -> Paced:
    """Pace requests to a port of this machine; the first second warms up and is not counted."""
    pacer = Pacer(raw_request(port, headers), rate, seconds)
    loop = asyncio.get_running_loop()
    connections = []
    for _ in range(connections_for(rate)):
        _, connection = await loop.create_connection(lambda: Connection(pacer), "127.0.0.1", port)
        connections.append(connection)
    pacer.start(connections)
    try:
        async with asyncio.timeout(WARM_SECONDS + seconds + _DRAIN_SECONDS):
            await pacer.finished
    except TimeoutError:
        pacer.errors += pacer.outstanding
    for connection in connections:
        connection.close()
    ordered = sorted(pacer.latencies_ms) or [0.0]
    return Paced(
        samples=len(pacer.latencies_ms),
        errors=pacer.errors,
        p50_ms=percentile(ordered, 0.50),
        p99_ms=percentile(ordered, 0.99),
    )


def pace(port: int, headers: Mapping[str, str], *, core: int, rate: float, seconds: float) -> Paced:
    """Measure from a process of its own on the load core; raises Unavailable when it fails."""
    sent = msgspec.json.encode(dict(headers)).decode()
    argv = [sys.executable, "-m", "bench.latency", str(port), str(rate), str(seconds), sent]
    with on_core(core):
        shown = subprocess.run(
            argv,
            capture_output=True,
            check=False,
            timeout=WARM_SECONDS + seconds + 2 * _DRAIN_SECONDS,
        )
    if shown.returncode:
        raise Unavailable("pacer_failed", shown.stderr.decode().strip()[-200:])
    return msgspec.json.decode(shown.stdout, type=Paced)


def main() -> None:
    """Entry of the child process: print one `Paced` as JSON."""
    port, rate, seconds, headers = sys.argv[1:]
    gc.disable()  # a collection in the client would be counted against the row
    # select() sleeps to the microsecond; epoll, and with it uvloop, only to the millisecond.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        paced = runner.run(
            measure(
                int(port),
                msgspec.json.decode(headers, type=dict[str, str]),
                float(rate),
                float(seconds),
            )
        )
    sys.stdout.write(msgspec.json.encode(paced).decode())


if __name__ == "__main__":
    main()

"""Many streams at one time: what the gate adds to each chunk, and what they take of memory.

`python -m bench.streams`: a vendor that sends one chunk to each stream at a fixed rate, on a
schedule, and a client that holds them all, in one process; Gatebook with one worker alone on the
other core, or with two and everything on both cores.
Each chunk carries the time at which it was due, so a stall cannot hide ("coordinated omission").
The same is measured without a gate first, and the difference is what the gate adds.
"""

import argparse
import asyncio
import gc
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httptools
import msgspec
import uvloop

from bench.children import Child, Memory, alone, on_core
from bench.figures import percentile
from bench.installation import Installation
from bench.load import PATH
from bench.machine import choose_cores
from bench.pages import replaced, table
from bench.rows import await_word, free_port
from gatebook.core.clock import SystemClock, to_text
from gatebook.core.errors import Unavailable

_FOLDER = Path(__file__).parent.parent / ".bench"
_PAGE = _FOLDER.parent / "docs" / "explanation" / "performance.md"
_COMMAND = "python -m bench.streams"
_GOAL_MS = 5.0
_GOAL_BYTES = 500_000_000
_RATE = 20
"""Chunks a second in each stream."""

_TICK_SECONDS = 0.001
_TICK_NS = 1_000_000
_OPEN_A_SECOND = 250
_SETTLE_SECONDS = 3
_GRACE_SECONDS = 30

_CHUNK = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o",'
    b'"choices":[{"index":0,"delta":{"content":"%016d"},"finish_reason":null}],"usage":null}\n\n'
)
_DUE = re.compile(rb'"content":"(\d{16})"')
_END = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o",'
    b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}\n\n'
    b"data: [DONE]\n\n"
)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_MODELS = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"data":[]}'
)


class Figures(msgspec.Struct, frozen=True):
    """Latencies of chunks from when they were due, in milliseconds."""

    streams: int
    chunks: int
    incomplete: int
    p50_ms: float
    p99_ms: float
    p999_ms: float


class Vendor(asyncio.Protocol):
    """One connection of the vendor: what is posted is answered with a stream."""

    def __init__(self, schedule: "Schedule") -> None:
        self._schedule = schedule
        self._parser = httptools.HttpRequestParser(self)
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """A part of a request."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """A whole request."""
        if self._parser.get_method() == b"POST":
            self.transport.write(_HEAD)
            self._schedule.join(self)
        else:
            self.transport.write(_MODELS)

    def send(self, data: bytes) -> None:
        """One chunk."""
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        """The last chunk."""
        self.send(_END)
        self.transport.write(b"0\r\n\r\n")


class Schedule:
    """When each stream gets its next chunk: their turns are spread evenly over the interval."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._turns: list[list[tuple[Vendor, int]]] = [[] for _ in range(int(1000 / _RATE))]
        self._joined = 0
        self._tick = 0
        # The loop's own clock tells whole milliseconds only.
        self._starts_at, self._began_ns = self._loop.time(), time.monotonic_ns()
        self._loop.call_at(self._starts_at, self._send_due)

    def join(self, stream: Vendor) -> None:
        """A stream begins; it ends after so many chunks."""
        turns = self._turns[self._joined % len(self._turns)]
        turns.append((stream, int(self._seconds * _RATE)))
        self._joined += 1

    def _send_due(self) -> None:
        now = self._loop.time()
        while self._starts_at + self._tick * _TICK_SECONDS <= now:
            turn = self._tick % len(self._turns)
            chunk = _CHUNK % (self._began_ns + self._tick * _TICK_NS)
            left = []
            for stream, count in self._turns[turn]:
                if count:
                    stream.send(chunk)
                    left.append((stream, count - 1))
                else:
                    stream.end()
            self._turns[turn] = left
            self._tick += 1
        self._loop.call_at(self._starts_at + self._tick * _TICK_SECONDS, self._send_due)


class Reader(asyncio.Protocol):
    """One stream of the client."""

    def __init__(self, request: bytes, latencies_ms: list[float]) -> None:
        self._request = request
        self._latencies_ms = latencies_ms
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self.is_complete = False
        self.ended: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask at once."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note how late each chunk is; a chunk may come in two parts."""
        now_ns = time.monotonic_ns()
        text = self._rest + data
        at = 0
        for due in _DUE.finditer(text):
            self._latencies_ms.append((now_ns - int(due[1])) / 1e6)
            at = due.end()
        self._rest = text[max(at, len(text) - 64) :]
        if b"[DONE]" in text:
            self.is_complete = True
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Over."""
        del exc
        self.ended.set_result(None)


async def measure(port: int, key: str, vendor_port: int, count: int, seconds: float) -> Figures:
    """Serve as the vendor and hold `count` streams by a port; the time they open is not counted."""
    loop = asyncio.get_running_loop()
    opening = count / _OPEN_A_SECOND
    schedule = Schedule(seconds + opening + _SETTLE_SECONDS)
    server = await loop.create_server(
        lambda: Vendor(schedule), "127.0.0.1", vendor_port, backlog=4096
    )
    body = msgspec.json.encode(
        {
            "model": "gpt-4o",
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [{"role": "user", "content": "Count."}],
        }
    )
    request = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    latencies_ms: list[float] = []
    readers = []
    for _ in range(count):
        _, reader = await loop.create_connection(
            lambda: Reader(request, latencies_ms), "127.0.0.1", port
        )
        readers.append(reader)
        await asyncio.sleep(1 / _OPEN_A_SECOND)
    await asyncio.sleep(_SETTLE_SECONDS)
    latencies_ms.clear()
    await asyncio.sleep(seconds - 1)
    counted = sorted(latencies_ms) or [0.0]
    print(f"MEASURED {len(counted)}", flush=True)
    await asyncio.wait([reader.ended for reader in readers], timeout=_GRACE_SECONDS)
    server.close()
    return Figures(
        streams=count,
        chunks=len(counted),
        incomplete=sum(not reader.is_complete for reader in readers),
        p50_ms=percentile(counted, 0.50),
        p99_ms=percentile(counted, 0.99),
        p999_ms=percentile(counted, 0.999),
    )


@dataclass(frozen=True, slots=True)
class Through:
    """The figures of Gatebook with so many workers, and those without a gate on the same cores."""

    workers: int
    direct: Figures
    figures: Figures
    memory: Memory
    cpu_us: float
    """Processor time of all its processes for a chunk, in microseconds."""

    @property
    def added_p99_ms(self) -> float:
        """What it adds to a chunk at the 99th percentile."""
        return self.figures.p99_ms - self.direct.p99_ms


def run(
    port: int, key: str, vendor_port: int, count: int, seconds: float, core: int | None
) -> Figures:
    """Measure from a process of its own; raises Unavailable when it fails."""
    words = [str(port), key or "-", str(vendor_port), str(count), str(seconds)]
    with on_core(core):
        shown = subprocess.run(
            [sys.executable, "-m", "bench.streams", "--child", *words],
            capture_output=True,
            check=False,
            timeout=seconds + count / _OPEN_A_SECOND + _GRACE_SECONDS + 30,
        )
    if shown.returncode:
        raise Unavailable("streams_failed", shown.stderr.decode().strip()[-400:])
    return msgspec.json.decode(shown.stdout.splitlines()[-1], type=Figures)


def through(workers: int, streams: int, seconds: float) -> Through:
    """One worker alone on its core, or several that share both cores with vendor and client."""
    folder = _FOLDER / f"streams-{time.monotonic_ns()}"
    port, vendor_port = free_port(), free_port()
    cores = choose_cores()
    core, load_core = (cores.gateway, cores.load) if workers == 1 else (None, None)
    direct = run(vendor_port, "", vendor_port, streams, seconds, load_core)
    settings = f"\n[workers]\ncount = {workers}\n"
    installation = Installation(folder, port, free_port(), settings=settings)
    key = installation.enroll(f"http://127.0.0.1:{vendor_port}/v1")
    argv = installation.command("serve")
    with Child(argv, core=core, folder=folder / "serve", stop_seconds=60) as child:
        for number in range(1, workers + 1):
            await_word(child, f"{'gateway' if number == 1 else f'gateway.{number}'} is ready")
        before = child.cpu_seconds()
        figures = run(port, key, vendor_port, streams, seconds, load_core)
        used = child.cpu_seconds() - before
        chunks = streams * _RATE * (seconds + streams / _OPEN_A_SECOND + _SETTLE_SECONDS)
        return Through(workers, direct, figures, child.memory(), used * 1e6 / chunks)


def part(found: list[Through], began: str) -> str:
    """The part of the page that this writes."""
    header = ["workers", "streams", "incomplete", "p50", "p99", "p99 without a gate", "added p99"]
    header += ["CPU per chunk", "RSS / PSS of all processes"]
    rows = [
        [
            str(each.workers),
            f"{each.figures.streams:,}",
            str(each.figures.incomplete),
            f"{each.figures.p50_ms:.2f} ms",
            f"{each.figures.p99_ms:.2f} ms",
            f"{each.direct.p99_ms:.2f} ms",
            f"{each.added_p99_ms:.2f} ms",
            f"{each.cpu_us:.0f} µs",
            f"{each.memory.rss_bytes / 1e6:.0f} / {each.memory.pss_bytes / 1e6:.0f} MB",
        ]
        for each in found
    ]
    best = min(found, key=lambda each: each.added_p99_ms)
    who = f"{best.workers} worker{'s' if best.workers > 1 else ''}"
    is_met = best.added_p99_ms <= _GOAL_MS and best.memory.pss_bytes <= _GOAL_BYTES
    return "\n".join(
        [
            f"Run of {began[:10]}.",
            "",
            *table(header, rows),
            "",
            f"The goal is {_GOAL_MS:.0f} ms more at p99 and {_GOAL_BYTES / 1e6:.0f} MB (PSS):"
            + (f" met, with {who}." if is_met else " **missed**."),
        ]
    )


def main() -> int:
    """Measure without and with Gatebook, print what it adds, and write the part of the page."""
    asked = _arguments()
    if asked.child:
        return _child(asked.child)
    began = to_text(SystemClock().now_us())
    with alone(_FOLDER):
        found = [through(workers, asked.streams, asked.seconds) for workers in asked.workers]
    written = part(found, began)
    print(written)
    if not asked.no_write:
        _PAGE.write_text(replaced(_PAGE.read_text(), _COMMAND, written))
    return 0


def _child(words: list[str]) -> int:
    port, key, vendor_port, count, seconds = words
    gc.disable()  # a collection here would be counted against the gate
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(measure(int(port), key, int(vendor_port), int(count), float(seconds)))
    sys.stdout.buffer.write(msgspec.json.encode(figures) + b"\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=_COMMAND, description=main.__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, action="append", help="1 and 2 if left out")
    parser.add_argument("--no-write", action="store_true", help="do not write the page")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.workers = asked.workers or [1, 2]
    return asked


if __name__ == "__main__":
    sys.exit(main())

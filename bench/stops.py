"""How soon a stop and a revocation are in force: `python -m bench.stops`.

Several gates on one data folder and one database, a paced load and streams that never end. From the
moment the order is given, it counts when the last call came to the provider and when the last
stream was cut. The provider is in this process, so that both are told by one clock. With PostgreSQL
it is measured again while the gates hear no notifications.
"""

import argparse
import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.database_wire import DatabaseWire
from bench.figures import percentile
from bench.gates import gates, postgresql
from bench.load import PATH, reply_body
from bench.pages import replaced, table
from gatebook.app.config import Loaded
from gatebook.app.emergency import open_folder, order_of
from gatebook.app.wiring import open_control, operator
from gatebook.control.apply import Answer, Control, Order, carry_out
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.control.inputs import read_command
from gatebook.core.clock import SystemClock, to_text
from gatebook.core.errors import Unavailable
from gatebook.core.ids import system_entropy
from gatebook.core.secret import Secret

_ROOT: Final = Path(__file__).parent.parent
_CONNECTIONS: Final = 12
"""Of the load, to each gate."""
_STREAMS: Final = 4
"""To each gate, under way when the order is given."""
_GOAL_MS: Final = 1000
_PAGE: Final = _ROOT / "docs" / "explanation" / "performance.md"
_COMMAND: Final = "python -m bench.stops"
_HEARD_SECONDS: Final = 20
_OWNER: Final = "bench@example.com"
_WHOLE: Final = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'
_STREAM: Final = _WHOLE[:-1] + b',"stream":true}'
_CHUNK: Final = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o",'
    b'"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'
)


@dataclass(frozen=True)
class Plan:
    """How much is asked, of how many, how often."""

    gates: int = 3
    rate: int = 500
    times: int = 20


@dataclass(slots=True)
class Series:
    """Milliseconds from the order, one figure for each time it was given."""

    title: str
    admitted_ms: list[float] = field(default_factory=list)
    cut_ms: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    """Calls a second that came through before, all gates together."""

    def cells(self) -> list[str]:
        """A row of the table: median and 99th percentile of the last call and the last stream."""
        times = [
            f"{percentile(sorted(values), 0.5):.0f} / {percentile(sorted(values), 0.99):.0f} ms"
            for values in (self.admitted_ms, self.cut_ms)
        ]
        return [self.title, *times, f"{percentile(sorted(self.rates), 0.5):.0f}/s"]

    @property
    def is_met(self) -> bool:
        """Whether it was in force within the goal, each time but one in a hundred."""
        worst = [percentile(sorted(values), 0.99) for values in (self.admitted_ms, self.cut_ms)]
        return max(worst) < _GOAL_MS


class Provider:
    """Answers every call at once; streams begin and go on for ever."""

    def __init__(self) -> None:
        self.calls = 0
        self.last_at = 0.0
        self._loop = asyncio.get_running_loop()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while True:
                _, body = await _message(reader)
                self.calls += 1
                self.last_at = self._loop.time()
                if b'"stream":true' in body:
                    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                    chunk = b"%x\r\n%b\r\n" % (len(_CHUNK), _CHUNK)
                    writer.write(head + b"transfer-encoding: chunked\r\n\r\n" + chunk)
                    await reader.read()  # until the gate lets go
                    return
                reply = reply_body()
                head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                writer.write(head + b"content-length: %d\r\n\r\n%b" % (len(reply), reply))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the gate let go, or this is the end
        finally:
            writer.close()


class Load:
    """Calls at a steady pace to every gate, until it is told to stop; what they last said."""

    def __init__(self, ports: list[int], rate: int) -> None:
        self.key = ""
        self.statuses = dict.fromkeys(ports, 0)
        self._pause = len(ports) * _CONNECTIONS / rate
        self._loop = asyncio.get_running_loop()

    async def call(self, port: int, offset: float) -> None:
        """Ask over one connection again and again."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        due = self._loop.time() + offset * self._pause
        try:
            while True:
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                writer.write(_request(self.key, _WHOLE))
                status, _ = await _message(reader)
                self.statuses[port] = int(status.split(b" ", 2)[1])
                due = max(due + self._pause, self._loop.time() - self._pause)
        finally:
            writer.close()

    async def until(self, *statuses: int) -> None:
        """Wait until every gate answers so; raises Unavailable if one never does."""
        until = self._loop.time() + _HEARD_SECONDS
        self.statuses = dict.fromkeys(self.statuses, 0)
        while not set(self.statuses.values()) <= set(statuses):
            if self._loop.time() > until:
                raise Unavailable("bench_not_heard", f"The gates answer {self.statuses}.")
            await asyncio.sleep(0.01)


class Bench:
    """A provider, an agent and its load, and the orders that are given about it."""

    def __init__(self, loaded: Loaded, control: Control, load: Load, provider: Provider) -> None:
        self._folder = open_folder(loaded.config, system_entropy)
        self._do = partial(_do, control)
        self._control = control
        self._stops: list[str] = []
        self.load = load
        self.provider = provider

    async def by_folder(self) -> None:
        """Stop the agent as the command does on a machine of the gates."""
        command = EngageStop(kind="agent", name="bench")
        clock = SystemClock()
        order = order_of(command, "", clock=clock, entropy=system_entropy)
        await asyncio.to_thread(self._folder.post, order)
        self._stops.append(order.idempotency_key)
        await asyncio.to_thread(carry_out, self._control, order)

    async def by_database(self) -> None:
        """Stop it as the command does on another machine."""
        answer = await self._do("engage_stop", kind="agent", name="bench")
        self._stops.append(answer.values["stop"])

    async def release(self) -> None:
        """Let it call again."""
        stop = self._stops.pop()
        await self._do("release_stop", stop=stop, by=_OWNER, reason="next time")

    async def revoke(self) -> None:
        """Revoke its key."""
        await self._do("revoke_key", agent="bench")

    async def rotate(self) -> None:
        """Give it another one."""
        self.load.key = _key(await self._do("rotate_key", agent="bench"))

    async def series(
        self,
        title: str,
        order: Callable[[], Awaitable[None]],
        undo: Callable[[], Awaitable[None]],
        times: int,
    ) -> Series:
        """Give an order again and again while calls come in."""
        found = Series(title)
        for _ in range(times):
            await _once(found, self.provider, self.load, order)
            await undo()
        return found


@asynccontextmanager
async def bench(
    loaded: Loaded, ports: list[int], plan: Plan, control: Control
) -> AsyncIterator[Bench]:
    """All that is needed, and the load under way."""
    provider = Provider()
    server = await asyncio.start_server(provider.answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    await _do(control, "add_provider", provider="mock", key=Secret("sk-provider"), base_url=url)
    who: dict[str, Any] = {"owner": _OWNER, "purpose": "benchmark", "model": ["gpt-*"]}
    load = Load(ports, plan.rate)
    load.key = _key(await _do(control, "enroll_agent", name="bench", **who))
    calling = [
        asyncio.ensure_future(load.call(port, number / _CONNECTIONS))
        for port in ports
        for number in range(_CONNECTIONS)
    ]
    try:
        yield Bench(loaded, control, load, provider)
    finally:
        for each in calling:
            each.cancel()
        await asyncio.gather(*calling, return_exceptions=True)
        server.close()


async def measure(
    loaded: Loaded, ports: list[int], plan: Plan, control: Control, wire: DatabaseWire | None
) -> list[Series]:
    """Give each kind of order again and again, and again with the gates deaf to notifications."""
    async with bench(loaded, ports, plan, control) as on:
        orders = [
            ("a stop, given on this machine", on.by_folder, on.release),
            ("a stop, heard of by the database alone", on.by_database, on.release),
            ("revocation of a key", on.revoke, on.rotate),
        ]
        series = [await on.series(*order, plan.times) for order in orders]
        if wire is not None:
            wire.state = "deaf"
            for title, order, undo in orders[1:]:
                titled = f"{title}, notifications cut"
                series.append(await on.series(titled, order, undo, plan.times))
    return series


async def _once(
    series: Series, provider: Provider, load: Load, order: Callable[[], Awaitable[None]]
) -> None:
    """One order: from a steady load to the last call and the last stream."""
    loop = asyncio.get_running_loop()
    await load.until(200)
    streams = [
        asyncio.ensure_future(_stream(port, load.key))
        for port in load.statuses
        for _ in range(_STREAMS)
    ]
    calls, since = provider.calls, loop.time()
    await asyncio.sleep(0.5)
    series.rates.append((provider.calls - calls - len(streams)) / (loop.time() - since))
    began = loop.time()
    ordering = asyncio.ensure_future(order())
    ended = await asyncio.wait_for(asyncio.gather(*streams), _HEARD_SECONDS)
    await load.until(401, 403)
    await ordering
    series.admitted_ms.append(max(0.0, provider.last_at - began) * 1000)
    series.cut_ms.append(max(0.0, max(ended) - began) * 1000)


async def _stream(port: int, key: str) -> float:
    """Read a stream until it is cut; the time at which its last byte came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_request(key, _STREAM))
        said = await reader.readuntil(b"0\r\n\r\n")
        if b"content_filter" not in said:
            raise Unavailable("bench_not_cut", f"A stream ended so: {said[-200:]!r}")
        return asyncio.get_running_loop().time()
    finally:
        writer.close()


async def _do(control: Control, kind: str, /, *, reason: str = "", **values: Any) -> Answer:
    """Have a command carried out."""
    command = read_command(control.commands[kind], values)
    order = Order(command=command, by=operator(), reason=reason)
    return await asyncio.to_thread(carry_out, control, order)


def _key(answer: Answer) -> str:
    return answer.shown_once.reveal() if answer.shown_once else ""


def _request(key: str, body: bytes) -> bytes:
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """First line and body of a message with a length."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, _, after = head.partition(b"content-length: ")
    length = int(after.partition(b"\r\n")[0] or 0)
    return head.partition(b"\r\n")[0], await reader.readexactly(length)


def run(folder: Path, plan: Plan, database_url: str = "") -> list[Series]:
    """All series in an empty folder; a PostgreSQL has to be fresh, and to listen in a folder."""
    if not database_url:
        with (
            gates(folder / "gates", plan.gates, "", {}) as (loaded, ports),
            open_control(loaded) as to,
        ):
            return asyncio.run(measure(loaded, ports, plan, to, None))
    with DatabaseWire(database_url) as wire:
        wired = {"STORAGE_URL": wire.url}
        with (
            gates(folder / "gates", plan.gates, database_url, wired) as (loaded, ports),
            open_control(loaded) as control,
        ):
            return asyncio.run(measure(loaded, ports, plan, control, wire))


def part(found: list[Series], began: str, plan: Plan, database: str) -> str:
    """The part of the page that this writes."""
    header = ["order", "last call, p50 / p99", "last stream, p50 / p99", "calls before it"]
    lines = [
        f"Run of {began[:10]}, {plan.gates} gates on {database}, {plan.times} orders of each kind.",
        "",
        *table(header, [series.cells() for series in found]),
        "",
    ]
    missed = [series.title for series in found if not series.is_met]
    lines.append(
        "The goal of one second at the 99th percentile was "
        + (f"**missed** by: {'; '.join(missed)}." if missed else "met by all.")
    )
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and write the part of the page."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description=main.__doc__)
    parser.add_argument("--gates", type=int, default=Plan.gates)
    parser.add_argument("--rate", type=int, default=Plan.rate, help="calls a second, all together")
    parser.add_argument("--times", type=int, default=Plan.times)
    parser.add_argument("--postgresql", action="store_true", help="start one; else SQLite")
    parser.add_argument("--no-write", action="store_true", help="do not write the page")
    asked = parser.parse_args()
    folder = _ROOT / ".bench" / "stops"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    plan = Plan(asked.gates, asked.rate, asked.times)
    began = to_text(SystemClock().now_us())
    database = "PostgreSQL" if asked.postgresql else "SQLite"
    with postgresql() if asked.postgresql else nullcontext("") as url:
        written = part(run(folder, plan, url), began, plan, database)
    print(written)
    if not asked.no_write:
        _PAGE.write_text(replaced(_PAGE.read_text(), _COMMAND, written))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How soon a stop and a revocation are in force: `python -m bench.stops`.

Several gates on one data folder and one database, a paced load and streams that never end. From the
moment the order is given, it counts when the last call came to the provider and when the last
stream was cut. The provider is in this process, so that both are told by one clock.
"""

import argparse
import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.children import fresh_environment
from bench.figures import percentile
from bench.load import PATH, reply_body
from gatebook.app.config import Loaded, load_config
from gatebook.app.emergency import open_folder, order_of
from gatebook.app.init import create
from gatebook.app.wiring import open_control, operator
from gatebook.control.apply import Answer, Control, Order, carry_out
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.control.inputs import read_command
from gatebook.core.clock import SystemClock
from gatebook.core.errors import Unavailable
from gatebook.core.ids import system_entropy
from gatebook.core.secret import Secret

_ROOT: Final = Path(__file__).parent.parent
_PROGRAM: Final = [sys.executable, "-P", "-m", "gatebook.cli"]
_CONNECTIONS: Final = 6
"""Of the load, to each gate."""
_STREAMS: Final = 4
"""To each gate, under way when the order is given."""
_READY_SECONDS: Final = 60
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

    def lines(self) -> Iterator[str]:
        """The figures as they are read."""
        for what, values in (("last call", self.admitted_ms), ("last stream", self.cut_ms)):
            ordered = sorted(values)
            p50, p99 = percentile(ordered, 0.5), percentile(ordered, 0.99)
            yield (
                f"{self.title:<34} {what:<12} p50 {p50:6.0f} ms  p99 {p99:6.0f} ms"
                f"  max {ordered[-1]:6.0f} ms  n {len(ordered)}"
            )
        yield f"{self.title:<34} load         {percentile(sorted(self.rates), 0.5):6.0f} calls/s"


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


async def measure(loaded: Loaded, ports: list[int], plan: Plan, control: Control) -> list[Series]:
    """Give each kind of order again and again while calls come in."""
    provider = Provider()
    server = await asyncio.start_server(provider.answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    do = partial(_do, control)
    await do("add_provider", provider="mock", key=Secret("sk-provider"), base_url=url)
    who: dict[str, Any] = {"owner": _OWNER, "purpose": "benchmark", "model": ["gpt-*"]}
    load = Load(ports, plan.rate)
    load.key = _key(await do("enroll_agent", name="bench", **who))
    calling = [
        asyncio.ensure_future(load.call(port, number / _CONNECTIONS))
        for port in ports
        for number in range(_CONNECTIONS)
    ]
    folder = open_folder(loaded.config, system_entropy)

    async def by_folder() -> None:
        command = EngageStop(kind="agent", name="bench")
        order = order_of(command, "", clock=SystemClock(), entropy=system_entropy)
        await asyncio.to_thread(folder.post, order)
        stops.append(order.idempotency_key)
        await asyncio.to_thread(carry_out, control, order)

    async def by_database() -> None:
        stops.append((await do("engage_stop", kind="agent", name="bench")).values["stop"])

    async def release() -> None:
        await do("release_stop", stop=stops.pop(), by=_OWNER, reason="next time")

    async def revoke() -> None:
        await do("revoke_key", agent="bench")

    async def rotate() -> None:
        load.key = _key(await do("rotate_key", agent="bench"))

    stops: list[str] = []
    found = []
    try:
        for title, order, undo in (
            ("stop, from this machine", by_folder, release),
            ("stop, by the database alone", by_database, release),
            ("revocation of a key", revoke, rotate),
        ):
            series = Series(title)
            for _ in range(plan.times):
                await _once(series, provider, load, order)
                await undo()
            found.append(series)
    finally:
        for each in calling:
            each.cancel()
        await asyncio.gather(*calling, return_exceptions=True)
        server.close()
    return found


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


@contextmanager
def gates(folder: Path, plan: Plan, database_url: str) -> Iterator[tuple[Loaded, list[int]]]:
    """Notary, integrator and gates on a fresh data folder, and the ports of the gates."""
    settings = folder / "gatebook.toml"
    ports = [_free_port() for _ in range(plan.gates)]
    url = f'[storage]\nurl = "{database_url}"\n' if database_url else ""
    settings.write_text(f"[server]\ndata = '{folder / 'data'}'\n[log]\nport = 0\n{url}")
    loaded = load_config(settings, environment={})
    create(loaded.config, system_entropy)
    with ExitStack() as stack:
        for name in ("notary", "integrator"):
            stack.enter_context(_process(settings, name, {}))
        for number, port in enumerate(ports, 1):
            own = {"GATEWAY_PORT": port, "WORKERS_NAME": f"gateway-{number}"}
            stack.enter_context(_process(settings, "gateway", own))
        yield loaded, ports


@contextmanager
def _process(settings: Path, name: str, own: Mapping[str, object]) -> Iterator[None]:
    """One process of Gatebook with settings of its own, once it is ready; ended at the end."""
    environment = {f"GATEBOOK_{key}": str(value) for key, value in own.items()}
    with subprocess.Popen(
        [*_PROGRAM, "--config", str(settings), "serve", name],
        env={**fresh_environment(settings.parent), **environment, "PYTHONPATH": _path()},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            said = []
            while line := process.stderr.readline():
                said.append(line)
                if "is ready at" in line:
                    break
            else:
                raise Unavailable("bench_not_started", f"The {name}: {''.join(said)[-300:]}")
            yield
        finally:
            process.terminate()
            process.communicate(timeout=_READY_SECONDS)


def _path() -> str:
    return ":".join(entry for entry in sys.path if entry)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def run(folder: Path, plan: Plan, database_url: str = "") -> list[Series]:
    """All series, on a fresh installation in an empty folder."""
    with gates(folder, plan, database_url) as (loaded, ports), open_control(loaded) as control:
        return asyncio.run(measure(loaded, ports, plan, control))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.stops", description=main.__doc__)
    parser.add_argument("--gates", type=int, default=Plan.gates)
    parser.add_argument("--rate", type=int, default=Plan.rate, help="calls a second, all together")
    parser.add_argument("--times", type=int, default=Plan.times)
    parser.add_argument("--database", default="", help="URL; SQLite if left out")
    asked = parser.parse_args()
    folder = _ROOT / ".bench" / "stops"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for series in run(folder, Plan(asked.gates, asked.rate, asked.times), asked.database):
        print("\n".join(series.lines()))
    return 0


if __name__ == "__main__":
    sys.exit(main())

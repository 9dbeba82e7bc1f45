"""Ten minutes of calls to a vendor that fails in every way: does anything leak?

`python -m bench.soak`: agents call, stream, and hang up in the middle; a fifth of their calls meet
a fault of `bench.faulty`. Every few seconds memory, open files, threads and tasks of the gateway
process are noted. Writes `docs/explanation/soak.md` and its picture; exits with 1 if anything grew.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from bench.chart import Line, chart
from bench.children import Child, alone, on_core
from bench.faulty import FAULTS, FaultyVendor
from bench.installation import Installation
from bench.load import PATH
from bench.machine import choose_cores
from bench.rows import await_word, free_port
from gatebook.web.client import Broken, Client, NotSent, Origin

_ROOT: Final = Path(__file__).parent.parent
_FOLDER: Final = _ROOT / ".bench"
_PAGE: Final = _ROOT / "docs" / "explanation" / "soak.md"
_PICTURE: Final = _PAGE.with_suffix(".svg")

_AGENTS: Final = 8
_SAMPLE_SECONDS: Final = 2.0
_FAULTY_SHARE: Final = 0.2
_HANG_UP_SHARE: Final = 0.05
_STREAM_SHARE: Final = 0.5
_ANSWERS_SECONDS: Final = 30.0
_GROWTH: Final = 1.10
"""Memory of the last fifth may be so much of the second fifth's; the first one warms up."""

_MORE_FILES: Final = 5
_MORE_THREADS: Final = 6
"""The pool that waits for the database is filled as it is needed."""

_MORE_TASKS: Final = 5

_REFUSED: Final = "refused"
"""The fault that no vendor can be asked for: nobody listens where this model is."""

_NAMES: Final = 200
"""Each fault has so many models: circuits open and are tried again all the time, and there are
always some that are closed, so that every fault goes on being met."""

_SETTINGS: Final = """
[upstream]
breaker_seconds = 1

[telemetry]
metrics = true
metrics_port = {port}
"""

_WAITS: Final = {"first_byte_seconds": 2, "silence_seconds": 2}
"""Settings of the gateway: silence is not waited for long."""


class Sample(msgspec.Struct, frozen=True):
    """The gateway process at one moment."""

    at: float
    memory_mb: float
    files: int
    threads: int
    tasks: int
    answers: int


class Agents:
    """Calls one after another by each of a number of agents, and counts what came of them."""

    def __init__(self, port: int, key: str) -> None:
        self._origin = Origin(is_tls=False, host="127.0.0.1", port=port)
        self._key = key
        self._client = Client(5, lambda _: True)
        self.outcomes: Counter[str] = Counter()

    async def call_until(self, end: float) -> None:
        """One agent's calls."""
        while time.monotonic() < end:
            model, is_stream = "well", random.random() < _STREAM_SHARE
            if random.random() < _FAULTY_SHARE:
                fault = random.choice((*FAULTS, _REFUSED))
                prefix = "" if fault == _REFUSED else "fault-"
                model = f"{prefix}{fault}/{random.randrange(_NAMES)}"
            try:
                async with asyncio.timeout(_ANSWERS_SECONDS):
                    outcome = await self._call(model, is_stream=is_stream)
            except TimeoutError:
                outcome = "no answer"
            except (Broken, NotSent):
                outcome = "broken"
            self.outcomes[outcome] += 1

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    async def _call(self, model: str, *, is_stream: bool) -> str:
        body = msgspec.json.encode({"model": model, "stream": is_stream, "messages": []})
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection = await self._client.connect(self._origin)
        hangs_up = random.random() < _HANG_UP_SHARE
        try:
            await connection.send(head.encode() + body)
            await connection.feed(lambda _: not hangs_up)
            return "hung up" if hangs_up else str(connection.status)
        finally:
            if hangs_up:
                connection.abort()
            else:
                self._client.release(self._origin, connection)


class Watched:
    """The gateway process, seen from outside."""

    def __init__(self, pid: int, metrics_port: int) -> None:
        self._process = Path("/proc") / str(pid)
        self._port = metrics_port

    def sample(self, at: float, agents: Agents) -> Sample:
        """What it holds now."""
        status = (self._process / "status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        return Sample(
            at=at,
            memory_mb=int(fields["VmRSS"].split()[0]) / 1024,
            files=len([*(self._process / "fd").iterdir()]),
            threads=int(fields["Threads"]),
            tasks=self._tasks(),
            answers=agents.outcomes.total(),
        )

    def _tasks(self) -> int:
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=10)) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        (value,) = [line for line in text.splitlines() if line.startswith("gatebook_tasks ")]
        return int(value.split()[1])


async def soak(
    port: int, key: str, seconds: float, gateway: Watched
) -> tuple[list[Sample], Agents]:
    """Samples of the gateway process during the calls and a while after them."""
    agents = Agents(port, key)
    began = time.monotonic()
    calling = [asyncio.ensure_future(agents.call_until(began + seconds)) for _ in range(_AGENTS)]
    samples = []
    while not all(task.done() for task in calling):
        await asyncio.sleep(_SAMPLE_SECONDS)
        samples.append(gateway.sample(time.monotonic() - began, agents))
    await asyncio.gather(*calling)
    agents.close()
    await asyncio.sleep(10)
    samples.append(gateway.sample(time.monotonic() - began, agents))
    return samples, agents


def main() -> int:
    """Soak, write the page and say what grew."""
    asked = _arguments()
    cores = choose_cores()
    with alone(_FOLDER), on_core(cores.load), FaultyVendor() as vendor:
        folder = _FOLDER / f"soak-{time.monotonic_ns()}"
        port, metrics = free_port(), free_port()
        settings = _SETTINGS.format(port=metrics)
        installation = Installation(
            folder, port, free_port(), models=["*"], settings=settings, gateway=_WAITS
        )
        key = installation.enroll(f"{vendor.url}/v1", "well", "fault-*")
        installation.add_provider("gone", f"http://127.0.0.1:{free_port()}/v1", f"{_REFUSED}/*")
        argv = installation.command("serve")
        with Child(argv, core=cores.gateway, folder=folder / "serve", stop_seconds=60) as child:
            await_word(child, "gateway is ready")
            gateway = next(pid for pid in child.pids() if "gateway" in _words_of(pid))
            watched = Watched(gateway, metrics)
            samples, agents = asyncio.run(soak(port, key, asked.seconds, watched))
        entries = installation.verified_entries()
    grown = verdict(samples)
    text = page(samples, agents.outcomes, entries, grown)
    print(text)
    if not asked.no_write:
        _PAGE.write_text(text)
        _PICTURE.write_text(picture(samples))
    return 1 if grown else 0


def verdict(samples: list[Sample]) -> list[str]:
    """What grew while the same went on and on; empty if nothing did."""
    fifth = max(1, (len(samples) - 1) // 5)
    early, late, after = samples[fifth : 2 * fifth], samples[-1 - fifth : -1], samples[-1]
    grown = []
    memory = median(s.memory_mb for s in late) / median(s.memory_mb for s in early)
    if memory > _GROWTH:
        grown.append(f"memory, by {memory - 1:.0%}")
    if median(s.files for s in late) > median(s.files for s in early) + _MORE_FILES:
        grown.append("open files")
    if after.files > samples[0].files:
        grown.append(f"open files that stayed ({after.files - samples[0].files})")
    if max(s.threads for s in late) > max(s.threads for s in early) + _MORE_THREADS:
        grown.append("threads")
    if median(s.tasks for s in late) > median(s.tasks for s in early) + _MORE_TASKS:
        grown.append("tasks")
    if after.tasks > samples[0].tasks:
        grown.append(f"tasks that stayed ({after.tasks - samples[0].tasks})")
    return grown


def picture(samples: list[Sample]) -> str:
    """Memory and open files over time, as SVG."""
    minutes = [s.at / 60 for s in samples]
    return chart(
        "A gateway that meets every fault",
        minutes,
        [
            Line("memory, MB", [s.memory_mb for s in samples]),
            Line("open files", [s.files for s in samples]),
        ],
        unit="minutes",
    )


def page(samples: list[Sample], outcomes: Counter[str], entries: int, grown: list[str]) -> str:
    """The page of the documentation."""
    fifth = max(1, (len(samples) - 1) // 5)
    early, late, after = samples[fifth : 2 * fifth], samples[-1 - fifth : -1], samples[-1]
    rows = [
        (
            "memory, MB",
            *(f"{median(s.memory_mb for s in part):.1f}" for part in (early, late)),
            f"{after.memory_mb:.1f}",
        ),
        (
            "open files",
            *(f"{median(s.files for s in part):.0f}" for part in (early, late)),
            str(after.files),
        ),
        (
            "threads",
            *(f"{max(s.threads for s in part)}" for part in (early, late)),
            str(after.threads),
        ),
        (
            "tasks",
            *(f"{median(s.tasks for s in part):.0f}" for part in (early, late)),
            str(after.tasks),
        ),
    ]
    lines = [
        "# Ten minutes of faults",
        "",
        "What a gateway holds while a vendor fails in every way it can.",
        "This page is written by `make soak`.",
        "",
        "![Memory and open files of the gateway process over time](soak.svg)",
        "",
        f"{_AGENTS} agents called one after another for {samples[-2].at / 60:.1f} minutes.",
        "Half of the calls asked for a stream, a fifth met a fault, one in twenty hung up midway.",
        "The faults are: " + ", ".join((*FAULTS, _REFUSED)) + ".",
        f"Circuits opened and were tried again: each fault had {_NAMES} models, each with its own.",
        "",
        "| | second fifth | last fifth | 10 seconds after the end |",
        "| --- | --- | --- | --- |",
        *[f"| {' | '.join(row)} |" for row in rows],
        "",
        "Grew: " + (", ".join(grown) if grown else "nothing") + ".",
        "",
        "What the agents were answered with: "
        + ", ".join(f"{name}: {count:,}" for name, count in outcomes.most_common())
        + ".",
        f"The book of it holds {entries:,} entries and verifies.",
        "",
    ]
    return "\n".join(lines)


def _words_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=main.__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--no-write", action="store_true", help="do not write the page")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

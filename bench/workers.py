"""What a second worker brings: `python -m bench.workers`.

All of `gatebook serve` on one core with one worker, and on both cores with two, in turns, under as
much load as each can answer. The load has the other core in the first case, and in the second
whatever is left of both.
"""

import argparse
import resource
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from bench.children import Child, alone, settle
from bench.installation import Installation
from bench.load import saturate
from bench.machine import choose_cores
from bench.pages import replaced, table
from bench.rows import await_word, free_port, provider_requests, start_mock
from gatebook.core.clock import SystemClock, to_text
from gatebook.core.errors import Unavailable

_ROOT: Final = Path(__file__).parent.parent
_FOLDER: Final = _ROOT / ".bench"
_PAGE: Final = _ROOT / "docs" / "explanation" / "performance.md"
_COMMAND: Final = "python -m bench.workers"
_CONNECTIONS: Final = 32
_GOAL: Final = 1.7


@dataclass(slots=True)
class Crew:
    """`gatebook serve` with so many workers, and what was measured of it."""

    workers: int
    child: Child
    port: int
    key: str
    load_core: int | None
    rates: list[float] = field(default_factory=list)
    """Calls a second, round by round."""
    own_us: list[float] = field(default_factory=list)
    """Processor time of all its processes for a call, in microseconds."""
    load_us: list[float] = field(default_factory=list)
    """That of load and provider."""


def measure(folder: Path, rounds: int, seconds: int) -> list[Crew]:
    """One worker and two, in turns; raises Unavailable if a call was refused or never left."""
    with ExitStack() as stack:
        mock = start_mock(folder, core=None)
        stack.enter_context(mock.child)
        crews = [_start(folder, count, mock.port, stack) for count in (1, 2)]
        for number in range(rounds + 1):
            for crew in crews:
                spent, load = crew.child.cpu_seconds(), _load_seconds(mock.child)
                asked = provider_requests(mock)
                totals = saturate(
                    crew.port,
                    {"Authorization": f"Bearer {crew.key}"},
                    core=crew.load_core,
                    seconds=seconds,
                    connections=_CONNECTIONS,
                )
                settle([crew.child])
                asked = provider_requests(mock) - asked - 1
                if totals.refused or totals.broken or asked < totals.requests:
                    raise Unavailable("bench_refused", f"{totals}, {asked} came to the provider")
                if number == 0:
                    continue  # to warm up
                crew.rates.append(totals.requests_per_second)
                crew.own_us.append((crew.child.cpu_seconds() - spent) * 1e6 / totals.requests)
                crew.load_us.append((_load_seconds(mock.child) - load) * 1e6 / totals.requests)
        return crews


def _start(folder: Path, count: int, provider_port: int, stack: ExitStack) -> Crew:
    port, home = free_port(), folder / f"workers-{count}"
    installation = Installation(home, port, free_port(), settings=f"\n[workers]\ncount = {count}\n")
    key = installation.enroll(f"http://127.0.0.1:{provider_port}/v1")
    argv = installation.command("serve")
    cores = choose_cores()
    is_alone = count == 1
    core = cores.gateway if is_alone else None
    child = Child(argv, core=core, folder=home / "serve", stop_seconds=120)
    stack.enter_context(child)
    for number in range(count):
        name = f"gateway.{number + 1}" if number else "gateway"
        await_word(child, f"{name} is ready")
    return Crew(count, child, port, key, cores.load if is_alone else None)


def _load_seconds(mock: Child) -> float:
    load = resource.getrusage(resource.RUSAGE_CHILDREN)
    return load.ru_utime + load.ru_stime + mock.cpu_seconds()


def part(crews: list[Crew], began: str) -> str:
    """The part of the page that this writes."""
    one, two = crews
    ratio = median(two.rates) / median(one.rates)
    header = ["workers", "calls/s", "lowest to highest", "CPU per call", "of load and provider"]
    rows = [
        [
            str(crew.workers),
            f"{median(crew.rates):,.0f}",
            f"{min(crew.rates):,.0f} to {max(crew.rates):,.0f}",
            f"{median(crew.own_us):,.0f} µs",
            f"{median(crew.load_us):,.0f} µs",
        ]
        for crew in crews
    ]
    verdict = "met." if ratio >= _GOAL else "**missed**."
    most = 2e6 / (median(two.own_us) + median(two.load_us))
    return "\n".join(
        [
            f"Run of {began[:10]}.",
            "",
            *table(header, rows),
            "",
            f"Two workers answer {ratio:.2f} x what one does; the goal is {_GOAL} x: {verdict}",
            f"By processor time both cores have room for {most:,.0f} calls a second.",
        ]
    )


def main() -> int:
    """Measure, print, and write the part of the page."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--no-write", action="store_true", help="do not write the page")
    asked = parser.parse_args()
    clock = SystemClock()
    began = to_text(clock.now_us())
    with alone(_FOLDER):
        folder = _FOLDER / f"workers-{clock.monotonic_us()}"
        written = part(measure(folder, asked.rounds, asked.seconds), began)
    print(written)
    if not asked.no_write:
        _PAGE.write_text(replaced(_PAGE.read_text(), _COMMAND, written))
    return 0


if __name__ == "__main__":
    sys.exit(main())

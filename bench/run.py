"""One run: start everything, measure the rows in turn, round after round, stop everything.

Rows take turns (A B C D E, A B C D E, ...), so a slow minute of the machine hits all of them.
"""

import contextlib
import resource
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from bench import ledger, prepare
from bench.children import settle
from bench.figures import Latency, LedgerRates, Round, RowResult, Run, Skipped, quietest
from bench.latency import pace
from bench.load import saturate
from bench.machine import busy_seconds, choose_cores, describe
from bench.rows import (
    Gateway,
    Row,
    Site,
    await_ready,
    provider_requests,
    start_mock,
)
from gatebook.core.clock import SystemClock, to_text
from gatebook.core.errors import Unavailable

DIRECT = Row("direct", "no gateway: the load straight to the mock provider", lambda _: Skipped(""))
_SHARE_OF_SATURATION = 0.1


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take; the quick pace is for trying out, not for publishing."""

    warm_seconds: int
    rounds: int
    round_seconds: int
    latency_rounds: int
    latency_seconds: int
    latency_samples: int


FULL = Pace(
    warm_seconds=15,
    rounds=5,
    round_seconds=5,
    latency_rounds=3,
    latency_seconds=5,
    latency_samples=100,
)
QUICK = Pace(
    warm_seconds=3,
    rounds=3,
    round_seconds=2,
    latency_rounds=2,
    latency_seconds=3,
    latency_samples=30,
)


@dataclass(frozen=True, slots=True)
class Entrant:
    """A row that has started, with its results so far."""

    gateway: Gateway
    result: RowResult


def measure(
    rows: list[Row], *, folder: Path, with_ledger: bool, quick: bool, say: Callable[[str], None]
) -> Run:
    """Measure the rows and the ledger; every process started here has ended when this returns."""
    clock = SystemClock()
    began_us = clock.now_us()
    timing = QUICK if quick else FULL
    shutil.rmtree(folder, ignore_errors=True)
    results = _gateways(rows, folder, timing, say) if rows else []
    rates: LedgerRates | Skipped = Skipped("not asked for")
    if with_ledger:
        say("ledger: appending and verifying")
        rates = ledger.measure(folder / "ledger", core=choose_cores().gateway, quick=quick)
    return Run(
        started=to_text(began_us),
        seconds=(clock.now_us() - began_us) // 1_000_000,
        quick=quick,
        machine=describe(folder, prepare.versions()),
        rows=results,
        ledger=rates,
    )


def _gateways(
    rows: list[Row], folder: Path, timing: Pace, say: Callable[[str], None]
) -> list[RowResult]:
    cores = choose_cores()
    direct, *others = results = [RowResult(row.id, row.title) for row in (DIRECT, *rows)]
    if lacking := prepare.missing("nginx", "wrk"):
        for result in results:
            result.skipped = lacking.reason
        return results
    entrants: list[Entrant] = []
    with contextlib.ExitStack() as stack:
        mock = start_mock(folder, cores.load)
        stack.enter_context(mock.child)
        await_ready(mock)
        site = Site(folder, cores, mock.port)
        entrants.append(Entrant(mock, direct))
        for row, result in zip(rows, others, strict=True):
            say(f"starting {row.id}")
            if gateway := _start(row, site, result, stack):
                entrants.append(Entrant(gateway, result))
        _saturation(entrants, mock, site, timing, say)
        _latency(entrants[1:], mock, site, timing, say)
        for entrant in entrants:
            entrant.result.memory = entrant.gateway.child.memory()
        say("stopping")
    for entrant in entrants:
        _verify_book(entrant, say)
    return results


def _verify_book(entrant: Entrant, say: Callable[[str], None]) -> None:
    """Whether a row that keeps a book has recorded every call that it answered."""
    if entrant.gateway.entries is None:
        return
    say(f"verifying the book of {entrant.result.id}")
    try:
        entrant.result.hold_against(entrant.gateway.entries())
    except Unavailable as problem:
        entrant.result.book_fault = problem.detail


def _start(row: Row, site: Site, result: RowResult, stack: contextlib.ExitStack) -> Gateway | None:
    """A row that answers, or None with the reason in its result."""
    gateway = row.start(site)
    if isinstance(gateway, Skipped):
        result.skipped = gateway.reason
        return None
    for child in (*gateway.beside, gateway.child):
        stack.enter_context(child)
    try:
        await_ready(gateway)
    except Unavailable as problem:
        result.skipped = problem.detail
        return None
    return gateway


def _saturation(
    entrants: list[Entrant], mock: Gateway, site: Site, timing: Pace, say: Callable[[str], None]
) -> None:
    for entrant in entrants:
        say(f"warming up {entrant.result.id}")
        _burst(entrant.gateway, mock, site, timing.warm_seconds)
    for number in range(timing.rounds):
        for entrant in entrants:
            burst = quietest(partial(_burst, entrant.gateway, mock, site, timing.round_seconds))
            entrant.result.rounds.append(burst)
            entrant.result.strays = len(entrant.gateway.child.strays())
            say(
                f"round {number + 1}/{timing.rounds} {entrant.result.id:12}"
                f"{burst.requests_per_second:10,.0f}/s  errors {burst.errors}"
                f"  cores shared {burst.foreign_share:.0%}"
            )


def _burst(gateway: Gateway, mock: Gateway, site: Site, seconds: int) -> Round:
    before = _read_meters(gateway, mock, site)
    totals = saturate(gateway.port, gateway.headers, core=site.cores.load, seconds=seconds)
    spent = _read_meters(gateway, mock, site).since(before)
    _let_settle(gateway)
    return Round(
        requests=totals.requests,
        errors=totals.refused + totals.broken,
        provider_calls=spent.provider_requests - 1,  # the first question counts itself
        requests_per_second=totals.requests_per_second,
        cpu_us_per_request=spent.row_cpu * 1e6 / max(1, totals.requests),
        foreign_share=spent.foreign_share,
        p50_ms=totals.p50_us / 1000,
        p99_ms=totals.p99_us / 1000,
    )


def _let_settle(gateway: Gateway) -> None:
    """Let a row that keeps a book publish what is left, before another row has its turn."""
    if gateway.entries is not None:
        settle([gateway.child, *gateway.beside])


@dataclass(frozen=True, slots=True)
class _Meters:
    """Counters that only rise; all but the first in seconds."""

    provider_requests: int
    row_cpu: float
    own_cpu: float
    busy: float
    seconds: float

    @property
    def foreign_share(self) -> float:
        """Share of both cores that went to others."""
        return max(0.0, self.busy - self.own_cpu) / (2 * self.seconds)

    def since(self, before: "_Meters") -> "_Meters":
        """What was spent between two readings."""
        return _Meters(
            provider_requests=self.provider_requests - before.provider_requests,
            row_cpu=self.row_cpu - before.row_cpu,
            own_cpu=self.own_cpu - before.own_cpu,
            busy=self.busy - before.busy,
            seconds=self.seconds - before.seconds,
        )


def _read_meters(gateway: Gateway, mock: Gateway, site: Site) -> _Meters:
    row, provider = gateway.child.cpu_seconds(), mock.child.cpu_seconds()
    beside = sum(child.cpu_seconds() for child in gateway.beside)
    load = resource.getrusage(resource.RUSAGE_CHILDREN)
    return _Meters(
        provider_requests=provider_requests(mock),
        row_cpu=row,
        own_cpu=(
            provider + load.ru_utime + load.ru_stime + beside + (0 if gateway is mock else row)
        ),
        busy=busy_seconds(site.cores.gateway) + busy_seconds(site.cores.load),
        seconds=time.monotonic(),
    )


def _latency(
    entrants: list[Entrant], mock: Gateway, site: Site, timing: Pace, say: Callable[[str], None]
) -> None:
    for number in range(timing.latency_rounds):
        for entrant in entrants:
            rate = median(r.requests_per_second for r in entrant.result.rounds)
            pace_at = rate * _SHARE_OF_SATURATION
            paced = quietest(partial(_paced, entrant.gateway, mock, site, timing, pace_at))
            entrant.result.latency.append(paced)
            say(
                f"latency {number + 1}/{timing.latency_rounds} {entrant.result.id:12}"
                f"at {paced.rate:,.0f}/s  p50 {paced.p50_ms:.2f} ms  p99 {paced.p99_ms:.2f} ms"
                f"  (direct {paced.direct_p50_ms:.2f}, {paced.direct_p99_ms:.2f})"
            )


def _paced(gateway: Gateway, mock: Gateway, site: Site, timing: Pace, rate: float) -> Latency:
    core = site.cores.load
    seconds = max(timing.latency_seconds, timing.latency_samples / rate)
    before = _read_meters(gateway, mock, site)
    direct = pace(mock.port, {}, core=core, rate=rate, seconds=seconds)
    through = pace(gateway.port, gateway.headers, core=core, rate=rate, seconds=seconds)
    spent = _read_meters(gateway, mock, site).since(before)
    _let_settle(gateway)
    return Latency(
        rate=rate,
        samples=through.samples,
        errors=through.errors + direct.errors,
        foreign_share=spent.foreign_share,
        direct_p50_ms=direct.p50_ms,
        direct_p99_ms=direct.p99_ms,
        p50_ms=through.p50_ms,
        p99_ms=through.p99_ms,
    )

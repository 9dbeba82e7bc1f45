"""One run: start everything, measure the rows in turn, round after round, stop everything.

Rows take turns (A B C D E, A B C D E, ...), so a slow minute of the machine hits all of them.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import ledger, prepare
from bench.figures import Latency, LedgerRates, Round, RowResult, Run, Skipped
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
    rounds=7,
    round_seconds=5,
    latency_rounds=5,
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
    results = _gateways(rows, folder, timing, say) if rows else []
    rates: LedgerRates | Skipped = Skipped("not asked for")
    if with_ledger:
        say("ledger: appending and verifying")
        rates = ledger.measure(folder / "ledger", core=choose_cores().gateway, quick=quick)
    return Run(
        started=to_text(began_us),
        seconds=(clock.now_us() - began_us) // 1_000_000,
        quick=quick,
        machine=describe(folder),
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
    with contextlib.ExitStack() as stack:
        mock = start_mock(folder, cores)
        stack.enter_context(mock.child)
        await_ready(mock)
        site = Site(folder, cores, mock.port)
        entrants = [Entrant(mock, direct)]
        for row, result in zip(rows, others, strict=True):
            say(f"starting {row.id}")
            if gateway := _start(row, site, result, stack):
                entrants.append(Entrant(gateway, result))
        _saturation(entrants, mock, site, timing, say)
        _latency(entrants[1:], mock, site, timing, say)
        for entrant in entrants:
            entrant.result.memory = entrant.gateway.child.memory()
        say("stopping")
    return results


def _start(row: Row, site: Site, result: RowResult, stack: contextlib.ExitStack) -> Gateway | None:
    """A row that answers, or None with the reason in its result."""
    gateway = row.start(site)
    if isinstance(gateway, Skipped):
        result.skipped = gateway.reason
        return None
    stack.enter_context(gateway.child)
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
            burst = _burst(entrant.gateway, mock, site, timing.round_seconds)
            entrant.result.rounds.append(burst)
            entrant.result.strays = len(entrant.gateway.child.strays())
            say(
                f"round {number + 1}/{timing.rounds} {entrant.result.id:12}"
                f"{burst.requests_per_second:10,.0f}/s  errors {burst.errors}"
                f"  core shared {burst.foreign_share:.0%}"
            )


def _burst(gateway: Gateway, mock: Gateway, site: Site, seconds: int) -> Round:
    core = site.cores.gateway
    calls, used, busy = provider_requests(mock), gateway.child.cpu_seconds(), busy_seconds(core)
    began = time.monotonic()
    totals = saturate(gateway.port, gateway.headers, core=site.cores.load, seconds=seconds)
    elapsed = time.monotonic() - began
    used = gateway.child.cpu_seconds() - used
    busy = busy_seconds(core) - busy
    own = 0.0 if gateway is mock else used
    return Round(
        requests=totals.requests,
        errors=totals.refused + totals.broken,
        provider_calls=provider_requests(mock) - calls - 1,  # the first question counts itself
        requests_per_second=totals.requests_per_second,
        cpu_us_per_request=used * 1e6 / max(1, totals.requests),
        core_share=own / elapsed,
        foreign_share=max(0.0, busy - own) / elapsed,
        p50_ms=totals.p50_us / 1000,
        p99_ms=totals.p99_us / 1000,
    )


def _latency(
    entrants: list[Entrant], mock: Gateway, site: Site, timing: Pace, say: Callable[[str], None]
) -> None:
    for number in range(timing.latency_rounds):
        for entrant in entrants:
            rate = median(r.requests_per_second for r in entrant.result.rounds)
            paced = _paced(entrant.gateway, mock, site, timing, rate * _SHARE_OF_SATURATION)
            entrant.result.latency.append(paced)
            say(
                f"latency {number + 1}/{timing.latency_rounds} {entrant.result.id:12}"
                f"at {paced.rate:,.0f}/s  p50 {paced.p50_ms:.2f} ms  p99 {paced.p99_ms:.2f} ms"
                f"  (direct {paced.direct_p50_ms:.2f}, {paced.direct_p99_ms:.2f})"
            )


def _paced(gateway: Gateway, mock: Gateway, site: Site, timing: Pace, rate: float) -> Latency:
    core = site.cores.load
    seconds = max(timing.latency_seconds, timing.latency_samples / rate)
    direct = pace(mock.port, {}, core=core, rate=rate, seconds=seconds)
    through = pace(gateway.port, gateway.headers, core=core, rate=rate, seconds=seconds)
    return Latency(
        rate=rate,
        samples=through.samples,
        errors=through.errors + direct.errors,
        direct_p50_ms=direct.p50_ms,
        direct_p99_ms=direct.p99_ms,
        p50_ms=through.p50_ms,
        p99_ms=through.p99_ms,
    )

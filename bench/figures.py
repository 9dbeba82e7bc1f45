"""The numbers of a run and the arithmetic on them: medians, percentiles, ratios, goals."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, Protocol, TypeVar

from bench.children import Memory
from bench.machine import Machine

QUIET_SHARE: Final = 0.03
"""Others may take so much of the two cores before a round is repeated."""

DISTURBED_SHARE: Final = 0.10
"""From here on a run decides nothing, and is not published."""

_ATTEMPTS: Final = 3

_PEERS: Final = (
    ("passthrough", "the bare pass-through", 0.40),
    ("own", "the own pass-through", 0.40),
    ("portkey", "Portkey", 5.0),
    ("litellm", "LiteLLM", 30.0),
)
"""Row, name, and how many times its throughput is promised; every row of ours has the first."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Not measured, and why; never counted as passed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Round:
    """One burst of load on one row."""

    requests: int
    errors: int
    provider_calls: int
    requests_per_second: float
    cpu_us_per_request: float
    foreign_share: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Latency:
    """One paced round through a row, and the same pace straight to the mock provider."""

    rate: float
    samples: int
    errors: int
    foreign_share: float
    direct_p50_ms: float
    direct_p99_ms: float
    p50_ms: float
    p99_ms: float


@dataclass(slots=True)
class RowResult:
    """Everything measured of one row."""

    id: str
    title: str
    rounds: list[Round] = field(default_factory=list)
    latency: list[Latency] = field(default_factory=list)
    memory: Memory | None = None
    strays: int = 0
    entries: int | None = None
    book_fault: str = ""
    skipped: str = ""

    @property
    def valid(self) -> bool:
        """Measured at all, and nothing wrong with it."""
        return bool(self.rounds) and not self.faults and not self.skipped

    @property
    def requests(self) -> int:
        """Requests that were answered in the rounds of both kinds."""
        return sum(r.requests for r in self.rounds) + sum(x.samples for x in self.latency)

    @property
    def faults(self) -> list[str]:
        """What makes the row invalid: each call has to be answered well and from the provider."""
        errors = sum(r.errors for r in self.rounds) + sum(x.errors for x in self.latency)
        unseen = sum(max(0, r.requests - r.provider_calls) for r in self.rounds)
        idle = sum(r.requests == 0 for r in self.rounds)
        found = {
            f"{errors} errors": errors,
            f"{unseen} answers without a call to the provider": unseen,
            f"{idle} rounds without an answer": idle,
            f"{self.strays} threads on a foreign core": self.strays,
            self.book_fault: self.book_fault,
        }
        return [fault for fault, is_there in found.items() if is_there]

    def hold_against(self, entries: int) -> None:
        """Compare the verified book with the calls: each has left an intent and an outcome."""
        self.entries = entries
        if entries < 2 * self.requests:
            self.book_fault = f"{entries} entries for {self.requests} calls"

    @property
    def rate(self) -> float:
        """Requests per second, median of the rounds."""
        return median(r.requests_per_second for r in self.rounds)

    @property
    def foreign_share(self) -> float:
        """Share of the cores that others took, median of the rounds."""
        return median(r.foreign_share for r in self.rounds)

    @property
    def cpu_us(self) -> float:
        """Processor time per request in microseconds, median of the rounds."""
        return median(r.cpu_us_per_request for r in self.rounds)

    def added_ms(self, of: Callable[[Latency], float]) -> float:
        """Median over the rounds of one latency figure, for example `added_p50`."""
        return median(of(x) for x in self.latency)


@dataclass(frozen=True, slots=True)
class LedgerRates:
    """Entries per second; `verify_*` on one core."""

    append: float
    verify_fast: float
    verify_full: float


@dataclass(frozen=True, slots=True)
class Run:
    """One run, as it is kept in `.bench/results.json`."""

    started: str
    seconds: int
    quick: bool
    machine: Machine
    rows: list[RowResult]
    ledger: LedgerRates | Skipped

    @property
    def disturbance(self) -> float:
        """Share of the cores that others took: the median of its rounds, for the worst row."""
        return max((row.foreign_share for row in self.rows if row.rounds), default=0.0)

    def row(self, row_id: str) -> RowResult | None:
        """A row that was measured and is valid, else None."""
        return next((row for row in self.rows if row.id == row_id and row.valid), None)


class Shared(Protocol):
    """A measurement that knows how busy others were meanwhile."""

    @property
    def foreign_share(self) -> float:
        """Share of the two cores that other programs took."""
        ...


Measured = TypeVar("Measured", bound=Shared)


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure we promise; `at_least` says in which direction it is met."""

    title: str
    target: float
    unit: str
    at_least: bool
    measured: float | None

    @property
    def verdict(self) -> str:
        """`met`, `missed` or `not measured`."""
        if self.measured is None:
            return "not measured"
        met = self.measured >= self.target if self.at_least else self.measured <= self.target
        return "met" if met else "missed"


def quietest(measure: Callable[[], Measured]) -> Measured:
    """Measure; if others took more than `QUIET_SHARE` of the cores, again; the quietest is kept.

    What others do does not depend on the row, so this favours none.
    """
    attempts = [measure()]
    while attempts[-1].foreign_share > QUIET_SHARE and len(attempts) < _ATTEMPTS:
        attempts.append(measure())
    return min(attempts, key=lambda attempt: attempt.foreign_share)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Nearest-rank percentile of values in ascending order; `share` is in (0, 1]."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def added_p50(latency: Latency) -> float:
    """Milliseconds a row adds to a direct call, at the median."""
    return latency.p50_ms - latency.direct_p50_ms


def added_p99(latency: Latency) -> float:
    """Milliseconds a row adds to a direct call, at the 99th percentile."""
    return latency.p99_ms - latency.direct_p99_ms


def ratio(run: Run, row_id: str, to: str) -> float | None:
    """How many times faster one row is than another in the same run; None unless both are valid."""
    ours, theirs = run.row(row_id), run.row(to)
    return ours.rate / theirs.rate if ours and theirs else None


def goals(run: Run) -> list[Goal]:
    """The promises of the gateway and of the ledger, next to what this run measured."""
    append = fast = full = None
    if isinstance(run.ledger, LedgerRates):
        append, fast, full = run.ledger.append, run.ledger.verify_fast, run.ledger.verify_full
    rss = _megabytes(run, "gatebook", lambda memory: memory.rss_bytes)
    pss = _megabytes(run, "whole", lambda memory: memory.pss_bytes)
    return [
        *_speed(run, "gatebook", "gateway alone on the core", _PEERS),
        *_speed(run, "whole", "all on one core", _PEERS[:1]),
        Goal("resident memory of the gateway, RSS", 150, "MB", False, rss),
        Goal("resident memory of all processes, PSS", 150, "MB", False, pss),
        Goal("entries appended by one writer", 12_000, "/s", True, append),
        Goal("entries verified, fast", 150_000, "/s", True, fast),
        Goal("entries verified, full", 9_000, "/s", True, full),
    ]


def _speed(
    run: Run, row_id: str, where: str, peers: Sequence[tuple[str, str, float]]
) -> list[Goal]:
    """The goals of one of our rows; their titles say which one it is."""
    row = run.row(row_id)
    p50 = row.added_ms(added_p50) if row and row.latency else None
    p99 = row.added_ms(added_p99) if row and row.latency else None
    return [
        *(
            Goal(f"throughput of {name}, {where}", target, "x", True, ratio(run, row_id, peer))
            for peer, name, target in peers
        ),
        Goal(f"added latency p50, {where}", 1.5, "ms", False, p50),
        Goal(f"added latency p99, {where}", 6, "ms", False, p99),
    ]


def _megabytes(run: Run, row_id: str, of: Callable[[Memory], int]) -> float | None:
    row = run.row(row_id)
    return of(row.memory) / 1e6 if row and row.memory else None

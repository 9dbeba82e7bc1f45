"""Made-up measurements for the tests of the arithmetic; no published figure comes from here."""

from bench.figures import Latency, LedgerRates, Round, RowResult, Run, Skipped
from bench.machine import Machine


def a_round(
    rate: float,
    *,
    requests: int = 500,
    errors: int = 0,
    provider_calls: int = 510,
    foreign_share: float = 0.0,
) -> Round:
    """One burst that ran at `rate` requests per second."""
    return Round(
        requests=requests,
        errors=errors,
        provider_calls=provider_calls,
        requests_per_second=rate,
        cpu_us_per_request=80.0,
        foreign_share=foreign_share,
        p50_ms=1.0,
        p99_ms=2.0,
    )


def a_latency(
    *, p50: float = 1.0, p99: float = 2.0, direct: float = 0.2, errors: int = 0
) -> Latency:
    """One paced round next to a direct call with `direct` milliseconds."""
    return Latency(
        rate=100.0,
        samples=500,
        errors=errors,
        foreign_share=0.0,
        direct_p50_ms=direct,
        direct_p99_ms=direct,
        p50_ms=p50,
        p99_ms=p99,
    )


def a_row(row_id: str, rounds: list[Round], latency: list[Latency] | None = None) -> RowResult:
    """A row with these measurements."""
    return RowResult(row_id, f"the {row_id} row", rounds, latency or [])


def a_run(rows: list[RowResult], ledger: LedgerRates | Skipped | None = None) -> Run:
    """A run of these rows on a machine that does not exist."""
    machine = Machine("A processor", 2, 4.0, "Linux", "CPython 3.11", "ext4", {"wrk": "4.1.0"})
    return Run("2026-11-21T08:00:00.000000Z", 60, False, machine, rows, ledger or Skipped("none"))

"""The arithmetic behind the published figures."""

import pytest

from bench.children import Memory
from bench.figures import (
    QUIET_SHARE,
    Latency,
    LedgerRates,
    Round,
    RowResult,
    Run,
    Skipped,
    added_p50,
    goals,
    percentile,
    quietest,
    ratio,
)
from tests.bench.samples import a_latency, a_round, a_row, a_run


def test_percentile_is_a_value_that_was_measured() -> None:
    """Nearest rank: no figure is published that no request had."""
    ordered = [1.0, 2.0, 3.0, 4.0]
    assert percentile(ordered, 0.50) == 2.0
    assert percentile(ordered, 0.51) == 3.0
    assert percentile(ordered, 0.99) == 4.0
    assert percentile([7.0], 0.01) == 7.0


def test_rate_is_the_median_so_one_disturbed_round_does_not_decide() -> None:
    row = a_row("nginx", rounds=[a_round(100.0), a_round(3.0), a_round(104.0)])
    assert row.rate == 100.0


@pytest.mark.parametrize(
    ("round_", "valid"),
    [
        (a_round(100.0), True),
        (a_round(100.0, errors=1), False),
        (a_round(100.0, requests=500, provider_calls=499), False),
        (a_round(100.0, requests=0, provider_calls=0), False),
    ],
    ids=["good", "one error", "one answer from memory", "nothing answered"],
)
def test_a_row_counts_only_if_every_call_was_answered_by_the_provider(
    round_: Round, valid: bool
) -> None:
    assert a_row("portkey", rounds=[a_round(100.0), round_]).valid is valid


def test_a_row_with_a_thread_on_a_foreign_core_is_invalid() -> None:
    row = a_row("portkey", rounds=[a_round(100.0)])
    row.strays = 1
    assert not row.valid


def test_a_row_with_a_lost_paced_request_is_invalid() -> None:
    row = a_row("portkey", rounds=[a_round(100.0)], latency=[a_latency(errors=1)])
    assert not row.valid


def test_a_book_with_fewer_than_two_entries_for_each_call_makes_the_row_invalid() -> None:
    row = a_row("gatebook", [a_round(1.0, requests=500)], latency=[a_latency()])
    row.hold_against(2000)
    assert row.valid
    row.hold_against(1999)
    assert row.faults == ["1999 entries for 1000 calls"]


def test_a_disturbed_measurement_is_repeated_and_the_quietest_one_kept() -> None:
    shares = [0.50, 0.20, 0.30]
    rounds = iter([a_round(1.0, foreign_share=share) for share in shares])
    assert quietest(lambda: next(rounds)).foreign_share == 0.20
    assert list(rounds) == []


def test_a_quiet_measurement_is_not_repeated() -> None:
    rounds = iter([a_round(1.0, foreign_share=QUIET_SHARE), a_round(2.0)])
    assert quietest(lambda: next(rounds)).requests_per_second == 1.0
    assert len(list(rounds)) == 1


def test_ratio_compares_rows_of_one_run() -> None:
    run = a_run([a_row("gatebook", [a_round(450.0)]), a_row("passthrough", [a_round(1000.0)])])
    assert ratio(run, "gatebook", "passthrough") == 0.45


@pytest.mark.parametrize(
    "other",
    [
        RowResult("passthrough", "", skipped="absent"),
        a_row("passthrough", [a_round(9.0, errors=3)]),
    ],
    ids=["skipped", "invalid"],
)
def test_no_ratio_to_a_row_that_was_not_measured_well(other: RowResult) -> None:
    assert ratio(a_run([a_row("gatebook", [a_round(450.0)]), other]), "gatebook", other.id) is None


def test_added_latency_is_the_median_of_what_each_round_added() -> None:
    """Each round is compared with the direct call next to it, not with another minute's."""
    rounds = [a_latency(p50=1.5, direct=1.0), a_latency(p50=9.0, direct=8.4), a_latency(p50=0.9)]
    row = a_row("gatebook", [a_round(1.0)], latency=rounds)
    assert row.added_ms(added_p50) == pytest.approx(0.6)


def _verdicts(run: Run) -> dict[str, str]:
    return {goal.title: goal.verdict for goal in goals(run)}


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    run = a_run([RowResult("gatebook", "", skipped="not startable")], Skipped("no store"))
    assert set(_verdicts(run).values()) == {"not measured"}


def test_goals_are_judged_in_their_own_direction() -> None:
    latency: list[Latency] = [a_latency(p50=1.4, p99=7.2, direct=0.2)]
    ours = a_row("gatebook", [a_round(399.0)], latency=latency)
    ours.memory = Memory(rss_bytes=151_000_000, pss_bytes=100_000_000)
    slower: list[Latency] = [a_latency(p50=1.8, p99=6.1, direct=0.2)]
    whole = a_row("whole", [a_round(400.0)], latency=slower)
    whole.memory = Memory(rss_bytes=200_000_000, pss_bytes=150_000_000)
    run = a_run(
        [ours, whole, a_row("passthrough", [a_round(1000.0)]), a_row("litellm", [a_round(13.3)])],
        LedgerRates(append=12_000, verify_fast=149_999, verify_full=9_001),
    )
    assert _verdicts(run) == {
        "throughput of the bare pass-through, gateway alone on the core": "missed",
        "throughput of the own pass-through, gateway alone on the core": "not measured",
        "throughput of Portkey, gateway alone on the core": "not measured",
        "throughput of LiteLLM, gateway alone on the core": "met",
        "added latency p50, gateway alone on the core": "met",
        "added latency p99, gateway alone on the core": "missed",
        "throughput of the bare pass-through, all on one core": "met",
        "added latency p50, all on one core": "missed",
        "added latency p99, all on one core": "met",
        "resident memory of the gateway, RSS": "missed",
        "resident memory of all processes, PSS": "met",
        "entries appended by one writer": "met",
        "entries verified, fast": "missed",
        "entries verified, full": "met",
    }

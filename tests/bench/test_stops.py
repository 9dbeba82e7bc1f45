"""Stops and revocations are in force soon on three gates under load, and the book has the times.

How soon is printed, and asserted loosely only: this machine may be busy with other things.
"""

from pathlib import Path
from typing import Final

import pytest

from bench.stops import Plan, Series, part, run
from gatebook.app.tail import Tail
from gatebook.storage.database import open_database

PLAN: Final = Plan(gates=3, rate=500, times=20)
BOUND_MS: Final = 5000


def test_a_series_is_read_by_its_percentiles() -> None:
    series = Series("stop", [3, 1, 2], [30, 10, 20], [480, 490, 470])
    assert series.cells() == ["stop", "2 / 3 ms", "20 / 30 ms", "480/s"]


def test_the_goal_is_missed_by_one_order_that_took_too_long() -> None:
    assert Series("stop", [10] * 20, [20] * 20, [500]).is_met
    late = Series("slow stop", [10] * 20, [20.0] * 19 + [1200.0], [500])
    assert not late.is_met
    written = part([late], "2026-01-01T00:00:00Z", PLAN, "SQLite")
    assert "**missed** by: slow stop." in written


@pytest.mark.long
def test_three_gates_obey_under_load(
    postgresql_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(tmp_path, PLAN, postgresql_url.replace(":@", "@"))
    with capsys.disabled():
        print()
        for series in found:
            print(*series.cells(), sep="  ")
    for series in found:
        assert len(series.admitted_ms) == len(series.cut_ms) == PLAN.times
        assert max(series.admitted_ms + series.cut_ms) < BOUND_MS
    database = open_database(postgresql_url)
    facts = [
        line.data
        for line in Tail(database, None, None).last(1_000_000)
        if line.event == "stop.applied"
    ]
    database.close()
    assert len(facts) == 3 * PLAN.times * PLAN.gates
    assert len({fact["gateway"] for fact in facts}) == PLAN.gates
    for fact in facts:
        assert 0 <= fact["delay_ms"] < BOUND_MS
        assert fact["cut"] > 0
        assert 0 <= fact.get("cut_ms", 0) < BOUND_MS

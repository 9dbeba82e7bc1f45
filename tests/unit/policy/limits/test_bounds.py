"""Which limits bind an agent, when their periods begin, and what is said when one is reached."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gatebook.core.errors import Exhausted
from gatebook.identity.directory import Directory, Limit
from gatebook.policy.limits.bounds import (
    FOREVER_US,
    SPENT,
    UNBOUND,
    Bound,
    Bounds,
    Limits,
    Shortage,
    in_dollars,
    in_words,
    levels,
    reached,
)
from tests.unit.policy.test_permit import principal


def limit(
    measure: Any = "money", period: Any = "month", amount: int = 20_000_000, **fields: Any
) -> Limit:
    said: dict[str, Any] = {
        "id": "lim_1",
        "subject": "agent",
        "subject_id": "agt_1",
        "created_at": 1,
    }
    return Limit(
        organization_id="org", measure=measure, period=period, amount=amount, **{**said, **fields}
    )


def bound(*args: Any, **fields: Any) -> Bound:
    return Bound.of(limit(*args, **fields))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def limits(*of: Limit) -> Limits:
    return Limits(
        Directory(
            revision=1,
            organizations={},
            workspaces={},
            people={},
            agents={},
            keys={},
            providers={},
            fallbacks={},
            limits={each.id: each for each in of},
        )
    )


def test_an_agent_is_bound_on_every_level_and_by_nobody_elses_limits() -> None:
    found = limits(
        limit(id="organization", subject="organization", subject_id="org_1"),
        limit(id="agent"),
        limit(id="workspace", subject="workspace", subject_id="wsp_1"),
        limit(id="other", subject_id="agt_other"),
    ).of(principal())
    assert [each.limit.id for each in found.all] == ["agent", "workspace", "organization"]
    assert levels(principal()) == ("agt_1", "wsp_1", "org_1")


def test_without_limits_nothing_is_looked_for() -> None:
    assert limits().of(principal()) is UNBOUND


def test_what_can_be_told_of_limits_without_a_call_is_told_once() -> None:
    a_minute, a_day = bound("tokens", "minute"), bound("requests", "day")
    found = Bounds.of((a_minute, a_day, bound("tokens", "month")))
    assert found.measures == {"tokens", "requests"}
    assert found.buckets == {"tokens": [a_minute]}


@pytest.mark.parametrize(
    ("period", "now", "begins", "ends"),
    [
        ("day", "2026-11-27T23:59:59.999999", "2026-11-27", "2026-11-28"),
        ("day", "2026-11-28T00:00:00", "2026-11-28", "2026-11-29"),
        ("month", "2026-11-30T23:59:59.999999", "2026-11-01", "2026-12-01"),
        ("month", "2026-12-31T12:00:00", "2026-12-01", "2027-01-01"),
        ("month", "2028-02-29T12:00:00", "2028-02-01", "2028-03-01"),
    ],
)
def test_days_and_months_are_those_of_the_calendar(
    period: str, now: str, begins: str, ends: str
) -> None:
    assert bound(period=period).period(at(now)) == (at(begins), at(ends))


def test_a_minute_and_calls_at_one_time_have_no_period() -> None:
    assert bound("tokens", "minute").period(5) == (0, FOREVER_US)
    assert bound("concurrent", "none").period(5) == (0, FOREVER_US)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (limit(), "20 USD a month"),
        (limit(amount=12_500_001), "12.500001 USD a month"),
        (limit("requests", "minute", 60), "60 requests a minute"),
        (limit("concurrent", "none", 5), "5 calls at one time"),
    ],
)
def test_a_limit_is_said_in_words(made: Limit, words: str) -> None:
    assert in_words(made) == words


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0"), (1, "0.000001"), (-2_500_000, "-2.5"), (10_000_000, "10")]
)
def test_money_is_written_exactly(amount: int, text: str) -> None:
    assert in_dollars(amount) == text


def said(of: Bound, need: int, left: int, used: int) -> Exhausted:
    return reached(of, Shortage(need, left, used), at("2026-11-27T12:00:00"))


def test_a_spent_budget_says_how_much_is_left_and_when_it_begins_anew() -> None:
    error = said(bound(), need=50_000, left=1000, used=19_960_000)
    assert error.code == SPENT
    assert error.retry_after_seconds is None
    assert error.rule == "limit.lim_1"
    assert "20 USD a month there are 0.04 USD left" in error.detail
    assert "may use 0.05 USD" in error.detail
    assert "2026-12-01T00:00Z" in error.hint


def test_a_budget_whose_rest_is_set_aside_is_worth_another_try() -> None:
    error = said(bound(), need=50_000, left=1000, used=19_950_000)
    assert error.code == "budget_reserved"
    assert error.retry_after_seconds == 1


def test_a_rate_says_how_long_to_wait() -> None:
    error = said(bound("tokens", "minute", 600), need=100, left=39, used=0)
    assert error.code == "rate_limit_exceeded"
    assert error.retry_after_seconds == 7  # 61 tokens at 10 a second


def test_a_call_that_no_wait_can_help_is_told_so() -> None:
    error = said(bound("tokens", "minute", 600), need=601, left=600, used=0)
    assert error.retry_after_seconds is None
    assert "601 tokens" in error.detail


def test_slots_are_free_again_soon() -> None:
    assert said(bound("concurrent", "none", 5), 1, 0, 0).retry_after_seconds == 1

"""An agent is told what is left of its limits per minute, in both vendors' words."""

from gatebook.gateway.rates import rates
from gatebook.policy.limits.bounds import Bounds
from tests.simulators.clock import NOON_US
from tests.unit.policy.limits.test_bounds import bound

REQUESTS = bound("requests", "minute", 60)
TOKENS = bound("tokens", "minute", 600)


def test_both_families_say_the_same() -> None:
    assert dict(rates({"tokens": [TOKENS]}, lambda _: 590, NOON_US)) == {
        b"x-ratelimit-limit-tokens": b"600",
        b"x-ratelimit-remaining-tokens": b"590",
        b"x-ratelimit-reset-tokens": b"1000ms",
        b"anthropic-ratelimit-tokens-limit": b"600",
        b"anthropic-ratelimit-tokens-remaining": b"590",
        b"anthropic-ratelimit-tokens-reset": b"2026-11-19T12:00:01Z",
    }


def test_of_several_limits_the_tightest_is_told() -> None:
    wide = bound("requests", "minute", 1000)
    left = {60: 9, 1000: 7}
    told = dict(
        rates({"requests": [REQUESTS, wide]}, lambda each: left[each.limit.amount], NOON_US)
    )
    assert told[b"x-ratelimit-limit-requests"] == b"1000"
    assert told[b"x-ratelimit-remaining-requests"] == b"7"


def test_what_is_not_about_a_minute_is_not_told() -> None:
    for other in (bound(), bound("requests", "day", 5), bound("concurrent", "none", 5)):
        assert rates(Bounds.of([other]).buckets, lambda _: 1, NOON_US) == []

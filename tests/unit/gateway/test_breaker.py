"""A provider that fails again and again is left alone, tried out, and believed when it works."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.core.errors import Unavailable
from gatebook.gateway import breaker
from gatebook.gateway.breaker import Breakers, Key
from gatebook.gateway.leash import HungUp
from gatebook.gateway.settings import UpstreamSettings
from tests.simulators.clock import SetClock

KEY = Key("prv_1", "gpt-4o")
OTHER = Key("prv_1", "gpt-4o-mini")
SETTINGS = UpstreamSettings(breaker_failures=3, breaker_seconds=10)


class Bench:
    """Breakers, their clock and what they told."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.told: list[tuple[Key, str, int]] = []
        self.breakers = Breakers(SETTINGS, self.clock, lambda *said: self.told.append(said))

    def tell(self, what: str) -> None:
        """What an attempt may show."""
        if what == "fail":
            self.breakers.failed(KEY)
        elif what == "succeed":
            self.breakers.succeeded(KEY)
        elif what == "leave":
            self.breakers.left(KEY)
        else:
            self.breakers.asked_to_wait(KEY, 20)

    def fail(self, times: int, key: Key = KEY) -> None:
        for _ in range(times):
            self.breakers.failed(key)


def test_failures_in_a_row_open_a_circuit_and_it_is_told_once() -> None:
    bench = Bench()
    bench.fail(2)
    assert bench.breakers.admits(KEY)
    bench.fail(2)
    assert not bench.breakers.admits(KEY)
    assert bench.told == [(KEY, "opened", 3)]
    assert [*bench.breakers.open_circuits()] == [KEY]
    assert bench.breakers.waits_seconds(KEY) == 10


def test_another_model_of_the_provider_goes_on() -> None:
    bench = Bench()
    bench.fail(3)
    assert bench.breakers.admits(OTHER)


def test_an_answer_in_between_begins_the_count_anew() -> None:
    bench = Bench()
    bench.fail(2)
    bench.breakers.succeeded(KEY)
    bench.fail(2)
    assert bench.breakers.admits(KEY)
    assert bench.told == []


def test_after_the_open_time_one_call_tries_it_out_and_closes_it() -> None:
    bench = Bench()
    bench.fail(3)
    bench.clock.advance(10)
    assert bench.breakers.admits(KEY)
    assert not bench.breakers.admits(KEY)
    bench.breakers.succeeded(KEY)
    assert bench.breakers.admits(KEY)
    assert bench.breakers.admits(KEY)
    assert bench.told == [(KEY, "opened", 3), (KEY, "closed", 3)]


def test_a_vain_trial_doubles_the_open_time_up_to_a_bound() -> None:
    bench = Bench()
    bench.fail(3)
    waits = []
    for _ in range(7):
        bench.clock.advance(bench.breakers.waits_seconds(KEY))
        assert bench.breakers.admits(KEY)
        bench.breakers.failed(KEY)
        waits.append(bench.breakers.waits_seconds(KEY))
    assert waits == [20, 40, 80, 160, 160, 160, 160]
    assert bench.told == [(KEY, "opened", 3)]


def test_a_trial_that_shows_nothing_is_made_again() -> None:
    bench = Bench()
    bench.fail(3)
    bench.clock.advance(10)
    assert bench.breakers.admits(KEY)
    bench.breakers.left(KEY)
    assert bench.breakers.admits(KEY)


def test_a_trial_of_which_nobody_tells_does_not_keep_the_circuit_open() -> None:
    """Its call was admitted here and refused before it got to the provider."""
    bench = Bench()
    bench.fail(3)
    bench.clock.advance(10)
    assert bench.breakers.admits(KEY)
    assert not bench.breakers.admits(KEY)
    bench.clock.advance(10)
    assert bench.breakers.admits(KEY)


def test_calls_that_were_out_when_it_opened_do_not_prolong_it() -> None:
    bench = Bench()
    bench.fail(3)
    bench.clock.advance(9)
    bench.fail(5)
    bench.clock.advance(1)
    assert bench.breakers.admits(KEY)


@pytest.mark.parametrize(("asked", "waits"), [(30.0, 30), (0.2, 1), (86_400.0, 300)])
def test_a_provider_that_asks_to_be_left_alone_is(asked: float, waits: int) -> None:
    bench = Bench()
    bench.breakers.asked_to_wait(KEY, asked)
    assert not bench.breakers.admits(KEY)
    assert bench.breakers.waits_seconds(KEY) == waits
    bench.clock.advance(waits)
    assert bench.breakers.admits(KEY)


def test_made_up_models_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "_CIRCUITS", 5)
    bench = Bench()
    for number in range(20):
        bench.fail(1, Key("prv_1", f"m{number}"))
    assert len(bench.breakers._circuits) == 6
    assert not bench.breakers.admits(Key("prv_1", "m19"))
    assert bench.told == [(Key("prv_1", ""), "opened", 3)]
    bench.clock.advance(10)
    assert bench.breakers.admits(Key("prv_1", "m19"))
    bench.breakers.succeeded(Key("prv_1", "m19"))
    assert bench.breakers.admits(Key("prv_1", "m20"))


@pytest.mark.parametrize(
    ("status", "retry_after", "error", "admitted"),
    [
        (200, b"", None, True),
        (400, b"", None, True),
        (404, b"", None, True),
        (500, b"", None, False),
        (503, b"", None, False),
        (429, b"", None, False),
        (0, b"", Unavailable("upstream_timeout", "A."), False),
        (200, b"", Unavailable("upstream_broken", "A."), False),
        (200, b"", Unavailable("audit_unavailable", "A."), True),
        (0, b"", HungUp(), True),
        (0, b"", asyncio.CancelledError(), True),
    ],
)
def test_how_an_attempt_ends_says_what_it_showed(
    status: int, retry_after: bytes, error: BaseException | None, *, admitted: bool
) -> None:
    bench = Bench()
    for _ in range(SETTINGS.breaker_failures):
        with suppress(Unavailable, HungUp, asyncio.CancelledError), bench.breakers.trial(KEY) as t:
            if status:
                t.answered(status, retry_after)
            if error is not None:
                raise error
    assert bench.breakers.admits(KEY) == admitted


@pytest.mark.parametrize(
    ("status", "retry_after", "waits"),
    [
        (429, b"20", 20),
        (503, b"3", 3),
        (429, b"Fri, 27 Nov 2026 07:00:00 GMT", 0),
        (429, b"-5", 0),
        (429, b"\xff", 0),
        (200, b"20", 0),
    ],
)
def test_a_provider_that_says_when_to_come_again_is_taken_at_its_word(
    status: int, retry_after: bytes, waits: int
) -> None:
    bench = Bench()
    with bench.breakers.trial(KEY) as trial:
        trial.answered(status, retry_after)
    assert bench.breakers.admits(KEY) == (waits == 0)
    assert waits in (0, bench.breakers.waits_seconds(KEY))


@given(st.lists(st.sampled_from(["admit", "fail", "succeed", "leave", "wait", "time"])))
def test_whatever_happens_a_circuit_never_stays_open_for_ever(steps: list[str]) -> None:
    bench = Bench()
    out = 0
    for step in steps:
        if step == "admit":
            out += bench.breakers.admits(KEY)
        elif step == "time":
            bench.clock.advance(7)
        elif out:
            out -= 1
            bench.tell(step)
    bench.clock.advance(301)
    assert bench.breakers.admits(KEY)

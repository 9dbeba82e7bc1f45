"""A provider that fails again and again is left alone, tried out, and believed when it works."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from gatebook.core.errors import Exhausted, GatebookError, Unavailable
from gatebook.gateway import breaker
from gatebook.gateway.breaker import Breakers, Key, Trial
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

    def admits(self, key: Key = KEY) -> bool:
        """Whether a call may go there; it goes, and nothing is heard of it."""
        return self.breakers.admit(key) is not None

    def out(self, key: Key = KEY) -> Trial:
        """A call that was let there."""
        trial = self.breakers.admit(key)
        assert trial is not None
        return trial

    def tell(self, what: str, trial: Trial) -> None:
        """What an attempt may show."""
        if what == "fail":
            self.breakers.failed(trial)
        elif what == "succeed":
            self.breakers.succeeded(trial)
        elif what == "leave":
            self.breakers.left(trial)
        else:
            self.breakers.asked_to_wait(trial, 20)

    def fail(self, times: int, key: Key = KEY) -> None:
        """So many calls that are out together fail."""
        for trial in [self.out(key) for _ in range(times)]:
            self.breakers.failed(trial)


def test_failures_in_a_row_open_a_circuit_and_it_is_told_once() -> None:
    bench = Bench()
    bench.fail(2)
    assert bench.breakers.open_count == 0
    bench.fail(2)
    assert not bench.admits()
    assert bench.told == [(KEY, "opened", 3)]
    assert bench.breakers.open_count == 1
    assert bench.breakers.waits_seconds(KEY) == 10


def test_another_model_of_the_provider_goes_on() -> None:
    bench = Bench()
    bench.fail(3)
    assert bench.admits(OTHER)


def test_an_answer_in_between_begins_the_count_anew() -> None:
    bench = Bench()
    bench.fail(2)
    bench.breakers.succeeded(bench.out())
    bench.fail(2)
    assert bench.admits()
    assert bench.told == []


def test_after_the_open_time_one_call_tries_it_out_and_closes_it() -> None:
    bench = Bench()
    bench.fail(3)
    bench.clock.advance(10)
    trial = bench.out()
    assert not bench.admits()
    bench.breakers.succeeded(trial)
    assert bench.admits()
    assert bench.admits()
    assert bench.told == [(KEY, "opened", 3), (KEY, "closed", 3)]


def test_a_vain_trial_doubles_the_open_time_up_to_a_bound() -> None:
    bench = Bench()
    bench.fail(3)
    waits = []
    for _ in range(7):
        bench.clock.advance(bench.breakers.waits_seconds(KEY))
        bench.breakers.failed(bench.out())
        waits.append(bench.breakers.waits_seconds(KEY))
    assert waits == [20, 40, 80, 160, 160, 160, 160]
    assert bench.told == [(KEY, "opened", 3)]


def test_a_trial_that_shows_nothing_is_made_again() -> None:
    bench = Bench()
    bench.fail(3)
    bench.clock.advance(10)
    bench.breakers.left(bench.out())
    assert bench.admits()


def test_a_trial_that_takes_long_does_not_keep_the_circuit_open_and_counts_in_the_end() -> None:
    bench = Bench()
    bench.fail(3)
    bench.clock.advance(10)
    slow = bench.out()
    assert not bench.admits()
    bench.clock.advance(10)
    assert bench.admits()
    bench.breakers.succeeded(slow)
    assert bench.told[-1] == (KEY, "closed", 3)


def test_calls_that_were_out_when_it_opened_do_not_prolong_it() -> None:
    bench = Bench()
    before = [bench.out() for _ in range(5)]
    bench.fail(3)
    bench.clock.advance(9)
    for trial in before:
        bench.breakers.failed(trial)
    bench.clock.advance(1)
    assert bench.admits()


def test_a_call_that_was_out_when_it_opened_neither_closes_it_nor_lets_another_one_try() -> None:
    bench = Bench()
    works, leaves, fails = bench.out(), bench.out(), bench.out()
    bench.breakers.asked_to_wait(bench.out(), 60)
    bench.breakers.succeeded(works)
    bench.breakers.left(leaves)
    assert not bench.admits()
    bench.clock.advance(60)
    bench.out()
    bench.breakers.failed(fails)
    assert bench.breakers.waits_seconds(KEY) == 60
    assert bench.told == [(KEY, "opened", 1)]


@pytest.mark.parametrize(("asked", "waits"), [(30.0, 30), (0.2, 1), (86_400.0, 300)])
def test_a_provider_that_asks_to_be_left_alone_is(asked: float, waits: int) -> None:
    bench = Bench()
    bench.breakers.asked_to_wait(bench.out(), asked)
    assert not bench.admits()
    assert bench.breakers.waits_seconds(KEY) == waits
    bench.clock.advance(waits)
    assert bench.admits()


def test_of_several_times_that_a_provider_asked_for_the_longest_holds() -> None:
    bench = Bench()
    first, second = bench.out(), bench.out()
    bench.breakers.asked_to_wait(first, 60)
    bench.breakers.asked_to_wait(second, 5)
    assert bench.breakers.waits_seconds(KEY) == 60
    bench.clock.advance(60)
    bench.breakers.asked_to_wait(bench.out(), 5)
    assert bench.breakers.waits_seconds(KEY) == 5


def test_made_up_models_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "_CIRCUITS", 5)
    bench = Bench()
    for trial in [bench.out(Key("prv_1", f"m{number}")) for number in range(20)]:
        bench.breakers.failed(trial)
    assert len(bench.breakers._circuits) == 6
    assert not bench.admits(Key("prv_1", "m19"))
    assert bench.told == [(Key("prv_1", ""), "opened", 3)]
    bench.clock.advance(10)
    bench.breakers.succeeded(bench.out(Key("prv_1", "m19")))
    assert bench.admits(Key("prv_1", "m20"))


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
        (0, b"", Unavailable("audit_unavailable", "A."), True),
        (0, b"", Exhausted("insufficient_quota", "A."), True),
        (0, b"", HungUp(), True),
        (0, b"", asyncio.CancelledError(), True),
    ],
)
def test_how_an_attempt_ends_says_what_it_showed(
    status: int, retry_after: bytes, error: BaseException | None, *, admitted: bool
) -> None:
    bench = Bench()
    for _ in range(SETTINGS.breaker_failures):
        with suppress(GatebookError, HungUp, asyncio.CancelledError), bench.out() as t:
            if status:
                t.answered(status, retry_after)
            if error is not None:
                raise error
    assert bench.admits() == admitted


def test_a_reply_that_turned_out_to_be_none_is_a_failure() -> None:
    bench = Bench()
    for _ in range(SETTINGS.breaker_failures):
        with bench.out() as trial:
            trial.answered(200, b"")
            trial.broke()
        assert trial.shows == "fails"
    assert not bench.admits()


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
    with bench.out() as trial:
        trial.answered(status, retry_after)
    assert bench.admits() == (waits == 0)
    assert waits in (0, bench.breakers.waits_seconds(KEY))


@given(st.lists(st.sampled_from(["admit", "fail", "succeed", "leave", "wait", "time"])))
def test_whatever_happens_a_circuit_never_stays_open_for_ever(steps: list[str]) -> None:
    bench = Bench()
    out: list[Trial] = []
    for step in steps:
        if step == "admit":
            trial = bench.breakers.admit(KEY)
            out += [trial] if trial else []
        elif step == "time":
            bench.clock.advance(7)
        elif out:
            bench.tell(step, out.pop(0))
    bench.clock.advance(301)
    assert bench.admits()

"""Calls wait together for what is short; nobody is forgotten, whatever fails or leaves."""

import asyncio
import threading
import time
from collections.abc import Sequence

import pytest

from gatebook.core.errors import Exhausted, Unavailable
from gatebook.gateway.allowance import Allowance
from gatebook.policy.limits.demand import NOTHING, Demand
from gatebook.policy.limits.leases import Answer, Ask, Leases, Part
from gatebook.policy.limits.settings import LimitSettings
from gatebook.web.tasks import Tasks
from tests.simulators.clock import SetClock
from tests.simulators.leases import MemoryAccounts, MemoryLeases
from tests.unit.policy.limits.test_bounds import bound

MONEY = bound(amount=10_000)
CALL = Demand(requests=1, money=1000, concurrent=1)


def allowance(
    shared: MemoryAccounts, clock: SetClock, *, leases: Leases | None = None
) -> Allowance:
    return Allowance(
        leases or MemoryLeases(shared, "p1"),
        Tasks(),
        settings=LimitSettings(),
        wait_seconds=0.1 if leases else 5,
        clock=clock,
    )


class HangingLeases(MemoryLeases):
    """A database that takes a question and says nothing until it is let go on."""

    def __init__(self, shared: MemoryAccounts) -> None:
        super().__init__(shared, "p1")
        self.goes_on = threading.Event()

    def exchange(self, parts: Sequence[Part], asks: Sequence[Ask]) -> Answer:
        self.goes_on.wait()
        return super().exchange(parts, asks)


async def test_calls_that_come_together_ask_together() -> None:
    shared = MemoryAccounts()
    made = allowance(shared, SetClock())
    given = await asyncio.gather(
        *(made.reserve([MONEY], CALL) for _ in range(11)), return_exceptions=True
    )
    assert [isinstance(each, Exhausted) for each in given] == [False] * 10 + [True]
    assert shared.exchanges == 1


async def test_what_is_leased_is_given_without_asking() -> None:
    shared = MemoryAccounts()
    made = allowance(shared, SetClock())
    small = Demand(money=10)
    (await made.reserve([MONEY], small)).settle(NOTHING)
    for _ in range(5):
        await made.reserve([MONEY], small)
    assert shared.exchanges == 1


async def test_without_a_database_calls_go_on_with_what_is_leased_and_then_fail() -> None:
    shared, clock = MemoryAccounts(), SetClock()
    made = allowance(shared, clock)
    (await made.reserve([MONEY], Demand(money=10))).settle(NOTHING)
    shared.fault = "before"
    await made.reserve([MONEY], Demand(money=10))
    with pytest.raises(Unavailable) as refused:
        await made.reserve([MONEY], CALL)
    assert refused.value.code == "limits_unavailable"
    assert refused.value.retry_after_seconds == 1
    asked = shared.exchanges
    with pytest.raises(Unavailable):
        await made.reserve([MONEY], CALL)
    assert shared.exchanges == asked  # it is not asked again at once
    shared.fault = ""
    clock.advance(2)
    await made.reserve([MONEY], CALL)


async def test_a_database_that_hangs_is_waited_for_by_no_call_for_longer_than_it_may_take() -> None:
    shared, clock = MemoryAccounts(), SetClock()
    leases = HangingLeases(shared)
    made = allowance(shared, clock, leases=leases)
    async with asyncio.timeout(5):
        refused = await asyncio.gather(
            *(made.reserve([MONEY], CALL) for _ in range(3)), return_exceptions=True
        )
        assert [getattr(each, "code", "") for each in refused] == ["limits_unavailable"] * 3
        clock.advance(3600)
        began = time.monotonic()
        with pytest.raises(Unavailable):  # at once: it has been waited for already
            await made.reserve([MONEY], CALL)
        assert time.monotonic() - began < 0.1
        leases.goes_on.set()
        while made._turn.locked():
            await asyncio.sleep(0.01)
        await made.reserve([MONEY], Demand(money=10_000))  # what nobody waited for is given back


async def test_an_end_while_the_database_hangs_is_an_end_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shared = MemoryAccounts()
    leases = HangingLeases(shared)
    made = allowance(shared, SetClock(), leases=leases)
    leases.goes_on.set()
    (await made.reserve([MONEY], CALL)).settle(Demand(money=7))
    leases.goes_on.clear()
    async with asyncio.timeout(5):
        await made.close()
    assert "counts as spent" in caplog.text
    leases.goes_on.set()


async def test_what_is_leased_is_kept_while_the_database_is_down() -> None:
    shared, clock = MemoryAccounts(), SetClock()
    made = allowance(shared, clock)
    for _ in range(4):
        (await made.reserve([MONEY], Demand(money=10))).settle(NOTHING)
    shared.fault = "before"
    for _ in range(3):
        with pytest.raises(Unavailable):
            await made.give_back()
    await made.reserve([MONEY], Demand(money=10))


async def test_a_call_whose_agent_left_while_it_waited_gives_back_what_it_would_have_had() -> None:
    shared = MemoryAccounts()
    made = allowance(shared, SetClock())
    waiting = asyncio.ensure_future(made.reserve([MONEY], CALL))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await made.reserve([MONEY], Demand(money=10_000))


async def test_a_call_that_is_cut_when_it_has_just_been_given_something_gives_it_back() -> None:
    shared = MemoryAccounts()
    made = allowance(shared, SetClock())
    waiting = asyncio.ensure_future(made.reserve([MONEY], CALL))
    while not made._wallet._current or made._wallet._current["lim_1"].held == 0:
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    if waiting.cancelled():
        assert made._wallet._current["lim_1"].held == 0


async def test_a_round_that_fails_says_so_to_its_follower_and_nowhere_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shared = MemoryAccounts()
    made = allowance(shared, SetClock())
    (await made.reserve([MONEY], CALL)).settle(Demand(money=7))
    shared.fault = "before"
    with pytest.raises(Unavailable):
        await made.give_back()
    assert caplog.records == []


async def test_everything_is_given_back_in_the_end() -> None:
    shared = MemoryAccounts()
    made = allowance(shared, SetClock())
    (await made.reserve([MONEY], CALL)).settle(Demand(money=7))
    await made.close()
    (account,) = shared.accounts.values()
    assert (account.used, account.leases) == (7, {})


async def test_an_end_without_a_database_is_an_end_all_the_same() -> None:
    shared = MemoryAccounts()
    made = allowance(shared, SetClock())
    (await made.reserve([MONEY], CALL)).settle(Demand(money=7))
    shared.fault = "before"
    await made.close()

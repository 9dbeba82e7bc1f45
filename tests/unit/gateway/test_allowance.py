"""Calls wait together for what is short; nobody is forgotten, whatever fails or leaves."""

import asyncio

import pytest

from gatebook.core.errors import Exhausted, Unavailable
from gatebook.gateway.allowance import Allowance
from gatebook.policy.demand import NOTHING, Demand
from gatebook.policy.settings import LimitSettings
from gatebook.web.tasks import Tasks
from tests.simulators.clock import SetClock
from tests.simulators.leases import MemoryAccounts, MemoryLeases
from tests.unit.policy.test_limits import bound

MONEY = bound(amount=10_000)
CALL = Demand(requests=1, money=1000, concurrent=1)


def allowance(shared: MemoryAccounts, clock: SetClock) -> Allowance:
    leases = MemoryLeases(shared, "p1")
    return Allowance(leases, Tasks(), settings=LimitSettings(), clock=clock)


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
    while not made._wallet._purses or made._wallet._purses["lim_1"].held == 0:
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    if waiting.cancelled():
        assert made._wallet._purses["lim_1"].held == 0


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

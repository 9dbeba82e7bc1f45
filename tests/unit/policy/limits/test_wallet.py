"""A process spends what it leased without asking, and gives back what it does not need."""

import pytest

from gatebook.core.clock import SECOND_US, Moment
from gatebook.core.errors import Exhausted
from gatebook.policy.limits.bounds import Bound
from gatebook.policy.limits.demand import NOTHING, Demand
from gatebook.policy.limits.purse import Reservation
from gatebook.policy.limits.wallet import Wallet
from tests.simulators.clock import SetClock
from tests.simulators.leases import MemoryAccounts, MemoryLeases
from tests.unit.policy.limits.test_bounds import bound

MONEY = bound(amount=10_000)
CALL = Demand(requests=1, tokens=10, money=100, concurrent=1)


class Process:
    """A wallet with its way to the database."""

    def __init__(self, shared: MemoryAccounts, name: str = "p1") -> None:
        self.shared = shared
        self.clock = SetClock()
        self.wallet = Wallet(lease_us=30 * SECOND_US)
        self.leases = MemoryLeases(shared, name, now_us=self.clock.now_us)

    @property
    def now(self) -> Moment:
        return Moment.of(self.clock)

    def call(self, *bounds: Bound, demand: Demand = CALL) -> Reservation | Exhausted:
        """Take, and ask if that is not enough."""
        found = self.wallet.take(bounds, demand, self.now)
        if found is not None:
            return found
        exchange = self.wallet.ask([(bounds, demand)], self.now)
        answer = self.leases.exchange(exchange.parts, exchange.asks)
        return self.wallet.complete(exchange, answer, self.now)[0]

    def round(self) -> bool:
        """Tell and give back; whether there was anything."""
        exchange = self.wallet.round(self.now)
        if exchange is None:
            return False
        answer = self.leases.exchange(exchange.parts, exchange.asks)
        self.wallet.complete(exchange, answer, self.now)
        return True


def settled(given: Reservation | Exhausted, used: Demand) -> None:
    assert isinstance(given, Reservation)
    given.settle(used)


def test_many_calls_need_one_exchange() -> None:
    process = Process(MemoryAccounts())
    for _ in range(9):
        settled(process.call(MONEY), CALL)
    assert process.shared.exchanges == 1


def test_what_is_not_needed_is_back_after_two_quiet_rounds() -> None:
    process = Process(MemoryAccounts())
    settled(process.call(MONEY), Demand(money=30))
    assert process.round()
    process.round()
    (account,) = process.shared.accounts.values()
    assert (account.used, account.leases) == (30, {})
    assert not process.round()  # and then nothing is said any more


def test_a_busy_process_keeps_what_it_needs_within_the_next_second() -> None:
    process = Process(MemoryAccounts())
    for _ in range(3):
        settled(process.call(MONEY), NOTHING)
    process.round()
    (account,) = process.shared.accounts.values()
    assert account.leased == 600


def test_a_lease_is_renewed_while_a_call_is_under_way() -> None:
    process = Process(MemoryAccounts())
    process.call(MONEY)
    process.round()
    process.round()
    process.clock.advance(11)
    assert process.round()
    (account,) = process.shared.accounts.values()
    assert account.leases["p1"].expires_at == process.now.now_us + 30 * SECOND_US


def test_a_new_period_is_a_new_purse_and_old_calls_settle_in_theirs() -> None:
    process = Process(MemoryAccounts())
    daily = bound("money", "day", 1000)
    old = process.call(daily)
    process.clock.advance(24 * 3600)
    new = process.call(daily)
    settled(old, Demand(money=40))
    settled(new, Demand(money=70))
    for _ in range(2):
        process.round()
    assert sorted(account.used for account in process.shared.accounts.values()) == [40, 70]


def test_a_changed_limit_holds_for_the_next_call() -> None:
    process = Process(MemoryAccounts())
    settled(process.call(MONEY), CALL)
    lowered = bound(amount=150)
    assert isinstance(process.call(lowered), Exhausted)
    raised = bound(amount=200)
    assert isinstance(process.call(raised), Reservation)


def test_the_same_limit_in_a_newer_state_needs_no_exchange() -> None:
    process = Process(MemoryAccounts())
    settled(process.call(MONEY), CALL)
    assert isinstance(process.call(bound(amount=10_000)), Reservation)
    assert process.shared.exchanges == 1


def test_what_was_refused_is_not_asked_for_again_at_once() -> None:
    process = Process(MemoryAccounts())
    small = bound(amount=50)
    assert isinstance(process.call(small), Exhausted)
    process.round()
    with pytest.raises(Exhausted):
        process.wallet.remembers([small], CALL, process.now)
    process.clock.advance(1)
    process.wallet.remembers([small], CALL, process.now)


def test_what_a_call_does_not_need_is_no_limit_to_it() -> None:
    process = Process(MemoryAccounts())
    assert isinstance(process.call(bound(amount=1), demand=Demand(requests=1)), Reservation)
    assert process.shared.accounts == {}


def test_an_agent_is_told_what_is_left_with_what_time_gives_back() -> None:
    process = Process(MemoryAccounts())
    rate = bound("tokens", "minute", 600)
    assert process.wallet.left(rate, process.now) == 600
    settled(process.call(rate, demand=Demand(tokens=300)), Demand(tokens=300))
    assert process.wallet.left(rate, process.now) == 300
    process.clock.advance(10)
    assert process.wallet.left(rate, process.now) == 400


def test_a_process_that_was_given_up_loses_what_it_held_and_begins_anew() -> None:
    shared = MemoryAccounts()
    slow, other = Process(shared, "slow"), Process(shared, "other")
    held = slow.call(MONEY)
    other.clock.advance(31)
    settled(other.call(MONEY), CALL)
    (account,) = shared.accounts.values()
    assert account.lost == 900
    slow.clock.advance(31)
    slow.round()
    settled(held, Demand(money=1))
    settled(slow.call(MONEY), Demand(money=50))
    for _ in range(2):
        slow.round()
        other.round()
    (account,) = shared.accounts.values()
    assert account.used == 900 + 100 + 50


def test_slots_are_not_used_after_the_lease_that_gave_them() -> None:
    process = Process(MemoryAccounts())
    slots = bound("concurrent", "none", 16)
    settled(process.call(slots), NOTHING)
    assert process.wallet.take([slots], CALL, process.now) is not None
    process.clock.advance(29)
    process.clock.set_time_of_day(process.now.now_us - 3600 * SECOND_US)
    assert process.wallet.take([slots], CALL, process.now) is not None
    process.clock.advance(1)
    assert process.wallet.take([slots], CALL, process.now) is None


def test_a_clock_that_is_set_back_over_midnight_finds_the_purse_of_that_day_again() -> None:
    process = Process(MemoryAccounts())
    daily = bound("money", "day", 100)
    yesterday = process.now.now_us
    under_way = process.call(daily, demand=Demand(money=60))
    settled(process.call(daily, demand=Demand(money=30)), Demand(money=30))
    process.round()
    process.clock.set_time_of_day(yesterday + 24 * 3600 * SECOND_US)
    settled(process.call(daily, demand=Demand(money=1)), Demand(money=1))
    process.clock.set_time_of_day(yesterday)
    assert isinstance(process.call(daily, demand=Demand(money=95)), Exhausted)
    assert isinstance(process.call(daily, demand=Demand(money=10)), Reservation)
    settled(under_way, Demand(money=60))
    for _ in range(3):
        process.round()
    used = {window.start: account for window, account in process.shared.accounts.items()}
    assert [account.used + account.leased for _, account in sorted(used.items())] == [100, 1]


def test_a_lease_is_renewed_whatever_the_time_of_day_does() -> None:
    process = Process(MemoryAccounts())
    process.call(MONEY)
    process.round()
    process.round()
    process.clock.set_time_of_day(process.now.now_us - 3600 * SECOND_US)
    process.clock.advance(11)
    assert process.round()

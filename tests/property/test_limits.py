"""No limit is overspent by several processes that fail in every way they can.

Their clocks differ and are set back, and so is the database's; and calls use more than they may.

The machine keeps its own account of every call there ever was: what it was admitted with, what it
used, whether its process was killed. Whatever happens, that account stays within each limit.
"""

from typing import Any, Final

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from gatebook.core.clock import SECOND_US, Moment
from gatebook.core.errors import Exhausted, Unavailable
from gatebook.identity.directory import Limit
from gatebook.policy.limits.bounds import MINUTE_US, Bound, Window
from gatebook.policy.limits.demand import NOTHING, Demand
from gatebook.policy.limits.purse import Reservation
from gatebook.policy.limits.wallet import Exchange, Wallet
from tests.simulators.clock import NOON_US, SetClock
from tests.simulators.leases import MemoryAccounts, MemoryLeases

LEASE_SECONDS: Final = 10
MIDNIGHT_US: Final = NOON_US + 12 * 3600 * SECOND_US
PLACES: Final = {"requests": 0, "tokens": 1, "money": 2, "concurrent": 3}


def limit(id_: str, measure: Any, period: Any, amount: int) -> Limit:
    return Limit(
        id=id_,
        organization_id="org",
        subject="agent",
        subject_id="agt",
        measure=measure,
        period=period,
        amount=amount,
        created_at=1,
    )


LIMITS: Final = (
    limit("lim_money", "money", "day", 1000),
    limit("lim_requests", "requests", "month", 20),
    limit("lim_rate", "tokens", "minute", 600),
    limit("lim_slots", "concurrent", "none", 5),
)


class Call:
    """A call as the test sees it."""

    def __init__(
        self, process: "Process", demand: Demand, reservation: Reservation, windows: list[Window]
    ) -> None:
        self.process = process
        self.counts = demand
        self.reservation = reservation
        self.windows = windows
        self.is_under_way = True


class Process:
    """A gateway: its wallet and its clock, and its way to the database."""

    def __init__(self, number: int, shared: MemoryAccounts, clock: SetClock, behind: int) -> None:
        self.clock = SetClock(clock.now_us() - behind * SECOND_US)
        self.wallet = Wallet(lease_us=LEASE_SECONDS * SECOND_US)
        self.leases = MemoryLeases(
            shared, f"p{number}", now_us=clock.now_us, lease_seconds=LEASE_SECONDS
        )
        self.is_alive = True

    @property
    def now(self) -> Moment:
        return Moment.of(self.clock)


class Machine(RuleBasedStateMachine):
    """Processes that share four limits."""

    processes: Bundle[Process] = Bundle("processes")
    calls: Bundle[Call] = Bundle("calls")

    @initialize(target=processes)
    def begin(self) -> MultipleResults[Process]:
        self.clock = SetClock(MIDNIGHT_US - 4 * SECOND_US)
        """The database's."""
        self.all_processes: list[Process] = []
        self.beyond: dict[Window, int] = {}
        """What calls used that was more than they may."""
        self.shared = MemoryAccounts()
        self.bounds = {each.id: Bound.of(each) for each in LIMITS}
        self.most = {each.id: each.amount for each in LIMITS}
        self.all: list[Call] = []
        return multiple(self.start(0), self.start(0))

    @rule(target=processes, behind=st.sampled_from([0, 0, 3, -3, LEASE_SECONDS + 1, -3600]))
    def start_another(self, behind: int) -> Process:
        return self.start(behind)

    def start(self, behind: int) -> Process:
        self.all_processes.append(Process(len(self.all_processes), self.shared, self.clock, behind))
        return self.all_processes[-1]

    @rule(
        target=calls,
        process=processes,
        tokens=st.one_of(st.integers(0, 30), st.integers(0, 300)),
        money=st.integers(0, 400),
        fault=st.sampled_from(["", "", "", "before", "after"]),
    )
    def make_a_call(
        self, process: Process, tokens: int, money: int, fault: str
    ) -> Call | MultipleResults[Call]:
        if not process.is_alive:
            return multiple()
        demand = Demand(1, tokens, money, 1)
        bounds = list(self.bounds.values())
        windows = [each.window(process.now.now_us) for each in bounds]
        reservation = process.wallet.take(bounds, demand, process.now)
        if reservation is None:
            try:
                process.wallet.remembers(bounds, demand, process.now)
            except Exhausted:
                return multiple()
            exchange = process.wallet.ask([(bounds, demand)], process.now)
            given = self._carry_out(process, exchange, fault)
            if not given or isinstance(given[0], Exhausted):
                return multiple()
            reservation = given[0]
        call = Call(process, demand, reservation, windows)
        self.all.append(call)
        for bound, window in zip(bounds, windows, strict=True):
            if window.limit in ("lim_money", "lim_requests") and demand[bound.place]:
                limit = bound.limit.amount  # as it is now
                assert self._spent()[window] <= limit + self.beyond.get(window, 0)
        return call

    @rule(call=consumes(calls), share=st.one_of(st.floats(0, 1), st.just(1.5)))
    def settle_or_disconnect(self, call: Call, share: float) -> None:
        if call.process.is_alive and call.is_under_way:
            call.is_under_way = False
            used = call.counts._replace(
                tokens=int(call.counts.tokens * share),
                money=int(call.counts.money * share),
                concurrent=0,
            )
            call.reservation.settle(used)
            for window in call.windows:
                place = PLACES[_measure(window.limit)]
                more = max(0, used[place] - call.counts[place])
                self.beyond[window] = self.beyond.get(window, 0) + more
            call.counts = used

    @rule(call=consumes(calls))
    def never_leave(self, call: Call) -> None:
        if call.process.is_alive and call.is_under_way:
            call.is_under_way = False
            call.reservation.settle(NOTHING)
            call.counts = NOTHING

    @rule(process=processes, fault=st.sampled_from(["", "", "", "before", "after"]))
    def tell_and_give_back(self, process: Process, fault: str) -> None:
        if process.is_alive:
            exchange = process.wallet.round(process.now)
            if exchange is not None:
                self._carry_out(process, exchange, fault)

    @rule(process=consumes(processes))
    def kill(self, process: Process) -> None:
        process.is_alive = False

    @rule(seconds=st.sampled_from([1, 5, LEASE_SECONDS + 1, 60, 12 * 3600]))
    def wait(self, seconds: int) -> None:
        for clock in (self.clock, *(process.clock for process in self.all_processes)):
            clock.advance(seconds)

    @rule(process=processes, seconds=st.sampled_from([2, LEASE_SECONDS + 1, 12 * 3600]))
    def set_a_clock_back(self, process: Process, seconds: int) -> None:
        process.clock.set_time_of_day(process.clock.now_us() - seconds * SECOND_US)

    @rule(process=processes)
    def set_a_clock_over_midnight(self, process: Process) -> None:
        """Or back over it."""
        is_before = process.clock.now_us() < MIDNIGHT_US
        process.clock.set_time_of_day(MIDNIGHT_US + (SECOND_US if is_before else -SECOND_US))

    @rule(seconds=st.sampled_from([2, LEASE_SECONDS + 1, 12 * 3600]))
    def set_the_clock_of_the_database_back(self, seconds: int) -> None:
        self.clock.set_time_of_day(self.clock.now_us() - seconds * SECOND_US)

    @rule(of=st.sampled_from(LIMITS), times=st.sampled_from([0.5, 1, 2]))
    def change_a_limit(self, of: Limit, times: float) -> None:
        amount = int(of.amount * times)
        self.most[of.id] = max(self.most[of.id], amount)
        self.bounds[of.id] = Bound.of(replace(of, amount=amount))

    def _carry_out(
        self, process: Process, exchange: Exchange, fault: Any
    ) -> list[Reservation | Exhausted]:
        self.shared.fault, at = fault, process.now
        try:
            answer = process.leases.exchange(exchange.parts, exchange.asks)
        except Unavailable:
            process.wallet.fail(exchange)
            return []
        return process.wallet.complete(exchange, answer, at)

    @invariant()
    def no_budget_is_overspent(self) -> None:
        for window, amount in self._spent().items():
            if window.limit in ("lim_money", "lim_requests"):
                assert amount <= self.most[window.limit] + self.beyond.get(window, 0)

    @invariant()
    def no_rate_is_exceeded(self) -> None:
        admitted = sum(call.counts.tokens for call in getattr(self, "all", ()))
        if admitted:
            most = self.most["lim_rate"]
            beyond = self.beyond.get(Window("lim_rate", 0), 0)
            assert admitted <= most + beyond + self.clock.monotonic_us() * most // MINUTE_US

    @invariant()
    def what_is_used_and_leased_stays_within_the_limit(self) -> None:
        for window, account in getattr(self, "shared", MemoryAccounts()).accounts.items():
            assert account.used >= 0
            most = self.most[window.limit] + self.beyond.get(window, 0)
            assert account.used + account.leased <= most

    @invariant()
    def the_database_knows_of_whatever_was_spent_or_may_be(self) -> None:
        for window, amount in self._spent().items():
            if amount and window.limit in ("lim_money", "lim_requests"):
                account = self.shared.accounts[window]
                known = account.used + account.leased + self.beyond.get(window, 0)
                assert amount <= known

    @invariant()
    def no_more_calls_are_under_way_than_may_be(self) -> None:
        # Calls of a lease that was lost are not counted: their process is taken for dead.
        under_way = sum(
            purse is call.process.wallet._current.get("lim_slots")
            for call in getattr(self, "all", ())
            if call.process.is_alive and call.process.leases._holder in self._heard_of()
            for purse, _ in call.reservation._parts
        )
        assert under_way <= getattr(self, "most", {"lim_slots": 0})["lim_slots"]

    def _spent(self) -> dict[Window, int]:
        """What all calls ever used, or still may, by the test's own account."""
        spent: dict[Window, int] = {}
        for call in getattr(self, "all", ()):
            for window in call.windows:
                used = call.counts[PLACES[_measure(window.limit)]]
                spent[window] = spent.get(window, 0) + used
        return spent

    def _heard_of(self) -> set[str]:
        """The processes that hold slots."""
        account = self.shared.accounts.get(Window("lim_slots", 0))
        return set(account.leases) if account else set()


def _measure(limit_id: str) -> str:
    return next(each.measure for each in LIMITS if each.id == limit_id)


def test_no_limit_is_overspent_whatever_happens() -> None:
    examples = settings(max_examples=100, stateful_step_count=40, deadline=None)
    run_state_machine_as_test(Machine, settings=examples)


@pytest.mark.long
def test_no_limit_is_overspent_whatever_happens_for_long() -> None:
    examples = settings(max_examples=3000, stateful_step_count=60, deadline=None)
    run_state_machine_as_test(Machine, settings=examples)

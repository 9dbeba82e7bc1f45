"""One exchange: what is told, taken, given back and forfeited, on every level or on none."""

from typing import Any

import pytest

from gatebook.core.clock import SECOND_US
from gatebook.policy.limits.bounds import Bound, Window
from gatebook.policy.limits.leases import (
    Account,
    Answer,
    Ask,
    Lease,
    Part,
    exchange,
    forfeit,
    kind_of,
    left_of,
)
from tests.unit.policy.limits.test_bounds import bound

NOW = 100 * SECOND_US
LATER = NOW + 30 * SECOND_US


def part(of: Bound, *, is_leased: bool = False, **fields: int) -> Part:
    said: dict[str, Any] = {"spent": 0, "holds": 0, "free": 0, "is_new": not is_leased, **fields}
    return Part(window=Window(of.limit.id, 0), bound=of, is_leased=is_leased, **said)


def carried_out(
    accounts: dict[Window, Account], parts: list[Part], *needs: dict[int, int], holder: str = "p1"
) -> Answer:
    for each in parts:
        new = Account(kind=kind_of(each.bound), refilled_at=NOW)
        accounts.setdefault(each.window, new)
    asks = [Ask(tuple(need.items())) for need in needs]
    return exchange(accounts, parts, asks, holder=holder, now_us=NOW, expires_at=LATER)


MONEY = bound(amount=1000)
ROOM = Window("lim_1", 0)


def test_what_a_call_needs_is_leased_and_some_more_while_there_is_plenty() -> None:
    accounts: dict[Window, Account] = {}
    (told,) = carried_out(accounts, [part(MONEY)], {0: 10}).told
    assert told.granted == 10 + 80
    assert told.left == 910
    assert accounts[ROOM].leases == {"p1": Lease(90, 0, LATER)}


def test_nothing_is_leased_ahead_of_what_others_may_need() -> None:
    accounts: dict[Window, Account] = {}
    (told,) = carried_out(accounts, [part(MONEY)], {0: 900}).told
    assert told.granted == 900


def test_calls_get_what_there_is_in_the_order_they_came() -> None:
    verdicts = carried_out({}, [part(MONEY)], {0: 600}, {0: 600}, {0: 400}).verdicts
    assert [verdict is None for verdict in verdicts] == [True, False, True]


def test_a_call_that_one_level_refuses_takes_nothing_on_another() -> None:
    organization = bound("requests", "day", 1, id="lim_2")
    accounts = {Window("lim_2", 0): Account(kind="budget", used=1)}
    answer = carried_out(accounts, [part(MONEY), part(organization)], {0: 10, 1: 1})
    (verdict,) = answer.verdicts
    assert verdict is not None
    assert verdict.part == 1
    assert verdict.short == (1, 0, 1)
    assert [told.granted for told in answer.told] == [0, 0]
    assert accounts[ROOM].leases == {}


def test_a_lease_is_not_taken_over_by_a_purse_that_knows_nothing_of_it() -> None:
    """Whoever does know of it may still spend it."""
    accounts: dict[Window, Account] = {}
    carried_out(accounts, [part(MONEY)], {0: 900})
    (told,) = carried_out(accounts, [part(MONEY)], {0: 10}).told
    assert accounts[ROOM].used == accounts[ROOM].lost == 900
    assert told.granted == accounts[ROOM].leased
    first = part(MONEY, spent=400, holds=500, is_leased=True)
    assert carried_out(accounts, [first], {0: 200}).verdicts != [None]


def test_what_is_spent_is_told_once_however_often_it_is_said() -> None:
    accounts: dict[Window, Account] = {}
    carried_out(accounts, [part(MONEY)], {0: 100})
    for _ in range(2):
        carried_out(accounts, [part(MONEY, spent=30, holds=10, is_leased=True)])
        assert accounts[ROOM].used == 30
        assert accounts[ROOM].leases == {"p1": Lease(10, 30, LATER)}


def test_a_lease_that_holds_nothing_ends() -> None:
    accounts: dict[Window, Account] = {}
    carried_out(accounts, [part(MONEY)], {0: 100})
    (told,) = carried_out(accounts, [part(MONEY, spent=30, is_leased=True)]).told
    assert not told.is_leased
    assert (accounts[ROOM].used, accounts[ROOM].leases) == (30, {})


def test_another_process_gets_only_what_is_left() -> None:
    accounts: dict[Window, Account] = {}
    carried_out(accounts, [part(MONEY)], {0: 900})
    assert carried_out(accounts, [part(MONEY)], {0: 101}, holder="p2").verdicts != [None]
    assert carried_out(accounts, [part(MONEY)], {0: 100}, holder="p2").verdicts == [None]


def test_a_lease_that_nobody_renewed_counts_as_used_in_full() -> None:
    account = Account(kind="budget", used=5, leases={"p1": Lease(40, 5, NOW)})
    forfeit(account, "p2", NOW)
    assert (account.used, account.lost, account.leases) == (45, 40, {})


def test_slots_that_nobody_renewed_are_free_again() -> None:
    account = Account(kind="slots", leases={"p1": Lease(2, 0, NOW)})
    forfeit(account, "p2", NOW)
    assert (account.used, account.leased) == (0, 0)


@pytest.mark.parametrize("holder", ["p1", "p2"])
def test_a_lease_is_kept_until_it_ends_and_by_its_holder_also_later(holder: str) -> None:
    account = Account(kind="budget", leases={"p1": Lease(40, 5, NOW + (holder != "p1"))})
    forfeit(account, holder, NOW)
    assert account.leased == 40


def test_a_process_whose_lease_was_taken_is_told_and_its_spending_is_not_counted_twice() -> None:
    accounts = {ROOM: Account(kind="budget", used=90, lost=90)}
    mine = part(MONEY, spent=50, holds=40, free=40, is_leased=True)
    answer = carried_out(accounts, [mine], {0: 10})
    assert answer.told[0].is_lost
    assert answer.told[0].granted == 10 + 80
    assert accounts[ROOM].used == 90


@pytest.mark.parametrize("need", [10, 1001])
def test_an_answer_that_a_process_was_not_told_changes_nothing_when_it_asks_again(
    need: int,
) -> None:
    accounts = {ROOM: Account(kind="budget", used=90, lost=90)}
    for _ in range(3):
        mine = part(MONEY, spent=50, holds=40, is_leased=True)
        answer = carried_out(accounts, [mine], {0: need})
        assert answer.told[0].is_lost
        assert accounts[ROOM].used == 90
        assert accounts[ROOM].leased == answer.told[0].granted
    assert (accounts[ROOM].leases == {}) == (need > 1000)


def test_a_process_goes_on_with_the_lease_that_followed_the_one_it_lost() -> None:
    accounts = {ROOM: Account(kind="budget", used=90, lost=90)}
    carried_out(accounts, [part(MONEY, spent=50, holds=40, is_leased=True)], {0: 10})
    (told,) = carried_out(accounts, [part(MONEY, spent=7, is_leased=True, purse=1)]).told
    assert not told.is_lost
    assert accounts[ROOM].used == 97


def test_a_bucket_refills_steadily_and_never_beyond_its_size() -> None:
    rate = bound("tokens", "minute", 600)
    account = Account(kind="bucket", used=100, refilled_at=NOW - 5 * SECOND_US)
    assert left_of(account, rate, NOW) == 550
    carried_out({ROOM: account}, [part(rate)])
    assert (account.used, account.refilled_at) == (50, NOW)
    account.refilled_at -= 3600 * SECOND_US
    carried_out({ROOM: account}, [part(rate)])
    assert (account.used, account.refilled_at) == (0, NOW)


def test_no_time_is_counted_twice_for_a_bucket_that_refills_slowly() -> None:
    rate = bound("requests", "minute", 7)
    account = Account(kind="bucket", used=7, refilled_at=NOW - 10 * SECOND_US)
    carried_out({ROOM: account}, [part(rate)])
    assert account.used == 6  # one in 8.57 s
    assert NOW - account.refilled_at < 2 * SECOND_US
    carried_out({ROOM: account}, [part(rate)])
    assert account.used == 6


def test_a_clock_that_is_behind_refills_nothing() -> None:
    rate = bound("requests", "minute", 60)
    account = Account(kind="bucket", used=7, refilled_at=NOW + 10 * SECOND_US)
    carried_out({ROOM: account}, [part(rate)])
    assert (account.used, account.refilled_at) == (7, NOW + 10 * SECOND_US)


def test_a_clock_that_was_set_back_far_empties_no_bucket_for_longer_than_a_minute() -> None:
    rate = bound("requests", "minute", 60)
    account = Account(kind="bucket", used=7, refilled_at=NOW + 3600 * SECOND_US)
    carried_out({ROOM: account}, [part(rate)])
    assert (account.used, account.refilled_at) == (7, NOW + 60 * SECOND_US)


def test_what_comes_back_to_a_bucket_never_makes_it_larger() -> None:
    rate = bound("tokens", "minute", 600)
    accounts = {ROOM: Account(kind="bucket", used=10, refilled_at=NOW,
                              leases={"p1": Lease(5, 100, LATER)})}  # fmt: skip
    carried_out(accounts, [part(rate, spent=20, is_leased=True)])
    assert accounts[ROOM].used == 0


def test_a_limit_that_was_lowered_leaves_nothing() -> None:
    account = Account(kind="budget", used=1500)
    assert left_of(account, MONEY, NOW) == -500
    (verdict,) = carried_out({ROOM: account}, [part(MONEY)], {0: 1}).verdicts
    assert verdict is not None
    assert verdict.short.left == 0

"""What is taken comes back as far as it was not used, once, and where it may."""

import pytest

from gatebook.core.clock import Moment
from gatebook.policy.limits.bounds import Bound, Shortage, Window
from gatebook.policy.limits.demand import NOTHING, Demand
from gatebook.policy.limits.purse import Purse, Reservation
from tests.unit.policy.limits.test_bounds import bound


def purse(of: Bound, free: int = 100) -> Purse:
    made = Purse(of, Window(of.limit.id, 0), 2**62)
    made.free, made.is_leased = free, True
    return made


def test_a_budget_holds_what_is_set_aside_until_it_is_settled() -> None:
    made = purse(bound())
    made.take(40)
    assert (made.free, made.held, made.spent) == (60, 40, 0)
    made.settle(40, 25)
    assert (made.free, made.held, made.spent) == (75, 0, 25)


def test_a_bucket_counts_at_once_and_gives_back_to_the_database_only() -> None:
    made = purse(bound("tokens", "minute", 600))
    made.take(40)
    assert (made.free, made.held, made.spent) == (60, 0, 40)
    made.settle(40, 25)
    assert (made.free, made.held, made.spent) == (60, 0, 25)


def test_a_slot_comes_back_whole() -> None:
    made = purse(bound("concurrent", "none", 5), free=2)
    made.take(1)
    made.settle(1, 0)
    assert (made.free, made.held, made.spent) == (2, 0, 0)


def test_a_call_that_used_more_than_was_set_aside_takes_it_from_nobody_elses_lease() -> None:
    made = purse(bound(), free=50)
    made.take(40)
    made.settle(40, 90)
    assert (made.free, made.held, made.spent) == (0, 0, 90)


def test_a_reservation_is_settled_once_on_every_level() -> None:
    money, requests = purse(bound()), purse(bound("requests", "day", 9))
    money.take(40)
    requests.take(1)
    reservation = Reservation([(money, 40), (requests, 1)])
    reservation.settle(Demand(requests=1, money=25))
    reservation.settle(NOTHING)
    assert (money.spent, requests.spent) == (25, 1)
    assert (money.calls, requests.calls) == (0, 0)


@pytest.mark.parametrize(
    ("need", "at_us", "is_refused"),
    [(30, 5, True), (29, 5, False), (31, 5, True), (30, 10, False)],
)
def test_a_shortage_is_remembered_for_a_while_and_for_as_much(
    need: int, at_us: int, is_refused: bool
) -> None:
    made = purse(bound(), free=0)
    made.short, made.short_until = Shortage(30, 0, 0), 10
    assert (made.refuses(need, Moment(0, at_us)) is not None) == is_refused


def test_what_is_there_is_not_refused_from_memory() -> None:
    made = purse(bound(), free=30)
    made.short, made.short_until = Shortage(30, 0, 0), 10
    assert made.refuses(30, Moment(0, 5)) is None

"""What is set aside for a call is settled once: with what it used, or whole if it never left."""

from gatebook.formats import Usage
from gatebook.policy.limits.bounds import Bounds
from gatebook.policy.limits.demand import Came, Charge, Worst
from gatebook.policy.limits.holding import Holding
from gatebook.policy.limits.purse import Purse, Reservation
from tests.unit.policy.limits.test_bounds import bound
from tests.unit.policy.limits.test_purse import purse


def held() -> tuple[Purse, Purse, Holding]:
    tokens, requests = purse(bound("tokens", "day", 900)), purse(bound("requests", "day", 9))
    tokens.take(60)
    requests.take(1)
    reservation = Reservation([(tokens, 60), (requests, 1)])
    bounds = Bounds.of((tokens.bound, requests.bound))
    return tokens, requests, Holding(None, bounds, Worst(40, 20, 0), reservation)


def came(ending: str) -> Came:
    return Came(ending, 200, Usage(10, 5), 0, 0)


def test_a_call_counts_what_it_used_and_itself() -> None:
    tokens, requests, holding = held()
    assert holding.settle(came("complete")) == Charge(15, 0, "reported")
    assert (tokens.spent, requests.spent) == (15, 1)
    holding.let_go()
    assert (tokens.spent, requests.spent) == (15, 1)


def test_a_call_that_never_left_counts_nothing_not_even_itself() -> None:
    tokens, requests, holding = held()
    holding.settle(came("not_sent"))
    assert (tokens.spent, requests.spent, tokens.held, requests.held) == (0, 0, 0, 0)


def test_a_call_that_was_refused_later_gives_everything_back() -> None:
    tokens, requests, holding = held()
    holding.let_go()
    assert (tokens.held, requests.held) == (0, 0)


def test_a_call_without_limits_has_nothing_to_settle() -> None:
    holding = Holding()
    assert holding.limits == []
    assert holding.settle(came("complete")).tokens == 15
    holding.let_go()


def test_a_call_names_the_limits_it_counts_against() -> None:
    tokens, requests, holding = held()
    assert holding.limits == [tokens.window.limit, requests.window.limit]

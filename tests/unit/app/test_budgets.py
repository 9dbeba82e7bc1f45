"""What is shown of limits is what the database holds of the period they are in."""

from msgspec.structs import replace

from gatebook.app.budgets import read_budgets
from gatebook.policy.limits.bounds import Bound, Window
from gatebook.policy.limits.leases import Ask, Part
from gatebook.storage.leases import SqlLeases
from tests.office import Office
from tests.unit.policy.limits.test_bounds import bound


def used(office: Office, limit: str, of: Bound, *, spent: int, held: int = 0) -> None:
    """Have a process spend so much of a limit, and hold some more."""
    start, _ = of.period(office.clock.now_us())
    leases = SqlLeases(
        office.database,
        f"hld_{limit}",
        now_us=lambda _: office.clock.now_us(),
        lease_seconds=30,
    )
    said = Part(
        window=Window(limit, start),
        bound=of,
        spent=0,
        holds=0,
        free=0,
        is_leased=False,
        is_new=True,
    )
    leases.exchange([said], [Ask(((0, spent + held),))])
    said = replace(said, spent=spent, holds=held, is_leased=True)
    leases.exchange([said], [])


def test_a_limit_that_nobody_used_is_all_left(office: Office) -> None:
    office.enroll(name="bot")
    office.order("set_limit", limit="20usd/month", agent="bot")
    office.order("set_limit", limit="5concurrent", workspace="default")
    budgets = {each.limit.measure: each for each in read_budgets(office.database, office.clock)}
    money, slots = budgets["money"], budgets["concurrent"]
    assert (money.subject, money.used, money.left) == ("bot", 0, 20_000_000)
    assert money.resets_us is not None
    assert (slots.subject, slots.left, slots.resets_us) == ("default", 5, None)


def test_what_is_used_and_reserved_is_not_left(office: Office) -> None:
    limit = office.enroll(name="bot") and office.order("set_limit", limit="100requests/day")
    used(office, limit.values["id"], bound("requests", "day", 100), spent=30, held=20)
    (budget,) = read_budgets(office.database, office.clock)
    assert (budget.used, budget.reserved, budget.left, budget.lost) == (30, 20, 50, 0)


def test_a_new_day_begins_with_nothing_used(office: Office) -> None:
    limit = office.enroll(name="bot") and office.order("set_limit", limit="100requests/day")
    used(office, limit.values["id"], bound("requests", "day", 100), spent=30)
    office.clock.advance(24 * 3600)
    (budget,) = read_budgets(office.database, office.clock)
    assert (budget.used, budget.left) == (0, 100)


def test_a_minute_gives_back_with_time(office: Office) -> None:
    limit = office.enroll(name="bot") and office.order("set_limit", limit="60requests/minute")
    used(office, limit.values["id"], bound("requests", "minute", 60), spent=30)
    office.clock.advance(10)
    (budget,) = read_budgets(office.database, office.clock)
    assert (budget.used, budget.left) == (20, 40)

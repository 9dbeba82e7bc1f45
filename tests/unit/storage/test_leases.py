"""Exchanges in real databases: what is written is what was decided, whoever else exchanges."""

import threading
from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Unavailable
from gatebook.policy.limits.bounds import Bound, Window
from gatebook.policy.limits.leases import Account, Ask, Lease, Part
from gatebook.storage.database import Database, open_database
from gatebook.storage.leases import SqlLeases, read_accounts
from tests.accounts import every_account
from tests.simulators.clock import NOON_US
from tests.unit.policy.limits.test_bounds import bound

BUDGETS = [bound(amount=1000, id=f"lim_{number}") for number in range(3)]


def part(of: Bound, *, is_leased: bool = False, **fields: int) -> Part:
    said: dict[str, Any] = {"spent": 0, "holds": 0, "free": 0, "is_new": not is_leased, **fields}
    return Part(window=Window(of.limit.id, 0), bound=of, is_leased=is_leased, **said)


def leases(database: Database, name: str = "p1", *, now_us: int = NOON_US) -> SqlLeases:
    return SqlLeases(database, name, now_us=lambda _: now_us, lease_seconds=30)


def ask(need: int, *places: int) -> Ask:
    return Ask(tuple((place, need) for place in places))


def test_what_was_decided_is_what_is_kept(database: Database) -> None:
    first, second = BUDGETS[:2]
    answer = leases(database).exchange([part(first), part(second)], [ask(900, 0, 1)])
    assert answer.verdicts == [None]
    lease = Lease(900, 0, NOON_US + 30 * SECOND_US)
    kept = Account(kind="budget", refilled_at=NOON_US, leases={"p1": lease})
    assert every_account(database) == {Window("lim_0", 0): kept, Window("lim_1", 0): kept}


def test_a_period_may_be_new_to_a_process_that_was_not_answered(database: Database) -> None:
    again = part(BUDGETS[0], is_leased=True, is_new=True)
    assert leases(database).exchange([again], [ask(900, 0)]).verdicts == [None]
    (account,) = every_account(database).values()
    assert account.leased == 900


def test_which_purse_a_lease_is_for_is_kept(database: Database) -> None:
    mine = leases(database)
    mine.exchange([part(BUDGETS[0])], [ask(900, 0)])
    for _ in range(2):
        told = part(BUDGETS[0], is_leased=True, purse=1)
        mine.exchange([told], [ask(800, 0)])
        (account,) = every_account(database).values()
        assert account.leases["p1"].purse == 2


def test_what_is_told_later_changes_it(database: Database) -> None:
    mine = leases(database)
    mine.exchange([part(BUDGETS[0])], [ask(900, 0)])
    mine = leases(database, now_us=NOON_US + 1)
    mine.exchange([part(BUDGETS[0], spent=70, holds=30, is_leased=True)], [])
    (account,) = every_account(database).values()
    assert account.used == 70
    assert account.leases == {"p1": Lease(30, 70, NOON_US + 1 + 30 * SECOND_US)}
    mine.exchange([part(BUDGETS[0], spent=80, is_leased=True)], [])
    (account,) = every_account(database).values()
    assert (account.used, account.leases) == (80, {})


def test_any_exchange_counts_leases_that_ended_whatever_they_are_of(database: Database) -> None:
    leases(database, "killed").exchange([part(BUDGETS[0])], [ask(900, 0)])
    later = NOON_US + 31 * SECOND_US
    leases(database, now_us=later).exchange([part(BUDGETS[1])], [ask(10, 0)])
    found = every_account(database)
    assert found[Window("lim_0", 0)].used == found[Window("lim_0", 0)].lost == 900
    assert found[Window("lim_0", 0)].leases == {}


def test_a_process_renews_its_own_lease_however_late(database: Database) -> None:
    leases(database).exchange([part(BUDGETS[0])], [ask(900, 0)])
    late = leases(database, now_us=NOON_US + 31 * SECOND_US)
    told = late.exchange([part(BUDGETS[0], holds=900, is_leased=True)], []).told
    assert not told[0].is_lost


def test_processes_that_ask_at_once_in_any_order_get_what_there_is_and_no_more(
    database: Database,
) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    verdicts: Counter[bool] = Counter()

    def ask_often(number: int) -> None:
        own = open_database(url, wait_seconds=30)
        order = BUDGETS if number % 2 else BUDGETS[::-1]
        for round_ in range(5):
            mine = leases(own, f"p{number}-{round_}")
            answer = mine.exchange([part(of) for of in order], [ask(130, 0, 1, 2)])
            verdicts[answer.verdicts == [None]] += 1
        own.close()

    threads = [threading.Thread(target=ask_often, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == {True: 7, False: 23}  # 7 times 130 fit into 1000
    assert [account.leased for account in every_account(database).values()] == [910] * 3


def test_more_limits_than_one_statement_may_name(database: Database) -> None:
    many = [bound(amount=1000, id=f"lim_{number:05}") for number in range(1100)]
    leases(database).exchange([part(each) for each in many], [ask(5, 0)])
    assert len(every_account(database)) == 1100


def test_a_database_that_does_not_answer_is_said_to_be_unavailable(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE leases")
    with pytest.raises(Unavailable):
        leases(database).exchange([part(BUDGETS[0])], [])


def test_periods_that_have_long_been_over_are_forgotten_unless_a_lease_is_held_there(
    database: Database,
) -> None:
    day = bound("money", "day", 1000)
    starts = [NOON_US - days * 24 * 3600 * SECOND_US for days in (1, 40, 42, 50)]
    for start in starts:
        begun = replace(part(day), window=Window("lim_1", start))
        leases(database).exchange([begun], [ask(900, 0)] if start == starts[-1] else [])
    leases(database).exchange([part(bound("tokens", "minute", 5, id="lim_2"))], [])
    leases(database).forget(10)
    kept = sorted(window.start for window in every_account(database))
    assert kept == [0, starts[3], starts[1], starts[0]]


def test_only_the_periods_that_are_asked_for_are_read(database: Database) -> None:
    leases(database).exchange([part(of) for of in BUDGETS], [])
    wanted = [Window("lim_1", 0), Window("lim_1", 5)]
    with database.reading() as connection:
        assert [*read_accounts(connection, wanted)] == wanted[:1]

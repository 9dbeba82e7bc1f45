"""A PostgreSQL server that stands still keeps no call waiting, and no limit is passed by it."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from gatebook.core.errors import Unavailable
from gatebook.gateway.allowance import Allowance
from gatebook.policy.limits.demand import Demand
from gatebook.policy.limits.settings import LimitSettings
from gatebook.storage.database import Database, open_database
from gatebook.storage.leases import SqlLeases
from gatebook.storage.now import now_us
from gatebook.web.tasks import Tasks
from tests.accounts import every_account
from tests.simulators.clock import SetClock
from tests.unit.policy.limits.test_bounds import bound

MONEY = bound(amount=10_000)


@contextmanager
def frozen(database: Database) -> Iterator[None]:
    """The processes of the server stand still that answer this database's connections."""
    others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    watcher = open_database(database.engine.url.render_as_string(hide_password=False))
    with watcher.reading() as connection:
        pids = connection.scalars(text(f"{others} AND pid <> pg_backend_pid()")).all()
    watcher.close()
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def test_a_server_that_stands_still_refuses_calls_in_time(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    clock = SetClock()
    allowance = Allowance(
        SqlLeases(database, "hld_1", now_us=now_us, lease_seconds=30),
        Tasks(),
        settings=LimitSettings(),
        wait_seconds=1,
        clock=clock,
    )
    (await allowance.reserve([MONEY], Demand(money=10))).settle(Demand(money=10))
    with frozen(database):
        await allowance.reserve([MONEY], Demand(money=10))  # of what is leased
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable) as refused:
                await allowance.reserve([MONEY], Demand(money=5000))
    assert refused.value.code == "limits_unavailable"
    clock.advance(2)
    await allowance.give_back()
    await allowance.reserve([MONEY], Demand(money=9_980))
    (account,) = every_account(database).values()
    assert account.used + account.leased == 10_000
    database.close()

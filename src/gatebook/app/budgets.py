"""How far every limit is used up, as the database knows it at this moment."""

from typing import NamedTuple

from gatebook.core.clock import Clock
from gatebook.identity.directory import Directory, Limit
from gatebook.policy.limits.bounds import FOREVER_US, Bound, Window
from gatebook.policy.limits.leases import Account, left_of
from gatebook.storage.database import Database
from gatebook.storage.directory import load_snapshot
from gatebook.storage.leases import read_accounts


class Budget(NamedTuple):
    """One limit in the period it is in; `resets_us` is None where no period ends."""

    limit: Limit
    organization: str
    subject: str
    used: int
    lost: int
    """The part of `used` that processes took with them that were not heard of any more."""
    reserved: int
    left: int
    resets_us: int | None


def read_budgets(database: Database, clock: Clock) -> list[Budget]:
    """Every limit with what is used of it, in one state of the database."""
    with database.reading() as connection:
        directory = load_snapshot(connection)
        now_us = clock.now_us()
        windows = [Bound.of(limit).window(now_us) for limit in directory.limits.values()]
        accounts = read_accounts(connection, windows)
    return [_budget(limit, directory, accounts, now_us) for limit in directory.limits.values()]


def name_of(limit: Limit, directory: Directory) -> str:
    """What a limit binds, by the name that people know it by."""
    if limit.subject == "agent":
        return directory.agents[limit.subject_id].name
    if limit.subject == "workspace":
        return directory.workspaces[limit.subject_id].slug
    return directory.organizations[limit.subject_id].slug


def _budget(
    limit: Limit, directory: Directory, accounts: dict[Window, Account], now_us: int
) -> Budget:
    bound = Bound.of(limit)
    _, end_us = bound.period(now_us)
    account = accounts.get(bound.window(now_us)) or Account(kind="")
    left = left_of(account, bound, now_us)
    return Budget(
        limit=limit,
        organization=directory.organizations[limit.organization_id].slug,
        subject=name_of(limit, directory),
        used=limit.amount - account.leased - left if bound.is_bucket else account.used,
        lost=account.lost,
        reserved=account.leased,
        left=max(0, left),
        resets_us=None if end_us == FOREVER_US else end_us,
    )

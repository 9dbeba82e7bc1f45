"""What a database holds of limits, for tests to look at."""

from sqlalchemy import select

from gatebook.policy.limits.bounds import Window
from gatebook.policy.limits.leases import Account
from gatebook.storage.database import Database
from gatebook.storage.leases import read_accounts
from gatebook.storage.tables import accounts


def every_account(database: Database) -> dict[Window, Account]:
    """The accounts of all periods that there ever were."""
    with database.reading() as connection:
        found = connection.execute(select(accounts.c.limit_id, accounts.c.start))
        return read_accounts(connection, [Window(*row) for row in found])

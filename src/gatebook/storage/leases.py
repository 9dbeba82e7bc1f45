"""What is used of limits, and which process holds how much: one transaction for each exchange.

Leases end and buckets fill by the time that all who share the database go by: see `Now`.
Accounts are locked in the order of their keys, so that exchanges wait for one another and never in
a circle: new accounts are inserted first, in that order, and nobody waits for those but inserters.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, and_, bindparam, delete, exists, select, tuple_, update

from gatebook.core.clock import SECOND_US
from gatebook.policy.limits.bounds import Window
from gatebook.policy.limits.leases import Account, Answer, Ask, Lease, Part, exchange, kind_of
from gatebook.storage.database import Database
from gatebook.storage.tables import accounts, leases
from gatebook.storage.upsert import insert

_AT_ONCE: Final = 1000
"""Windows named in one statement; databases limit its parameters."""

_DAY_US: Final = 24 * 3600 * SECOND_US
_LONGEST_DAYS: Final = 31
"""No period is longer, of those that end."""

Now = Callable[[Connection], int]
"""The time of day in microseconds, read in a transaction: the same for all who share a database."""

_VALUES: Final = ("used", "lost", "refilled_at")


class _Held(NamedTuple):
    """A lease by its key."""

    window: Window
    holder: str


class SqlLeases:
    """Implements `policy.limits.leases.Leases` for one process, by which its leases are called."""

    def __init__(self, database: Database, holder: str, *, now_us: Now, lease_seconds: int) -> None:
        self._database = database
        self._holder = holder
        self._now_us = now_us
        self._lease_us = lease_seconds * SECOND_US

    def exchange(self, parts: Sequence[Part], asks: Sequence[Ask]) -> Answer:
        """See policy.limits.leases.Leases."""
        with self._database.writing() as connection:
            now_us = self._now_us(connection)
            _open(connection, parts, now_us)
            ended = self._ended(connection, now_us)
            windows = sorted({*ended, *(part.window for part in parts)})
            found = _read(connection, windows, lock=True)
            before = msgspec.convert(msgspec.to_builtins(list(found.values())), list[Account])
            answer = exchange(
                found,
                parts,
                asks,
                holder=self._holder,
                now_us=now_us,
                expires_at=now_us + self._lease_us,
            )
            _write(connection, dict(zip(found, before, strict=True)), found)
        return answer

    def forget(self, days: int) -> None:
        """Delete periods that have been over for so long, but none in which a lease is held."""
        with self._database.writing() as connection:
            before_us = self._now_us(connection) - (days + _LONGEST_DAYS) * _DAY_US
            held = exists().where(
                leases.c.limit_id == accounts.c.limit_id, leases.c.start == accounts.c.start
            )
            over = (accounts.c.start > 0) & (accounts.c.start < before_us)
            connection.execute(delete(accounts).where(over, ~held))

    def _ended(self, connection: Connection, now_us: int) -> set[Window]:
        """Where other processes hold leases that nobody renewed."""
        found = select(leases.c.limit_id, leases.c.start).where(
            leases.c.expires_at <= now_us, leases.c.holder != self._holder
        )
        return {Window(row.limit_id, row.start) for row in connection.execute(found)}


def read_accounts(connection: Connection, windows: Iterable[Window]) -> dict[Window, Account]:
    """The accounts that there are of these periods, to look at."""
    return _read(connection, sorted(windows), lock=False)


_CHANGE: Final = (
    update(accounts)
    .where(
        and_(accounts.c.limit_id == bindparam("of_limit"), accounts.c.start == bindparam("from"))
    )
    .values({name: bindparam(name) for name in _VALUES})
)
_END: Final = delete(leases).where(
    leases.c.limit_id == bindparam("of_limit"),
    leases.c.start == bindparam("from"),
    leases.c.holder == bindparam("by"),
)


def _read(
    connection: Connection, windows: Sequence[Window], *, lock: bool
) -> dict[Window, Account]:
    """Accounts with their leases, locked in this order."""
    found = {}
    for some in _batches(windows):
        wanted = (
            select(accounts)
            .where(tuple_(accounts.c.limit_id, accounts.c.start).in_(some))
            .order_by(accounts.c.limit_id, accounts.c.start)
        )
        for row in connection.execute(wanted.with_for_update() if lock else wanted):
            found[Window(row.limit_id, row.start)] = Account(
                kind=row.kind, used=row.used, lost=row.lost, refilled_at=row.refilled_at
            )
    for some in _batches(windows):
        rows = connection.execute(
            select(leases).where(tuple_(leases.c.limit_id, leases.c.start).in_(some))
        )
        for row in rows:
            lease = Lease(row.amount, row.spent, row.expires_at, row.purse)
            found[Window(row.limit_id, row.start)].leases[row.holder] = lease
    return found


def _open(connection: Connection, parts: Sequence[Part], now_us: int) -> None:
    """Begin the accounts of parts that may have none yet."""
    new = sorted((part.window, kind_of(part.bound)) for part in parts if part.is_new)
    rows = [
        {
            "limit_id": window.limit,
            "start": window.start,
            "kind": kind,
            "used": 0,
            "lost": 0,
            "refilled_at": now_us,
        }
        for window, kind in new
    ]
    if rows:
        connection.execute(insert(connection, accounts).on_conflict_do_nothing(), rows)


def _write(
    connection: Connection, before: dict[Window, Account], after: dict[Window, Account]
) -> None:
    changed = [
        {"of_limit": window.limit, "from": window.start, **_values(account)}
        for window, account in after.items()
        if _values(account) != _values(before[window])
    ]
    if changed:
        connection.execute(_CHANGE, changed)
    old, new = dict(_leases(before)), dict(_leases(after))
    gone = [
        {"of_limit": window.limit, "from": window.start, "by": holder}
        for window, holder in old.keys() - new.keys()
    ]
    if gone:
        connection.execute(_END, gone)
    held = [
        {
            "limit_id": window.limit,
            "start": window.start,
            "holder": holder,
            **msgspec.structs.asdict(lease),
        }
        for (window, holder), lease in new.items()
        if lease != old.get(_Held(window, holder))
    ]
    if held:
        inserted = insert(connection, leases)
        connection.execute(
            inserted.on_conflict_do_update(
                index_elements=["limit_id", "start", "holder"],
                set_={name: inserted.excluded[name] for name in Lease.__struct_fields__},
            ),
            held,
        )


def _batches(windows: Sequence[Window]) -> Iterator[list[Window]]:
    rest = iter(windows)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _values(account: Account) -> dict[str, int]:
    return {name: getattr(account, name) for name in _VALUES}


def _leases(found: dict[Window, Account]) -> Iterable[tuple[_Held, Lease]]:
    for window, account in found.items():
        for holder, lease in account.leases.items():
            yield _Held(window, holder), lease

"""How processes share limits: each leases a part of a period from the database, and spends that.

One exchange settles what a process has spent, gives back what it does not need and takes more, over
all levels of all calls that wait, or for none of a call's: `exchange` is that decision, and storage
makes it in one transaction. What is used and what is leased never passes the limit together.
A lease that nobody renews is counted as used in full, so a process that was only slow, and goes on
spending it, passes no limit either.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from gatebook.policy.limits.bounds import MINUTE_US, Bound, Shortage, Window

_SHARE: Final = 8
"""At most an eighth of what is left is leased ahead, so that others find some."""

_MOST: Final = 2**62
"""No sum grows beyond it, whatever providers report."""


class Lease(msgspec.Struct):
    """What one process holds of a period; `spent` is as much as it has told of what it spent."""

    amount: int
    spent: int
    expires_at: int
    purse: int = 0
    """Which of the process's purses it is for, see Part."""


class Account(msgspec.Struct, kw_only=True):
    """One period of one limit in the database."""

    kind: str
    used: int = 0
    lost: int = 0
    """The part of `used` that leases took with them which nobody renewed."""
    refilled_at: int = 0
    leases: dict[str, Lease] = msgspec.field(default_factory=dict)
    """By the process that holds each."""

    @property
    def leased(self) -> int:
        """What is set aside or may still be spent without asking."""
        return sum(lease.amount for lease in self.leases.values())


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What a process tells of its purse, and asks for."""

    window: Window
    bound: Bound
    spent: int
    holds: int
    free: int
    """The part of what it holds that no call under way needs."""
    ahead: int = 0
    """How much more it is likely to need within a second or two."""
    is_leased: bool
    is_new: bool
    """The database may not know the period yet."""
    purse: int = 0
    """One more than the purse had whose lease ended. By it an answer is known that did not arrive:
    the database then has a lease for the next purse, and hears from this one."""


class Ask(NamedTuple):
    """What one call needs of which parts, by their place."""

    needs: tuple[tuple[int, int], ...]


class Told(NamedTuple):
    """What became of a part."""

    granted: int
    left: int
    is_lost: bool
    """Its lease had ended; it holds nothing but what is granted now, on a lease that begins now."""
    is_leased: bool
    """Whether it has a lease after this."""


class Verdict(NamedTuple):
    """Which part has no room for a call, and what it had."""

    part: int
    short: Shortage


class Answer(NamedTuple):
    """What became of each part and each ask; None: there is room."""

    told: list[Told]
    verdicts: list[Verdict | None]


class Leases(Protocol):
    """The database as this process uses it."""

    def exchange(self, parts: Sequence[Part], asks: Sequence[Ask]) -> Answer:
        """One exchange in one transaction, at the time that all who share the database go by.

        May block, and raises Unavailable.
        """
        ...


def kind_of(bound: Bound) -> str:
    """The kind of account a limit has."""
    return "bucket" if bound.is_bucket else "slots" if bound.is_slots else "budget"


def exchange(
    accounts: Mapping[Window, Account],
    parts: Sequence[Part],
    asks: Sequence[Ask],
    *,
    holder: str,
    now_us: int,
    expires_at: int,
) -> Answer:
    """Change the accounts as the parts tell and the asks need; there is one for every part."""
    for account in accounts.values():
        forfeit(account, holder, now_us)
    desks = [_Desk(accounts[part.window], part, holder, now_us, expires_at) for part in parts]
    verdicts = [_decide(desks, ask) for ask in asks]
    return Answer([desk.close() for desk in desks], verdicts)


def forfeit(account: Account, holder: str, now_us: int) -> None:
    """Count as used what others hold on leases that have ended; slots come back with their calls.

    A lease of one's own that nobody took is renewed, however late.
    """
    ended = [
        other
        for other, lease in account.leases.items()
        if lease.expires_at <= now_us and other != holder
    ]
    for other in ended:
        _count_in_full(account, other)


def _count_in_full(account: Account, holder: str) -> None:
    lease = account.leases.pop(holder)
    if account.kind != "slots":
        account.used = min(_MOST, account.used + lease.amount)
        account.lost += lease.amount


def left_of(account: Account, bound: Bound, now_us: int) -> int:
    """What nobody has taken by now; less than nothing if a limit was lowered."""
    used = account.used
    if bound.is_bucket:
        used = max(0, used - _back(account, bound.limit.amount, now_us))
    return bound.limit.amount - used - account.leased


class _Desk:
    """One part in an exchange: what its process can use, and what nobody has taken."""

    def __init__(
        self, account: Account, part: Part, holder: str, now_us: int, expires_at: int
    ) -> None:
        self.account = account
        self._part = part
        self._holder = holder
        if account.kind == "bucket":
            _refill(account, part.bound.limit.amount, now_us)
        if not part.is_leased and holder in account.leases:
            # This purse knows nothing of it, so whoever does may still spend it.
            _count_in_full(account, holder)
        lease = account.leases.get(holder)
        self._is_lost = part.is_leased and (lease is None or lease.purse != part.purse)
        if lease is None or self._is_lost:
            purse = part.purse + 1 if self._is_lost else part.purse
            lease = account.leases[holder] = Lease(0, 0, expires_at, purse)
        lease.expires_at = expires_at
        if not self._is_lost:
            account.used = min(_MOST, max(0, account.used + part.spent - lease.spent))
            lease.amount, lease.spent = part.holds, part.spent
        self._lease = lease
        self._granted = 0
        self._largest = 0
        self._free = 0 if self._is_lost else part.free
        self._left = part.bound.limit.amount - account.used - account.leased
        """Less than nothing where the limit was lowered, or a call used more than it may."""

    @property
    def room(self) -> int:
        """What a call may need of it."""
        return self._free + self._left

    def take(self, need: int) -> None:
        """Set aside what a call needs: first of what the process has, then of what is left."""
        more = max(0, need - self._free)
        self._free += more - need
        self._left -= more
        self._granted += more
        self._largest = max(self._largest, need)

    def close(self) -> Told:
        """Lease some more ahead; a lease that holds nothing ends."""
        ahead = self._ahead()
        self._lease.amount += self._granted + ahead
        if self._lease.amount == 0:
            del self.account.leases[self._holder]
        return Told(
            granted=self._granted + ahead,
            left=self._left - ahead,
            is_lost=self._is_lost,
            is_leased=self._lease.amount > 0,
        )

    def _ahead(self) -> int:
        """How much more than what is needed is leased, so that the next calls need not ask."""
        need = self._largest
        ahead = min(self._left // _SHARE, max(self._part.ahead, _SHARE * need)) if need else 0
        return ahead if ahead >= need else 0


def _decide(desks: Sequence[_Desk], ask: Ask) -> Verdict | None:
    """Set aside what a call needs at all of its desks, or at none."""
    for at, need in ask.needs:
        room = desks[at].room
        if need > room:
            return Verdict(at, Shortage(need, max(0, room), desks[at].account.used))
    for at, need in ask.needs:
        desks[at].take(need)
    return None


def _refill(bucket: Account, size: int, now_us: int) -> None:
    """Take off what time has given back, in whole units; the rest of the time counts later."""
    # After a clock was set back no bucket waits for longer than it takes to fill.
    bucket.refilled_at = min(bucket.refilled_at, now_us + MINUTE_US)
    back = _back(bucket, size, now_us)
    if back >= bucket.used:
        bucket.used = 0
        bucket.refilled_at = max(now_us, bucket.refilled_at)
    else:
        bucket.used -= back
        bucket.refilled_at += -(-back * MINUTE_US // size)


def _back(bucket: Account, size: int, now_us: int) -> int:
    """What time has given back since the bucket was last looked at.

    Nothing while the clock is behind: that another exchange read it later is no time to give back.
    """
    return max(0, now_us - bucket.refilled_at) * size // MINUTE_US

"""Accounts in memory that processes share; they may fail before a commit or after it."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Literal

from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Unavailable
from gatebook.policy.limits.leases import Account, Answer, Ask, Part, exchange, kind_of
from tests.simulators.clock import NOON_US

if TYPE_CHECKING:
    from gatebook.policy.limits.bounds import Window

Fault = Literal["", "before", "after"]


class MemoryAccounts:
    """What the database holds of limits."""

    def __init__(self) -> None:
        self.accounts: dict[Window, Account] = {}
        self.fault: Fault = ""
        """Whether the next exchanges fail, and whether they are made all the same."""
        self.exchanges = 0


class MemoryLeases:
    """Implements `policy.limits.leases.Leases` for one process."""

    def __init__(
        self,
        shared: MemoryAccounts,
        holder: str,
        *,
        now_us: Callable[[], int] = lambda: NOON_US,
        lease_seconds: int = 30,
    ) -> None:
        self._shared = shared
        self._holder = holder
        self._now_us = now_us
        self._lease_us = lease_seconds * SECOND_US

    def exchange(self, parts: Sequence[Part], asks: Sequence[Ask]) -> Answer:
        """See policy.limits.leases.Leases."""
        now_us = self._now_us()
        self._shared.exchanges += 1
        if self._shared.fault == "before":
            raise _no_answer()
        changed = deepcopy(self._shared.accounts)
        for part in (part for part in parts if part.is_new):
            new = Account(kind=kind_of(part.bound), refilled_at=now_us)
            changed.setdefault(part.window, new)
        answer = exchange(
            changed,
            parts,
            asks,
            holder=self._holder,
            now_us=now_us,
            expires_at=now_us + self._lease_us,
        )
        self._shared.accounts = changed
        if self._shared.fault == "after":
            raise _no_answer()
        return answer


def _no_answer() -> Unavailable:
    return Unavailable("database_unavailable", "No answer.")

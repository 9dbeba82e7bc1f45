"""What one process may spend of a limit without asking: plain arithmetic, no waiting.

A purse holds what was leased of one period of one limit. What a call may use is taken out before it
leaves and settled when it is over. In a budget what is set aside stays leased until then. In a
bucket it counts as spent at once, because time refills it; what a call did not use goes back to the
database, where the bucket's size bounds it. A slot comes back whole.
"""

from collections.abc import Sequence

from gatebook.core.clock import Moment
from gatebook.policy.limits.bounds import FOREVER_US, Bound, Shortage, Window
from gatebook.policy.limits.demand import Demand


class Purse:
    """A process's part in one period of a limit."""

    __slots__ = (
        "bound",
        "calls",
        "ends_at",
        "free",
        "held",
        "is_busy",
        "is_leased",
        "leased_until",
        "left",
        "left_at",
        "number",
        "renewed_at",
        "short",
        "short_until",
        "spent",
        "taken",
        "told",
        "window",
    )

    def __init__(self, bound: Bound, window: Window, ends_at: int, number: int = 0) -> None:
        self.bound = bound
        self.window = window
        self.ends_at = ends_at
        """When its period does, by the time of day; all other times here are of the clock that
        never goes back."""
        self.number = number
        """How many leases of the period have ended before, one after the other."""
        self.leased_until = FOREVER_US
        """From then on others may have its slots."""
        self.free = 0
        self.held = 0
        """Set aside for calls under way; always 0 in a bucket."""
        self.spent = 0
        """Spent since the lease began."""
        self.told = 0
        """As much of it as the database knows of."""
        self.taken = 0
        """Taken since the last round, whatever came back of it."""
        self.calls = 0
        """Calls that will be settled here."""
        self.is_leased = False
        self.is_busy = False
        """More is being asked for; nothing is taken meanwhile."""
        self.renewed_at: int | None = None
        """When the database was last asked; None if it is not known to have heard."""
        self.left = bound.limit.amount
        """What nobody had taken when the database was last asked."""
        self.left_at = 0
        self.short: Shortage | None = None
        """What was refused last, remembered so that a loop does not ask again and again."""
        self.short_until = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is kept here that anybody would miss."""
        return not (self.is_leased or self.is_busy or self.calls or self.free) and (
            self.spent == self.told
        )

    def is_usable(self, at: Moment) -> bool:
        """Whether calls may take from it: it is in its period, and the lease of slots runs."""
        return self.window.start <= at.now_us < self.ends_at and at.monotonic_us < self.leased_until

    def take(self, need: int) -> None:
        """Set aside what a call may use; the caller has looked that it is there."""
        self.free -= need
        self.taken += need
        self.calls += 1
        if self.bound.is_bucket:
            self.spent += need
        else:
            self.held += need

    def settle(self, need: int, used: int) -> None:
        """A call for which `need` was set aside has used so much."""
        self.calls -= 1
        if self.bound.is_bucket:
            self.spent += used - need
            return
        self.held -= need
        if self.bound.is_slots:
            self.free += need
        else:
            self.spent += used
            self.free = max(0, self.free + need - used)

    def refuses(self, need: int, at: Moment) -> Shortage | None:
        """A shortage remembered that is one for this need, too."""
        short = self.short
        if (
            short is None
            or at.monotonic_us >= self.short_until
            or need < short.need
            or need <= self.free
        ):
            return None
        return short


class Reservation:
    """What is set aside for one call, on every level; settled once."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[tuple[Purse, int]] = ()) -> None:
        self._parts = parts

    @property
    def limits(self) -> list[str]:
        """The limits it counts against."""
        return [purse.window.limit for purse, _ in self._parts]

    def settle(self, used: Demand) -> None:
        """The call has used so much; what is settled already stays as it is."""
        for purse, need in self._parts:
            purse.settle(need, used[purse.bound.place])
        self._parts = ()

"""Which limits bind an agent, in which period each is now, and what is said when one is reached.

A limit set on an agent, on its workspace or on its organization binds it; a call has to fit all.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from gatebook.core.clock import SECOND_US, to_text
from gatebook.core.errors import Exhausted
from gatebook.identity.directory import Directory, Limit
from gatebook.identity.identify import Principal
from gatebook.policy.limits.demand import Demand
from gatebook.policy.limits.prices import CURRENCY, MILLION

SPENT: Final = "insufficient_quota"
"""The code of a budget that is spent, by the name that OpenAI's clients know it by."""

MINUTE_US: Final = 60 * SECOND_US
FOREVER_US: Final = 2**62

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Window(NamedTuple):
    """One period of one limit: the day or the month that begins then, or 0 for what has none."""

    limit: str
    start: int


class Bound(NamedTuple):
    """A limit as it binds an agent, ready to be looked at for each call."""

    limit: Limit
    place: int
    """The place of its measure in a Demand."""
    is_bucket: bool
    """Whether what was used comes back with time."""
    is_slots: bool
    """Whether it is about calls at one time."""

    @classmethod
    def of(cls, limit: Limit) -> "Bound":
        """A limit, ready to be looked at."""
        return cls(
            limit=limit,
            place=Demand._fields.index(limit.measure),
            is_bucket=limit.period == "minute",
            is_slots=limit.period == "none",
        )

    def period(self, now_us: int) -> tuple[int, int]:
        """Where the period it is in begins and ends."""
        if self.limit.period == "day":
            return _day(now_us)
        if self.limit.period == "month":
            return _month(now_us)
        return 0, FOREVER_US

    def window(self, now_us: int) -> Window:
        """The period it is in."""
        return Window(self.limit.id, self.period(now_us)[0])


class Bounds(NamedTuple):
    """All limits that bind an agent, and what of them can be told before there is a call."""

    all: tuple[Bound, ...]
    """Its own first."""
    measures: frozenset[str]
    buckets: Mapping[str, Sequence[Bound]]
    """Those whose allowance comes back with time, by their measure."""

    @classmethod
    def of(cls, bounds: Iterable[Bound]) -> "Bounds":
        """Some limits together."""
        found, buckets = tuple(bounds), dict[str, list[Bound]]()
        for bound in found:
            if bound.is_bucket:
                buckets.setdefault(bound.limit.measure, []).append(bound)
        return cls(found, frozenset(bound.limit.measure for bound in found), buckets)


UNBOUND: Final = Bounds.of(())
"""Of an agent that no limit binds."""


class Limits:
    """The limits of all agents in one state of the directory, put together as they are needed."""

    def __init__(self, directory: Directory) -> None:
        self._by_subject: dict[str, list[Bound]] = {}
        for limit in sorted(directory.limits.values(), key=lambda each: (each.created_at, each.id)):
            self._by_subject.setdefault(limit.subject_id, []).append(Bound.of(limit))
        self._found: dict[str, Bounds] = {}

    def of(self, principal: Principal) -> Bounds:
        """The limits that bind an agent."""
        if not self._by_subject:
            return UNBOUND
        found = self._found.get(principal.agent.id)
        if found is None:
            found = self._found[principal.agent.id] = Bounds.of(
                bound for level in levels(principal) for bound in self._by_subject.get(level, ())
            )
        return found


def levels(principal: Principal) -> tuple[str, ...]:
    """Whose limits bind an agent, by id, from the nearest to the farthest."""
    return (principal.agent.id, principal.workspace.id, principal.organization.id)


class Shortage(NamedTuple):
    """What a limit had left when a call needed more."""

    need: int
    left: int
    used: int
    """Used for good; the rest of what is not left is set aside for calls under way."""


def reached(bound: Bound, short: Shortage, now_us: int) -> Exhausted:
    """What to raise when a limit leaves no room; its rule names the limit."""
    if bound.is_bucket or bound.is_slots:
        error = _rate(bound, short)
    else:
        error = _budget(bound, short, now_us)
    error.rule = f"limit.{bound.limit.id}"
    return error


def in_words(limit: Limit) -> str:
    """`20 USD a month`."""
    how_much = amount_of(limit, limit.amount)
    return how_much if limit.period == "none" else f"{how_much} a {limit.period}"


def amount_of(limit: Limit, amount: int) -> str:
    """`20 USD`, `4 requests`, in the limit's measure."""
    if limit.measure == "money":
        return f"{in_dollars(amount)} {CURRENCY}"
    unit = "calls at one time" if limit.measure == "concurrent" else limit.measure
    return f"{amount} {unit}"


def in_dollars(amount: int) -> str:
    """Micro-units as `2.5`, exactly."""
    whole, rest = divmod(abs(amount), MILLION)
    text = f"{whole}.{rest:06}".rstrip("0").rstrip(".")
    return f"-{text}" if amount < 0 else text


def _rate(bound: Bound, short: Shortage) -> Exhausted:
    limit = bound.limit
    if short.need > limit.amount:
        return Exhausted(
            "rate_limit_exceeded",
            f"The limit of the {limit.subject} is {in_words(limit)}, and this call may use "
            f"{amount_of(limit, short.need)}.",
            "Ask for less, or name a smaller max_tokens; waiting does not help.",
        )
    wait_us = SECOND_US
    if bound.is_bucket:
        wait_us = (short.need - short.left) * MINUTE_US // limit.amount
    return Exhausted(
        "rate_limit_exceeded",
        f"The limit of the {limit.subject} is {in_words(limit)}.",
        "Retry after a moment.",
        retry_after_seconds=max(1, -(-wait_us // SECOND_US)),
    )


def _budget(bound: Bound, short: Shortage, now_us: int) -> Exhausted:
    limit = bound.limit
    if short.used + short.need <= limit.amount:
        return Exhausted(
            "budget_reserved",
            f"The rest of the {limit.subject}'s budget of {in_words(limit)} is set aside for calls "
            f"under way; this call may use {amount_of(limit, short.need)}.",
            "Retry after a moment: what they do not use comes back.",
            retry_after_seconds=1,
        )
    _, end_us = bound.period(now_us)
    left = amount_of(limit, max(0, limit.amount - short.used))
    return Exhausted(
        SPENT,
        f"Of the {limit.subject}'s budget of {in_words(limit)} there are {left} left, and this "
        f"call may use {amount_of(limit, short.need)}.",
        f"It begins anew at {to_text(end_us)[:16]}Z, or have it raised.",
    )


def _day(now_us: int) -> tuple[int, int]:
    day_us = 24 * 3600 * SECOND_US
    start = now_us - now_us % day_us
    return start, start + day_us


def _month(now_us: int) -> tuple[int, int]:
    now = datetime.fromtimestamp(now_us // SECOND_US, UTC)
    start = datetime(now.year, now.month, 1, tzinfo=UTC)
    end = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    return _micros(start), _micros(end)


def _micros(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds()) * SECOND_US

"""Everything one process has leased: takes from it, and says what to exchange with the database.

No input or output and no waiting: an exchange is begun here, carried out by whoever can reach the
database, and completed here. Only one is under way at a time.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from gatebook.core.clock import SECOND_US, Moment
from gatebook.core.errors import Exhausted
from gatebook.policy.limits.bounds import MINUTE_US, Bound, Window, reached
from gatebook.policy.limits.demand import Demand
from gatebook.policy.limits.leases import Answer, Ask, Part, Told, Verdict
from gatebook.policy.limits.purse import Purse, Reservation

Wanted = tuple[Sequence[Bound], Demand]
"""The limits that bind a call, and what it needs."""

_REMEMBER_US: Final = SECOND_US
"""How long the database is not asked again for what it refused."""

_PACE: Final = 2
"""A process keeps what it took since the last round so many times."""


class Exchange(NamedTuple):
    """What is to be said to the database."""

    parts: list[Part]
    asks: list[Ask]
    purses: list[Purse]


class Wallet:
    """The purses of this process."""

    def __init__(self, *, lease_us: int) -> None:
        self._lease_us = lease_us
        self._purses: dict[Window, Purse] = {}
        """One for each period, also one that is over, until the last call that began in it has
        ended: a clock that is set back finds it again."""
        self._current: dict[str, Purse] = {}
        """Of each limit, the one that was last taken from."""

    def take(self, bounds: Sequence[Bound], demand: Demand, at: Moment) -> Reservation | None:
        """What a call needs, set aside on every level; None if the database has to be asked."""
        parts = []
        for bound in bounds:
            need = demand[bound.place]
            if not need:
                continue
            purse = self._current.get(bound.limit.id)
            if purse is None or purse.bound is not bound or not purse.is_usable(at):
                purse = self._purse_of(bound, at)
            if purse.is_busy or purse.free < need:
                return None
            parts.append((purse, need))
        for purse, need in parts:
            purse.take(need)
        return Reservation(parts)

    def remembers(self, bounds: Sequence[Bound], demand: Demand, at: Moment) -> None:
        """Raise Exhausted if the database has just refused as much."""
        for bound in bounds:
            purse = self._current.get(bound.limit.id)
            short = purse and purse.refuses(demand[bound.place], at)
            if short:
                raise reached(bound, short, at.now_us)

    def ask(self, wanted: Sequence[Wanted], at: Moment) -> Exchange:
        """Begin an exchange for calls that need more than there is; their purses rest meanwhile."""
        places: dict[Window, int] = {}
        purses: list[Purse] = []
        asks = []
        for bounds, demand in wanted:
            needs = []
            for bound in bounds:
                if need := demand[bound.place]:
                    purse = self._purse_of(bound, at)
                    place = places.setdefault(purse.window, len(purses))
                    if place == len(purses):
                        purse.is_busy = True
                        purses.append(purse)
                    needs.append((place, need))
            asks.append(Ask(tuple(needs)))
        return self._exchange(purses, asks)

    def round(self, at: Moment, *, keeps_all: bool = False) -> Exchange | None:
        """Begin an exchange that tells what was spent and gives back what lies idle."""
        due = []
        for purse in self._purses.values():
            pace = _PACE * purse.taken if purse.is_usable(at) else 0
            if self._is_due(purse, pace, at.monotonic_us):
                due.append(purse)
                if not keeps_all:
                    purse.free = min(purse.free, pace)
            purse.taken = 0
        return self._exchange(due, []) if due else None

    def complete(
        self, exchange: Exchange, answer: Answer, at: Moment
    ) -> list[Reservation | Exhausted]:
        """Take over what the database said to an exchange that was begun at that moment.

        Gives what became of each call that was asked for.
        """
        purses = [
            self._told(purse, part, told, at.monotonic_us)
            for purse, part, told in zip(exchange.purses, exchange.parts, answer.told, strict=True)
        ]
        given = [
            self._given(purses, ask, verdict, at)
            for ask, verdict in zip(exchange.asks, answer.verdicts, strict=True)
        ]
        self._forget(at.monotonic_us)
        return given

    def fail(self, exchange: Exchange) -> None:
        """Nobody knows what became of it: what was given back is not used, all is told again."""
        for purse in exchange.purses:
            purse.is_busy = False
            purse.is_leased = True
            purse.renewed_at = None

    def left(self, bound: Bound, at: Moment) -> int:
        """What is left of a limit, as far as this process knows."""
        purse = self._current.get(bound.limit.id)
        if purse is None:
            return bound.limit.amount
        back = 0
        if bound.is_bucket:
            back = (at.monotonic_us - purse.left_at) * bound.limit.amount // MINUTE_US
        return max(0, min(bound.limit.amount, purse.left + purse.free + back))

    def _purse_of(self, bound: Bound, at: Moment) -> Purse:
        """The purse of the period a limit is in, for the limit as it is now."""
        start, end_us = bound.period(at.now_us)
        window = Window(bound.limit.id, start)
        purse = self._purses.get(window)
        if purse is None:
            purse = self._purses[window] = Purse(bound, window, end_us)
        elif not purse.is_busy:
            if bound.limit.amount != purse.bound.limit.amount or not purse.is_usable(at):
                purse.free = 0  # it was leased on other terms
            purse.bound, purse.short = bound, None
        self._current[bound.limit.id] = purse
        return purse

    def _is_due(self, purse: Purse, pace: int, monotonic_us: int) -> bool:
        if purse.spent != purse.told or purse.free > pace:
            return True
        renewed_at = purse.renewed_at
        return purse.is_leased and (
            renewed_at is None or monotonic_us - renewed_at >= self._lease_us // 3
        )

    def _exchange(self, purses: list[Purse], asks: list[Ask]) -> Exchange:
        parts = [
            Part(
                window=purse.window,
                bound=purse.bound,
                spent=purse.spent,
                holds=purse.free + purse.held,
                free=purse.free,
                ahead=_PACE * purse.taken,
                is_leased=purse.is_leased,
                is_new=purse.renewed_at is None or not purse.is_leased,
                purse=purse.number,
            )
            for purse in purses
        ]
        return Exchange(parts, asks, purses)

    def _told(self, purse: Purse, part: Part, told: Told, monotonic_us: int) -> Purse:
        """The purse with what became of it: a new one where the old one's lease had ended."""
        purse.is_busy = False
        purse.told = part.spent
        if told.is_lost:
            purse = self._replaced(purse)
        elif not told.is_leased:
            purse.spent -= part.spent
            purse.told = 0
        purse.is_leased = told.is_leased
        purse.free += told.granted
        purse.left, purse.left_at, purse.renewed_at = told.left, monotonic_us, monotonic_us
        if purse.bound.is_slots:
            purse.leased_until = monotonic_us + self._lease_us
        return purse

    def _replaced(self, lost: Purse) -> Purse:
        """A purse in place of one whose calls were counted in full, and settle where none looks."""
        fresh = Purse(lost.bound, lost.window, lost.ends_at, lost.number + 1)
        self._purses[lost.window] = fresh
        if self._current.get(lost.window.limit) is lost:
            self._current[lost.window.limit] = fresh
        return fresh

    def _given(
        self, purses: Sequence[Purse], ask: Ask, verdict: Verdict | None, at: Moment
    ) -> Reservation | Exhausted:
        if verdict is not None:
            purse = purses[verdict.part]
            purse.short, purse.short_until = verdict.short, at.monotonic_us + _REMEMBER_US
            return reached(purse.bound, verdict.short, at.now_us)
        parts = [(purses[at], need) for at, need in ask.needs]
        for purse, need in parts:
            purse.take(need)
        return Reservation(parts)

    def _forget(self, monotonic_us: int) -> None:
        self._purses = {
            window: purse
            for window, purse in self._purses.items()
            if not purse.is_idle or purse.short_until > monotonic_us
        }
        self._current = {
            limit: purse for limit, purse in self._current.items() if purse.window in self._purses
        }

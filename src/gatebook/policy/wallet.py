"""Everything one process has leased: takes from it, and says what to exchange with the database.

No input or output and no waiting: an exchange is begun here, carried out by whoever can reach the
database, and completed here. Only one is under way at a time.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Exhausted
from gatebook.policy.demand import Demand
from gatebook.policy.leases import Answer, Ask, Part, Told, Verdict
from gatebook.policy.limits import MINUTE_US, Bound, Window, reached
from gatebook.policy.purse import Purse, Reservation

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
        self._purses: dict[str, Purse] = {}
        """The current one of each limit."""
        self._past: list[Purse] = []
        """Those of periods that are over, until the last call that began in them has ended."""

    def take(self, bounds: Sequence[Bound], demand: Demand, now_us: int) -> Reservation | None:
        """What a call needs, set aside on every level; None if the database has to be asked."""
        parts = []
        for bound in bounds:
            need = demand[bound.place]
            if not need:
                continue
            purse = self._purses.get(bound.limit.id)
            if purse is None or purse.bound is not bound or now_us >= purse.valid_until:
                purse = self._current(bound, now_us)
            if purse.is_busy or purse.free < need:
                return None
            parts.append((purse, need))
        for purse, need in parts:
            purse.take(need)
        return Reservation(parts)

    def remembers(self, bounds: Sequence[Bound], demand: Demand, now_us: int) -> None:
        """Raise Exhausted if the database has just refused as much."""
        for bound in bounds:
            purse = self._purses.get(bound.limit.id)
            short = purse and purse.refuses(demand[bound.place], now_us)
            if short:
                raise reached(bound, short, now_us)

    def ask(self, wanted: Sequence[Wanted], now_us: int) -> Exchange:
        """Begin an exchange for calls that need more than there is; their purses rest meanwhile."""
        places: dict[Window, int] = {}
        purses: list[Purse] = []
        asks = []
        for bounds, demand in wanted:
            needs = []
            for bound in bounds:
                if need := demand[bound.place]:
                    purse = self._current(bound, now_us)
                    place = places.setdefault(purse.window, len(purses))
                    if place == len(purses):
                        purse.is_busy = True
                        purses.append(purse)
                    needs.append((place, need))
            asks.append(Ask(tuple(needs)))
        return self._exchange(purses, asks)

    def round(self, now_us: int, *, keeps_all: bool = False) -> Exchange | None:
        """Begin an exchange that tells what was spent and gives back what lies idle."""
        due = []
        for purse in (*self._purses.values(), *self._past):
            pace = 0 if now_us >= purse.valid_until else _PACE * purse.taken
            if self._is_due(purse, pace, now_us):
                due.append(purse)
                if not keeps_all:
                    purse.free = min(purse.free, pace)
            purse.taken = 0
        return self._exchange(due, []) if due else None

    def complete(
        self, exchange: Exchange, answer: Answer, now_us: int
    ) -> list[Reservation | Exhausted]:
        """Take over what the database said; what became of each call that was asked for."""
        purses = [
            self._told(purse, part, told, now_us)
            for purse, part, told in zip(exchange.purses, exchange.parts, answer.told, strict=True)
        ]
        given = [
            self._given(purses, ask, verdict, now_us)
            for ask, verdict in zip(exchange.asks, answer.verdicts, strict=True)
        ]
        self._forget(now_us)
        return given

    def fail(self, exchange: Exchange) -> None:
        """Nobody knows what became of it: what was given back is not used, all is told again."""
        for purse in exchange.purses:
            purse.is_busy = False
            purse.is_leased = True
            purse.renewed_at = 0

    def left(self, bound: Bound, now_us: int) -> int:
        """What is left of a limit, as far as this process knows."""
        purse = self._purses.get(bound.limit.id)
        if purse is None:
            return bound.limit.amount
        back = 0
        if bound.is_bucket:
            back = max(0, now_us - purse.left_at) * bound.limit.amount // MINUTE_US
        return max(0, min(bound.limit.amount, purse.left + purse.free + back))

    def _current(self, bound: Bound, now_us: int) -> Purse:
        """The purse of the period a limit is in, for the limit as it is now."""
        start, end_us = bound.period(now_us)
        window = Window(bound.limit.id, start)
        purse = self._purses.get(bound.limit.id)
        if purse is None or purse.window != window:
            if purse is not None:
                self._past.append(purse)
            purse = self._purses[bound.limit.id] = Purse(bound, window, end_us)
        elif not purse.is_busy:
            if bound.limit.amount != purse.bound.limit.amount or now_us >= purse.valid_until:
                purse.free = 0  # it was leased on other terms
            purse.bound, purse.short = bound, None
        return purse

    def _is_due(self, purse: Purse, pace: int, now_us: int) -> bool:
        if purse.spent != purse.told or purse.free > pace:
            return True
        return purse.is_leased and now_us - purse.renewed_at >= self._lease_us // 3

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
                is_new=not purse.renewed_at,
                purse=purse.number,
            )
            for purse in purses
        ]
        return Exchange(parts, asks, purses)

    def _told(self, purse: Purse, part: Part, told: Told, now_us: int) -> Purse:
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
        purse.left, purse.left_at, purse.renewed_at = told.left, now_us, now_us
        if purse.bound.is_slots:
            purse.valid_until = now_us + self._lease_us
        return purse

    def _replaced(self, lost: Purse) -> Purse:
        """A purse in place of one whose calls were counted in full, and settle where none looks."""
        fresh = Purse(lost.bound, lost.window, lost.valid_until, lost.number + 1)
        if self._purses.get(lost.window.limit) is lost:
            self._purses[lost.window.limit] = fresh
        else:
            self._past = [purse for purse in self._past if purse is not lost]
        return fresh

    def _given(
        self, purses: Sequence[Purse], ask: Ask, verdict: Verdict | None, now_us: int
    ) -> Reservation | Exhausted:
        if verdict is not None:
            purse = purses[verdict.part]
            purse.short, purse.short_until = verdict.short, now_us + _REMEMBER_US
            return reached(purse.bound, verdict.short, now_us)
        parts = [(purses[at], need) for at, need in ask.needs]
        for purse, need in parts:
            purse.take(need)
        return Reservation(parts)

    def _forget(self, now_us: int) -> None:
        self._purses = {
            limit: purse
            for limit, purse in self._purses.items()
            if not purse.is_idle or purse.short_until > now_us
        }
        self._past = [purse for purse in self._past if not purse.is_idle]

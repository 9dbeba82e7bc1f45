"""Holds every call to its limits: sets aside what it may use at most, before it is recorded.

Most calls take from what this process has leased, which is arithmetic and waits for nothing. Those
that find too little wait together for one exchange with the database (`policy/limits/leases.py`).
While it does not answer, calls go on with what is leased and are refused beyond that.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

from gatebook.core.clock import SECOND_US, Clock, Moment
from gatebook.core.errors import Exhausted, GatebookError, Unavailable
from gatebook.gateway.rates import rates
from gatebook.gateway.snapshot import Snapshot
from gatebook.gateway.ways import Way
from gatebook.identity.identify import Principal
from gatebook.policy.limits.bounds import FOREVER_US, SPENT, Bound
from gatebook.policy.limits.demand import BY_TOKENS, NOTHING, Demand, fitted, worst
from gatebook.policy.limits.holding import Holding
from gatebook.policy.limits.leases import Leases
from gatebook.policy.limits.purse import Reservation
from gatebook.policy.limits.settings import LimitSettings
from gatebook.policy.limits.wallet import Exchange, Wallet
from gatebook.web.problem import Headers
from gatebook.web.tasks import Tasks

_LOG = logging.getLogger(__name__)

ROUND_SECONDS: Final = 1
"""How often what is spent is told, and what lies idle is given back."""

_AGAIN_US: Final = SECOND_US
"""A database that failed is not asked for more before that."""

_Given = Reservation | GatebookError


class _Waiting(NamedTuple):
    """A call that needs more than is leased."""

    bounds: Sequence[Bound]
    demand: Demand
    given: asyncio.Future[_Given]


class Allowance:
    """What this process may spend of every limit; lives on one event loop."""

    def __init__(
        self,
        leases: Leases,
        tasks: Tasks,
        *,
        settings: LimitSettings,
        wait_seconds: float,
        clock: Clock,
    ) -> None:
        """`wait_seconds` bounds the wait of a call for the database."""
        self._wallet = Wallet(lease_us=settings.lease_seconds * SECOND_US)
        self._leases = leases
        self._tasks = tasks
        self._settings = settings
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._turn = asyncio.Lock()
        """Held during an exchange: they reach the database in the order they were begun."""
        self._down_until = 0
        """By the clock that never goes back; for ever, while an exchange is overdue."""

    async def admit(
        self, snapshot: Snapshot, principal: Principal, way: Way
    ) -> tuple[Way, Holding]:
        """The way with the call as its limits let it leave, and what is set aside for it.

        Raises Refused for a call that cannot be held to them, Exhausted, Unavailable.
        """
        price = snapshot.prices.of(way.provider, way.call.model)
        bounds = snapshot.limits.of(principal)
        if not bounds.all:
            return way, Holding(price)
        if bounds.measures & BY_TOKENS:
            way = way._replace(call=fitted(way.call, way.provider, self._settings))
        most = worst(way.call, price, bounds.measures, self._settings)
        try:
            reservation = await self.reserve(bounds.all, most.demand)
        except Exhausted as error:
            if error.code == SPENT:
                error.status = self._settings.exhausted_status
            raise
        return way, Holding(price, bounds, most, reservation)

    async def reserve(self, bounds: Sequence[Bound], demand: Demand) -> Reservation:
        """What a call may use, set aside on every level; raises Exhausted or Unavailable."""
        at = Moment.of(self._clock)
        reservation = self._wallet.take(bounds, demand, at)
        if reservation is not None:
            return reservation
        self._wallet.remembers(bounds, demand, at)
        if at.monotonic_us < self._down_until:
            raise _unavailable()
        given: asyncio.Future[_Given] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(bounds, demand, given))
        if len(self._waiting) == 1:
            self._tasks.spawn(self._ask(), "asking for more of a limit")
        try:
            async with asyncio.timeout(self._wait_seconds):
                answer = await self._given(given)
        except TimeoutError:
            # The exchange itself is waited for: another one could overtake it in the database.
            self._down_until = FOREVER_US
            raise _unavailable() from None
        if isinstance(answer, GatebookError):
            raise answer
        return answer

    async def _given(self, given: asyncio.Future[_Given]) -> _Given:
        try:
            return await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():
                _return(given.result())
            raise

    async def give_back(self) -> None:
        """Tell what was spent, give back what lies idle, renew what is held; raises Unavailable."""
        # In a task of its own: an exchange that was begun is waited for, whoever is cut off.
        error = await asyncio.shield(self._tasks.spawn(self._round(), "telling what was spent"))
        if error is not None:
            raise error

    async def close(self) -> None:
        """Give everything back; for the end, when no call is under way."""
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self.give_back()  # keeps what is likely to be needed in the next second
                await self.give_back()
        except (Unavailable, TimeoutError) as error:
            _LOG.warning("what is leased counts as spent, it cannot be returned: %r", error)

    def rates(self, holding: Holding) -> Headers:
        """Headers that tell an agent what is left of its limits per minute, as far as is known."""
        at = Moment.of(self._clock)
        return rates(holding.bounds.buckets, lambda bound: self._wallet.left(bound, at), at.now_us)

    async def _round(self) -> Unavailable | None:
        async with self._turn:
            at = Moment.of(self._clock)
            exchange = self._wallet.round(at, keeps_all=at.monotonic_us < self._down_until)
            if exchange is None:
                return None
            try:
                await self._carry_out(exchange, at)
            except Unavailable as error:
                return error
            return None

    async def _ask(self) -> None:
        """Ask for all who wait by now."""
        async with self._turn:
            waiting, self._waiting = self._waiting, []
            waiting = [each for each in waiting if not each.given.done()]
            at = Moment.of(self._clock)
            exchange = self._wallet.ask([(each.bounds, each.demand) for each in waiting], at)
            given: Sequence[_Given] = [_unavailable() for _ in waiting]
            try:
                given = await self._carry_out(exchange, at)
            except Unavailable as error:
                _LOG.warning("limits cannot be asked for: %s: %s", error.code, error)
            finally:
                for each, answer in zip(waiting, given, strict=True):
                    if each.given.done():  # its agent has left
                        _return(answer)
                    else:
                        each.given.set_result(answer)

    async def _carry_out(self, exchange: Exchange, at: Moment) -> Sequence[_Given]:
        answer = None
        try:
            answer = await asyncio.to_thread(self._leases.exchange, exchange.parts, exchange.asks)
        finally:
            if answer is None:
                self._down_until = self._clock.monotonic_us() + _AGAIN_US
                self._wallet.fail(exchange)
        self._down_until = 0
        return self._wallet.complete(exchange, answer, at)


def _return(given: _Given) -> None:
    """Give back what was set aside for a call that nobody makes any more."""
    if isinstance(given, Reservation):
        given.settle(NOTHING)


def _unavailable() -> Unavailable:
    return Unavailable(
        "limits_unavailable",
        "What is left of a limit cannot be told now, so no call is made.",
        "Retry after a moment; the operator finds the reason in the database.",
        retry_after_seconds=1,
    )

"""What is stopped, and the calls under way that a stop cuts; what this process did is noted.

A stop is in force if the database says so, or an order lies in the folder of this machine that the
database has not heard of: so it works while the database is down, and neither the loss of a file
nor that of a row releases what the other one holds. What of both can be read is in force, whatever
became of the other; nobody who cannot look at both for long enough lets a call go on.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Protocol

from gatebook.control.commands.engage_stop import EngageStop
from gatebook.control.stoppable import subjects
from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import GatebookError, Refused, Tampered, Unavailable
from gatebook.gateway.book import Book, GivenUp
from gatebook.gateway.settings import GatewaySettings
from gatebook.gateway.snapshot import Snapshot, Snapshots
from gatebook.identity.directory import Directory, Stop
from gatebook.identity.identify import KeyRejected
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events.stop import StopApplied
from gatebook.policy.permit import suspended
from gatebook.policy.stops import KINDS, Stops, Target, name_of, refusal

_LOG = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.05
"""How often a gate looks for orders: a look costs 0.1 ms, and they shall be heard of in 1 s."""

NOTE_SECONDS: Final = 0.25
"""How often it looks whether there is something to note."""


class Orders(Protocol):
    """Where orders are that the database may not have heard of."""

    def pending(self) -> Mapping[str, EngageStop]:
        """Orders by the ids of their stops; may block. The same mapping while nothing changed.

        Raises Tampered if one is not of ours, and Unavailable if they cannot be looked for.
        """
        ...


class Cuttable(Protocol):
    """A call under way."""

    def stop(self, refusal: GatebookError) -> None: ...


class _Applied:
    """A stop since it is in force here."""

    def __init__(self, stop: Stop, at_us: int, delay_ms: int) -> None:
        self.stop = stop
        self.at_us = at_us
        self.delay_ms = delay_ms
        self.cut = 0
        self.ending = 0
        """Calls that were cut and have not left."""
        self.cut_ms = 0
        self.is_noted = False


class Stopping:
    """Lives on one event loop; `look` before anything is checked."""

    def __init__(
        self,
        orders: Orders,
        snapshots: Snapshots,
        book: Book,
        *,
        gateway: str,
        platform_log: str,
        settings: GatewaySettings,
        clock: Clock,
    ) -> None:
        """`gateway` is the name of this one."""
        self._orders = orders
        self._snapshots = snapshots
        self._book = book
        self._gateway = gateway
        self._platform_log = platform_log
        self._clock = clock
        self._stale_us = settings.snapshot_stale_seconds * SECOND_US
        self._has_looked = False
        self._confirmed_us = 0
        self.pending: Mapping[str, EngageStop] = {}
        """The orders that are in the folder of this machine."""
        self._snapshot = snapshots.current()
        self._stops = Stops()
        self._is_blind = False
        """An order cannot be read, so that everything is stopped."""
        self._is_unsure = False
        """Orders could not be looked for when last tried, so that no call begins."""
        self._is_late = False
        """That, or the state of the database, has been so for so long that no call goes on."""
        self._unknown: set[str] = set()
        """Orders that name nothing, as far as is known here."""
        self._applied: dict[str, _Applied] = {}
        self._under_way: dict[Cuttable, Target] = {}
        self._cut: dict[Cuttable, _Applied] = {}
        # Of its own: in the one that all share, calls of a database that hangs would be before it.
        self._eye = ThreadPoolExecutor(1, thread_name_prefix="stops")

    def close(self) -> None:
        """Look no more; whoever still looks is not waited for."""
        self._eye.shutdown(wait=False)

    def confirm(self) -> None:
        """Raise unless it is known what is stopped: Refused if everything is, else Unavailable."""
        if self._is_blind:
            raise _unreadable()
        if self._is_unsure or self._age_us > self._stale_us:
            raise Unavailable(
                "stops_unavailable",
                "Whether calls are stopped cannot be told now.",
                "Retry after a moment; the operator finds the reason in the gateway's words.",
                retry_after_seconds=1,
            )

    def check(self, target: Target) -> Target:
        """The target, if nothing stops it; raises Refused, and as `confirm` does."""
        self.confirm()
        stop = self._stops.meeting(target)
        if stop is not None:
            raise refusal(stop, self._directory)
        return target

    def permits(self, target: Target) -> bool:
        """Whether nothing stops it."""
        return not self._is_blind and self._stops.meeting(target) is None

    def enter(self, call: Cuttable, target: Target) -> None:
        """A call is about to leave, and may be cut from now on; raises as `check` does.

        What ended its permission while it waited for the book cuts it as well, and so does a state
        of the database that has become too old since: Unavailable.
        """
        self._snapshots.current()
        self.check(target)
        ended = self._ended(target)
        if ended is not None:
            raise ended
        self._under_way[call] = target

    def leave(self, call: Cuttable) -> None:
        """Nothing cuts the call any more: its reply is in, or it was cut."""
        self._under_way.pop(call, None)
        applied = self._cut.pop(call, None)
        if applied is not None:
            applied.ending -= 1
            applied.cut_ms = (self._clock.monotonic_us() - applied.at_us) // 1000

    def unrecorded(self) -> set[str]:
        """Stops in force here that the database has not heard of, as far as is known."""
        directory = self._directory
        return {id_ for id_, order in self.pending.items() if not order.is_recorded(directory)}

    def counts(self) -> dict[str, int]:
        """How many stops are in force here, by their kind; `unreadable` stops everything too."""
        counted = Counter(stop.kind for stop in self._in_force() if stop.kind in KINDS)
        return {**{kind: counted[kind] for kind in KINDS}, "unreadable": int(self._is_blind)}

    async def look(self) -> None:
        """Look what is stopped; what has begun since is in force, and cut, when this returns.

        Raises Unavailable if orders could not be looked for: what is known is in force then, too.
        """
        asked_us = self._clock.monotonic_us()
        is_blind, pending = False, self.pending
        failure: Unavailable | None = None
        try:
            loop = asyncio.get_running_loop()
            pending = await loop.run_in_executor(self._eye, self._orders.pending)
        except Tampered as error:
            is_blind = True
            if not self._is_blind:
                _LOG.critical("everything is stopped: %s", error)
        except Unavailable as error:
            is_blind, failure = self._is_blind, error
        snapshot = self._newest()
        is_new = pending is not self.pending or snapshot is not self._snapshot
        if is_new or is_blind != self._is_blind or not self._has_looked:
            self._say_withdrawn(pending)
            self.pending, self._snapshot, self._is_blind = pending, snapshot, is_blind
            self._apply()
        self._is_unsure = failure is not None
        if failure is None:
            self._has_looked, self._confirmed_us = True, asked_us
        self._cut_if_late()
        if failure is not None:
            raise failure

    async def note(self) -> None:
        """Write down what was done about stops that the book knows; raises Unavailable."""
        for applied in list(self._applied.values()):
            if applied.is_noted or applied.ending or applied.stop.id not in self._directory.stops:
                continue
            applied.is_noted = True
            event = StopApplied(
                stop=applied.stop.id,
                gateway=self._gateway,
                delay_ms=applied.delay_ms,
                cut=applied.cut,
                cut_ms=applied.cut_ms,
            )
            try:
                late = partial(self._came_late, applied)
                await self._book.record(self._log_of(applied.stop), event, late=late)
            except GivenUp:
                raise  # `late` is told what became of it
            except Unavailable:
                applied.is_noted = False
                raise

    @property
    def _age_us(self) -> int:
        """How long ago orders were looked for."""
        return self._clock.monotonic_us() - self._confirmed_us

    @property
    def _directory(self) -> Directory:
        return self._snapshot.directory

    def _newest(self) -> Snapshot:
        """The state that is known; an old one is better than none for what has to end."""
        try:
            return self._snapshots.current()
        except Unavailable:
            return self._snapshot

    def _apply(self) -> None:
        """Have in force what is to be, and cut what is under way and may not be."""
        stops = self._in_force()
        self._stops = Stops(stops)
        at_us, now_us = self._clock.monotonic_us(), self._clock.now_us()
        for stop in stops:
            if stop.id not in self._applied:
                delay_ms = (now_us - stop.engaged_at) // 1000  # below 0 if the clocks differ
                self._applied[stop.id] = applied = _Applied(stop, at_us, delay_ms)
                applied.is_noted = not self._has_looked  # in force before this process was
                what = f"{stop.kind} {name_of(stop, self._directory)}".rstrip()
                _LOG.warning("%s is in force: %s", stop.id, what)
        for call, target in list(self._under_way.items()):
            self._cut_if_stopped(call, target)
        self._say_unknown()

    def _in_force(self) -> list[Stop]:
        known = self._directory.stops
        stops = self._directory.engaged
        for id_, order in self.pending.items():
            if id_ not in known:
                stops += [each for each in _named(order, self._directory) if each.id not in known]
        return stops

    def _cut_if_stopped(self, call: Cuttable, target: Target) -> None:
        stop = self._stops.meeting(target)
        if stop is not None and call not in self._cut:
            self._cut[call] = applied = self._applied[stop.id]
            applied.cut += 1
            applied.ending += 1
        if self._is_blind:
            call.stop(_unreadable())
        elif stop is not None:
            call.stop(refusal(stop, self._directory))
        elif ended := self._ended(target):
            call.stop(ended)

    def _ended(self, target: Target) -> GatebookError | None:
        """Why a call that was permitted no longer is, though nobody stopped it."""
        key = self._directory.keys.get(target.key)
        if key is None:
            return None  # of a newer state than was looked at here
        if key.status == "revoked":
            return KeyRejected("revoked", key_id=key.id)
        agent = self._directory.agents[key.agent_id]
        return suspended(agent, self._directory.organizations[agent.organization_id])

    def _cut_if_late(self) -> None:
        """Let nothing go on that may have been stopped for long, without a word of it here."""
        was_late = self._is_late
        self._is_late = max(self._age_us, self._snapshots.age_us) > self._stale_us
        if self._is_late and not was_late:
            _LOG.error("calls under way are cut: whether they are stopped cannot be told any more")
            for call in list(self._under_way):
                call.stop(_too_old())

    def _say_unknown(self) -> None:
        unknown = {
            id_
            for id_, order in self.pending.items()
            if id_ not in self._directory.stops and not order.parts(self._directory)
        }
        for id_ in unknown - self._unknown:
            order = self.pending[id_]
            _LOG.warning("%s stops nothing: no %s %s is known", id_, order.kind, order.name)
        self._unknown = unknown

    def _say_withdrawn(self, pending: Mapping[str, EngageStop]) -> None:
        """An order is taken away once the database has it; before that somebody else did."""
        for id_ in self.unrecorded() - self._unknown:
            if id_ not in pending:
                _LOG.error("%s is no longer in force: its order is gone, and not in the book", id_)

    def _log_of(self, stop: Stop) -> str:
        if stop.organization_id is None:
            return self._platform_log
        return self._snapshots.current().tenants[stop.organization_id].log

    def _came_late(self, applied: _Applied, answer: Receipt | GatebookError) -> None:
        applied.is_noted = isinstance(answer, Receipt)


def _unreadable() -> Refused:
    return Refused("stop_unreadable", "All calls are stopped.", "Ask the operator.")


def _too_old() -> Unavailable:
    return Unavailable(
        "stops_unavailable",
        "Whether the call was stopped cannot be told any more.",
        "It may have been executed; look before sending it again.",
    )


def _named(order: EngageStop, directory: Directory) -> list[Stop]:
    """What an order stops; if it is not clear which of several, all of them."""
    return [
        Stop(
            id=part.stop,
            organization_id=organization.id if organization else None,
            kind=part.kind,
            subject=subject,
            engaged_at=part.engaged_at,
        )
        for part in order.parts(directory)
        for organization, subject in subjects(directory, part.kind, part.name, part.organization)
    ]

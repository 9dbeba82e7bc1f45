"""The ledger as the gate uses it: `await record(...)` returns once the entry is durable.

The ledger's writer is a thread. A whole group of receipts comes back by one wake-up of the event
loop, and one timer watches all who wait: per entry this costs a future and two queue operations.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import GatebookError, Unavailable
from gatebook.gateway.histogram import LOCAL_US, Histogram
from gatebook.ledger.append import Draft
from gatebook.ledger.attempt import Outcome, Receipt
from gatebook.ledger.events import Event

_LOG = logging.getLogger(__name__)

Late = Callable[[Receipt | GatebookError], None]
"""Told what became of an entry after its author had stopped waiting."""

Announce = Callable[[list[Outcome]], None]
"""How the writer gives its answers, from its own thread."""

_Answer = Receipt | GatebookError
_DOUBT_US: Final = 10 * SECOND_US
"""How long a failure is held against the book: where it keeps calls away, none tries it again."""

_SLOW: Final = Unavailable("ledger_slow", "The ledger did not answer in time.")


class GivenUp(Unavailable):
    """Whether the entry becomes durable is open: `late` is told."""


class Writer(Protocol):
    """What is used of `ledger.append.Writer`."""

    def start(self) -> None: ...
    def submit(self, drafts: Sequence[Draft[Any]]) -> None: ...
    def close(self) -> None: ...


class Book:
    """Lives on one event loop; `open_writer` makes the writer that answers to `announce`."""

    def __init__(
        self,
        open_writer: Callable[[Announce], Writer],
        *,
        timeout_seconds: float,
        clock: Clock,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._drafts: list[Draft[Any]] = []
        self._waiting: deque[tuple[float, asyncio.Future[_Answer]]] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._trouble = ""
        self._failed_us = 0
        self.times = Histogram(LOCAL_US)
        """How long entries took from being handed over to being answered."""
        self._writer = open_writer(self._announce)
        self._writer.start()

    @property
    def waiting(self) -> int:
        """Entries that were handed over and are not answered."""
        return sum(not future.done() for _, future in self._waiting)

    @property
    def trouble(self) -> str:
        """Why the last entry was not recorded; empty if it was, or if that is a while ago."""
        is_recent = self._clock.monotonic_us() - self._failed_us < _DOUBT_US
        return self._trouble if is_recent else ""

    async def record(self, log: str, event: Event, late: Late | None = None) -> Receipt:
        """The receipt of `event`, durable in `log`; raises Unavailable `audit_unavailable`.

        After the timeout that is GivenUp: `late` is told later, as it is if its author is cut off.
        """
        future: asyncio.Future[_Answer] = self._loop.create_future()
        if not self._drafts:
            # What becomes ready in one turn of the loop goes to the writer together, and so into
            # one commit: handed over singly, the first would be committed alone.
            self._loop.call_soon(self._hand_over, 0)
        self._drafts.append(Draft(log, event, (future, late)))
        began_us = self._clock.monotonic_us()
        self._waiting.append((self._loop.time() + self._timeout_seconds, future))
        if self._alarm is None:
            self._alarm = self._loop.call_later(self._timeout_seconds, self._expire)
        answer = await future
        self.times.add(self._clock.monotonic_us() - began_us)
        if isinstance(answer, Receipt):
            if self._trouble:
                self._trouble = ""
                _LOG.info("entries are recorded again")
            return answer
        self._say(answer)
        error = _unrecorded(answer)
        if answer is _SLOW:
            error = GivenUp(error.code, error.detail, error.hint, retry_after_seconds=1)
        raise error from answer

    def note(self, log: str, event: Event) -> None:
        """Queue an entry that nobody waits for."""
        try:
            self._writer.submit([Draft(log, event, None)])
        except Unavailable as error:
            _LOG.warning("an entry was not recorded: %s", error.code)

    async def close(self) -> None:
        """Write what is queued, close the streams and end the writer."""
        await self._loop.run_in_executor(None, self._writer.close)
        if self._alarm is not None:
            self._alarm.cancel()

    def _say(self, why: GatebookError) -> None:
        """Log why entries are not recorded, once until that changes; agents are told to ask."""
        self._failed_us = self._clock.monotonic_us()
        if why.code != self._trouble:
            self._trouble = why.code
            _LOG.error("entries are not recorded: %s: %s", why.code, why)

    def _hand_over(self, seen: int) -> None:
        """Hand over once a turn of the loop has passed in which nobody else came."""
        if len(self._drafts) > seen:
            self._loop.call_soon(self._hand_over, len(self._drafts))
            return
        drafts, self._drafts = self._drafts, []
        self._submit(drafts)

    def _submit(self, drafts: list[Draft[Any]]) -> None:
        """Hand over all, or as many as there is room for."""
        try:
            self._writer.submit(drafts)
        except Unavailable as error:
            if len(drafts) == 1:
                self._resolve([(drafts[0].ticket, error)])
                return
            for draft in drafts:
                self._submit([draft])

    def _announce(self, outcomes: list[Outcome]) -> None:
        """Called from the writer's thread."""
        self._loop.call_soon_threadsafe(self._resolve, outcomes)

    def _resolve(self, outcomes: list[Outcome]) -> None:
        for (future, late), answer in outcomes:
            if not future.done():
                future.set_result(answer)
            elif late is not None:
                late(answer)
        waiting = self._waiting
        while waiting and waiting[0][1].done():
            waiting.popleft()

    def _expire(self) -> None:
        now = self._loop.time()
        waiting = self._waiting
        while waiting and (waiting[0][0] <= now or waiting[0][1].done()):
            _, future = waiting.popleft()
            if not future.done():
                future.set_result(_SLOW)
        self._alarm = None
        if waiting:
            self._alarm = self._loop.call_at(waiting[0][0], self._expire)


def _unrecorded(cause: GatebookError) -> Unavailable:
    return Unavailable(
        "audit_unavailable",
        f"The call could not be recorded, so it was not made ({cause.code}).",
        "Retry after a moment; the operator finds the reason in the gateway's words.",
        retry_after_seconds=1,
    )

"""Calls are refused once an entry of ours has waited too long for the notary's signature.

Until then whoever can write the database alone can make it vanish together with this process. So
what was committed is remembered here and what is signed is asked of the notary: a database in such
hands has no say in it, and a row of `runs` is made up as easily as one of `entries` is deleted.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import GatebookError, Unavailable
from gatebook.ledger.settings import LedgerSettings

_LOG = logging.getLogger(__name__)

_LOOKS: Final = 10
"""Looks within the limit at the least, so that a small one is kept as well as a large one."""

_MARKS: Final = 20
"""Entries of a stream that were committed within a twentieth of the limit wait as one."""

_Stream = tuple[str, str]


class _Mark(NamedTuple):
    """Entries of a stream up to a number, none of them committed before a time."""

    since_us: int
    sq: int


class Unsigned:
    """What this process has committed and the notary has not signed; lives on one event loop."""

    def __init__(
        self,
        committed: Callable[[], Mapping[_Stream, int]],
        reach: Callable[[str, str], int],
        *,
        settings: LedgerSettings,
        clock: Clock,
    ) -> None:
        """`committed` gives the last numbers of streams, by log and id, that went on since asked.

        `reach` gives how many entries of a stream are signed; may block, and raises GatebookError.
        """
        self._committed = committed
        self._reach = reach
        self._clock = clock
        self._limit_us = settings.stall_seconds * SECOND_US
        self._pause_seconds = min(1, settings.stall_seconds / _LOOKS)
        self._marks: dict[_Stream, deque[_Mark]] = {}
        self._looked_us = self._signed_us = clock.monotonic_us()

    def check(self, now_us: int) -> None:
        """Raise Unavailable if an entry has waited longer than the limit; `now_us` is monotonic."""
        if now_us - self._signed_us > self._limit_us:
            raise Unavailable(
                "log_stalled",
                "Entries wait too long for their place in the signed log, so no call is made.",
                "Retry after a moment; the operator finds the reason in the integrator's words.",
                retry_after_seconds=1,
            )

    async def look(self) -> None:
        """Look what was committed, and ask how far it is signed once half the limit is over.

        Raises GatebookError if the notary does not say; what waits has not become younger then.
        """
        asked_us = self._clock.monotonic_us()
        self._remember()
        self._looked_us = asked_us
        due_us = asked_us - self._limit_us // 2
        due = [each for each, marks in self._marks.items() if marks[0].since_us <= due_us]
        counts = await asyncio.to_thread(self._ask, due) if due else {}
        for stream, count in counts.items():
            self._take_off(stream, count)
        waiting = (marks[0].since_us for marks in self._marks.values())
        self._signed_us = min(waiting, default=asked_us)

    async def follow(self) -> None:
        """Keep looking, for ever, and say when calls are refused and when no more."""
        said = ""
        while True:
            await asyncio.sleep(self._pause_seconds)
            try:
                await self.look()
            except GatebookError as error:
                _LOG.warning("how far the log is signed cannot be told: %s", error)
            said = self._say(said)

    def _remember(self) -> None:
        """Mark what was committed since the last look, as if all of it was committed at that look.

        So nothing is taken for younger than it is.
        """
        for stream, sq in self._committed().items():
            marks = self._marks.setdefault(stream, deque())
            if marks and self._looked_us - marks[-1].since_us < self._limit_us // _MARKS:
                marks[-1] = marks[-1]._replace(sq=sq)
            else:
                marks.append(_Mark(self._looked_us, sq))

    def _ask(self, streams: Sequence[_Stream]) -> dict[_Stream, int]:
        return {stream: self._reach(*stream) for stream in streams}

    def _take_off(self, stream: _Stream, count: int) -> None:
        """Take off the marks of what is signed."""
        marks = self._marks[stream]
        while marks and marks[0].sq < count:
            marks.popleft()
        if not marks:
            del self._marks[stream]

    def _say(self, said: str) -> str:
        """Log why calls are refused, once until it changes."""
        try:
            self.check(self._clock.monotonic_us())
        except Unavailable as error:
            if not said:
                _LOG.error("calls are refused: %s", error)
            return error.code
        if said:
            _LOG.info("calls are taken again")
        return ""

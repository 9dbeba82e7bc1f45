"""Calls are refused once an entry of ours has waited too long for the notary's signature.

Until then whoever can write the database alone can make it vanish together with this process. So
what was committed is remembered here and what is signed is asked of the notary: a database in such
hands has no say in it, and a row of `runs` is made up as easily as one of `entries` is deleted.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import Unavailable
from gatebook.ledger.settings import LedgerSettings

_LOG = logging.getLogger(__name__)

_LOOKS: Final = 10
"""Looks within the limit at the least, so that a small one is kept as well as a large one."""

_ASK_SECONDS: Final = 10
"""How long an entry waits before the notary is asked about it, or for half the limit if that is
less: a notary that is well has signed it by then, so that an age beyond it means something."""

_MARKS: Final = 5
"""Entries of a stream that were committed within a fifth of that time wait as one."""

_REFUSED: Final = (logging.ERROR, "calls are refused: entries wait too long to be signed")
_TAKEN: Final = (logging.INFO, "calls are taken again")

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
        self._ask_us = min(_ASK_SECONDS * SECOND_US, self._limit_us // 2)
        self.pause_seconds = min(1, settings.stall_seconds / _LOOKS)
        """How long to wait between two looks."""
        self._marks: dict[_Stream, deque[_Mark]] = {}
        self._looked_us = self._signed_us = clock.monotonic_us()
        self._says_so = False

    @property
    def age_us(self) -> int:
        """How long the oldest entry may have waited for its signature."""
        return self._clock.monotonic_us() - self._signed_us

    def check(self, now_us: int) -> None:
        """Raise Unavailable if an entry has waited longer than the limit; `now_us` is monotonic."""
        if now_us - self._signed_us > self._limit_us:
            raise Unavailable(
                "log_stalled",
                "Entries wait too long for their place in the signed log, so no call is made.",
                "Retry after a moment; the operator looks what integrator and notary do and say.",
                retry_after_seconds=1,
            )

    async def look(self) -> None:
        """Look what was committed, and ask how far it is signed once it has waited a while.

        Raises GatebookError if the notary does not say; what waits has not become younger then.
        """
        asked_us = self._clock.monotonic_us()
        self._remember()
        self._looked_us = asked_us
        due_us = asked_us - self._ask_us
        due = [each for each, marks in self._marks.items() if marks[0].since_us <= due_us]
        try:
            for stream in due:
                self._take_off(stream, await asyncio.to_thread(self._reach, *stream))
        finally:
            waiting = (marks[0].since_us for marks in self._marks.values())
            self._signed_us = min(waiting, default=asked_us)
            self._say()

    def _remember(self) -> None:
        """Mark what was committed since the last look, as if all of it was committed at that look.

        So nothing is taken for younger than it is.
        """
        for stream, sq in self._committed().items():
            marks = self._marks.setdefault(stream, deque())
            if marks and self._looked_us - marks[-1].since_us < self._ask_us // _MARKS:
                marks[-1] = marks[-1]._replace(sq=sq)
            else:
                marks.append(_Mark(self._looked_us, sq))

    def _take_off(self, stream: _Stream, count: int) -> None:
        """Take off the marks of what is signed."""
        marks = self._marks[stream]
        while marks and marks[0].sq < count:
            marks.popleft()
        if not marks:
            del self._marks[stream]

    def _say(self) -> None:
        """Log that calls are refused, and that they are taken again."""
        waits = self._clock.monotonic_us() - self._signed_us > self._limit_us
        if waits != self._says_so:
            _LOG.log(*(_REFUSED if waits else _TAKEN))
        self._says_so = waits

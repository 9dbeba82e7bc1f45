"""One process that has to run, and what became of those that held its place before."""

import logging
import signal
from collections.abc import Callable
from typing import Final

from gatebook.app.child import Child
from gatebook.core.clock import SECOND_US

_LOG: Final = logging.getLogger("supervisor")

_SOUND_AFTER_US: Final = 60 * SECOND_US
_BACK_OFF_SECONDS: Final = (0, 1, 2, 5, 10, 30)
_END_SECONDS: Final = 5
"""How long a process that has let go of its line may still take to be gone."""


class Post:
    """Filled by one child after the other."""

    def __init__(self, name: str, begin: Callable[[], Child]) -> None:
        self.name = name
        self.child: Child | None = None
        self.was_ready = False
        self.due_us = 0
        self.failures = 0
        self._begin = begin
        self._started_us = 0

    def fill(self, now_us: int) -> None:
        """Start a child if none runs and one is due."""
        if self.child is None and self.due_us <= now_us:
            self.child = self._begin()
            self._started_us = now_us

    def bury(self, now_us: int) -> int:
        """Note down that the child has ended, and when to start the next; its exit code."""
        code = self.child.stop(_END_SECONDS) if self.child else 0
        lived_us = now_us - self._started_us
        self.failures = 1 if lived_us > _SOUND_AFTER_US else self.failures + 1
        pause = _BACK_OFF_SECONDS[min(self.failures, len(_BACK_OFF_SECONDS)) - 1]
        self.child, self.due_us = None, now_us + pause * SECOND_US
        _LOG.warning("%s ended (%s); starting it again in %s s", self.name, say(code), pause)
        return code

    def stop(self, seconds: float) -> None:
        """Have the child end, if need be by force."""
        if self.child is not None:
            code = self.child.stop(seconds)
            self.child = None
            told = code in (0, -signal.SIGTERM)
            _LOG.info("%s ended%s", self.name, "" if told else f" ({say(code)})")


def say(code: int) -> str:
    """An exit code in words."""
    return signal.Signals(-code).name if code < 0 else f"code {code}"

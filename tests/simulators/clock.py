"""A clock that a test sets."""

from gatebook.core.clock import SECOND_US

NOON_US = 1_795_089_600 * SECOND_US
"""2026-11-19T12:00:00Z."""


class SetClock:
    """Stands still until a test moves it; the time of day may also be set back."""

    def __init__(self, now_us: int = NOON_US) -> None:
        self._now_us = now_us
        self._monotonic_us = 0

    def now_us(self) -> int:
        """Microseconds since the Unix epoch."""
        return self._now_us

    def monotonic_us(self) -> int:
        """Microseconds since the clock was made."""
        return self._monotonic_us

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now_us += int(seconds * SECOND_US)
        self._monotonic_us += int(seconds * SECOND_US)

    def set_time_of_day(self, now_us: int) -> None:
        """Set the time of day without time passing."""
        self._now_us = now_us

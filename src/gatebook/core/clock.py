"""The only source of time, injected everywhere so that a test can stop it.

Times are integer microseconds since the Unix epoch (UTC); text is RFC 3339 with six decimals.
"""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SECOND_US = 1_000_000


class Clock(Protocol):
    """Tells the time of day and measures durations."""

    def now_us(self) -> int:
        """Microseconds since the Unix epoch; may step when the host's clock is set."""
        ...

    def monotonic_us(self) -> int:
        """Microseconds since an arbitrary start; never goes back."""
        ...


class Moment(NamedTuple):
    """One moment on both faces of a clock: which day it is, and how long something has been."""

    now_us: int
    monotonic_us: int

    @classmethod
    def of(cls, clock: Clock) -> "Moment":
        """What a clock says now."""
        return cls(clock.now_us(), clock.monotonic_us())


class SystemClock:
    """The host's clock."""

    def now_us(self) -> int:
        """Microseconds since the Unix epoch."""
        return time.time_ns() // 1000

    def monotonic_us(self) -> int:
        """Microseconds since boot."""
        return time.monotonic_ns() // 1000


def to_text(at_us: int) -> str:
    """`2026-11-20T12:34:56.789012Z` for a time in microseconds (RFC 3339, always six decimals)."""
    seconds, micros = divmod(at_us, SECOND_US)
    return f"{_to_the_second(seconds)}.{micros:06d}Z"


def from_text(text: str) -> int:
    """Microseconds for a text made by `to_text`; raises ValueError for any other form."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    at_us = (moment - _EPOCH) // timedelta(microseconds=1)
    if to_text(at_us) != text:
        raise ValueError(f"not a time of the form 2026-11-20T12:34:56.789012Z: {text!r}")
    return at_us


@lru_cache(maxsize=4)
def _to_the_second(seconds: int) -> str:
    """Entries are written and read in the order of time, so one second serves many of them."""
    t = time.gmtime(seconds)
    return f"{t[0]:04d}-{t[1]:02d}-{t[2]:02d}T{t[3]:02d}:{t[4]:02d}:{t[5]:02d}"

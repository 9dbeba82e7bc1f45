"""Windows of time as scopes are written in them: `mon-fri 08:00-18:00 Europe/Zurich`.

Days and times are those that a clock on the wall shows there, also when it is set forward or back:
an hour that comes twice is twice within a window, one that is left out is not. A window that ends
before it begins, such as `fri 22:00-06:00`, ends on the day after.
"""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from gatebook.core.clock import SECOND_US

ALWAYS: Final = "mon-sun 00:00-24:00 UTC"

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = "|".join(_DAYS)
_SPAN: Final = f"(?:{_DAY})(?:-(?:{_DAY}))?"
_TIME: Final = r"(?:[01]\d|2[0-3]):[0-5]\d|24:00"
_FORM: Final = re.compile(rf"({_SPAN}(?:,{_SPAN})*) ({_TIME})-({_TIME}) ([A-Za-z0-9_+/-]+)")
_DAY_MINUTES: Final = 24 * 60


class Hours(NamedTuple):
    """A window of time on some days of each week; times are minutes of the day."""

    days: frozenset[int]
    begin: int
    end: int
    zone: tzinfo

    def hold(self, now_us: int) -> bool:
        """Whether that time is within the window."""
        there = datetime.fromtimestamp(now_us // SECOND_US, self.zone)
        day, minute = there.weekday(), there.hour * 60 + there.minute
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        began_today = day in self.days and minute >= self.begin
        began_before = (day - 1) % 7 in self.days and minute < self.end
        return began_today or began_before

    @property
    def is_always(self) -> bool:
        """Whether there is no time outside."""
        return len(self.days) == len(_DAYS) and self.end - self.begin == _DAY_MINUTES


def read_hours(text: str) -> Hours | None:
    """The window that a text means; None if it means none, or in a zone that is not known here."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    begin, end, zone = _minutes(match[2]), _minutes(match[3]), _zone(match[4])
    if begin in (end, _DAY_MINUTES) or zone is None:
        return None
    return Hours(_days(match[1]), begin, end, zone)


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for span in text.split(","):
        first, _, last = span.partition("-")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        found.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(found)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _zone(name: str) -> tzinfo | None:
    if name == "UTC":  # known also where there is no database of zones
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, not a name, or a folder of names
        return None

"""Windows of time are those of a clock on the wall, whatever is done to it twice a year."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gatebook.core.clock import SECOND_US
from gatebook.policy.hours import ALWAYS, read_hours

OFFICE = "mon-fri 08:00-18:00 Europe/Zurich"
NIGHT = "fri,sat 22:00-06:00 Europe/Zurich"


def at(text: str, zone: str = "Europe/Zurich", *, fold: int = 0) -> int:
    """Microseconds of what a clock there shows; `fold` is 1 for the second time it does."""
    there = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(there.timestamp()) * SECOND_US


def holds(window: str, now_us: int) -> bool:
    hours = read_hours(window)
    assert hours is not None
    return hours.hold(now_us)


@pytest.mark.parametrize(
    ("moment", "is_within"),
    [
        ("2026-11-27T08:00:00", True),  # a Friday
        ("2026-11-27T07:59:59", False),
        ("2026-11-27T17:59:59", True),
        ("2026-11-27T18:00:00", False),
        ("2026-11-28T12:00:00", False),
        ("2026-11-30T12:00:00", True),
    ],
)
def test_a_window_begins_with_its_first_minute_and_ends_before_its_last(
    moment: str, is_within: bool
) -> None:
    assert holds(OFFICE, at(moment)) is is_within


@pytest.mark.parametrize(
    ("moment", "is_within"),
    [
        ("2026-11-27T21:59:00", False),
        ("2026-11-27T22:00:00", True),  # Friday's begins
        ("2026-11-28T05:59:00", True),
        ("2026-11-28T06:00:00", False),
        ("2026-11-29T05:59:00", True),  # Saturday's is still on
        ("2026-11-29T23:00:00", False),  # Sunday has none
        ("2026-11-27T05:00:00", False),  # nor has Thursday
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_begins_on(
    moment: str, is_within: bool
) -> None:
    assert holds(NIGHT, at(moment)) is is_within


def test_a_window_keeps_to_the_wall_when_the_clocks_are_set() -> None:
    """Zurich is at UTC+1 in winter and UTC+2 in summer."""
    for day, utc_hour in (("2026-03-27", 7), ("2026-03-30", 6), ("2026-10-26", 7)):
        opens = datetime.fromisoformat(f"{day}T{utc_hour:02d}:00:00").replace(tzinfo=UTC)
        now_us = int(opens.timestamp()) * SECOND_US
        assert holds(OFFICE, now_us)
        assert not holds(OFFICE, now_us - SECOND_US)


def test_an_hour_that_comes_twice_is_within_twice() -> None:
    window = "sun 02:00-03:00 Europe/Zurich"  # 25 October 2026: 02:00 to 03:00 comes twice
    assert holds(window, at("2026-10-25T02:30:00"))
    assert holds(window, at("2026-10-25T02:30:00", fold=1))
    assert at("2026-10-25T02:30:00", fold=1) - at("2026-10-25T02:30:00") == 3600 * SECOND_US


def test_an_hour_that_is_left_out_does_not_come() -> None:
    """29 March 2026: the clocks go from 02:00 to 03:00."""
    window = "sun 02:00-03:00 Europe/Zurich"
    begin = at("2026-03-29T00:00:00")
    assert not any(holds(window, begin + minute * 60 * SECOND_US) for minute in range(300))


@pytest.mark.parametrize(
    ("days", "found"),
    [
        ("mon", {0}),
        ("mon-wed", {0, 1, 2}),
        ("sat-mon", {5, 6, 0}),
        ("tue,thu-fri", {1, 3, 4}),
        ("mon-sun", set(range(7))),
    ],
)
def test_days_are_listed_and_spanned(days: str, found: set[int]) -> None:
    hours = read_hours(f"{days} 10:00-11:00 UTC")
    assert hours is not None
    assert hours.days == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mon-fri 08:00-18:00",
        "mon-fri 8:00-18:00 UTC",
        "mon-fri 08:00-18:60 UTC",
        "mon-fri 08:00-25:00 UTC",
        "mon-fri 08:00-08:00 UTC",  # all day, or never?
        "mon-fri 24:00-08:00 UTC",
        "mon-tag 08:00-18:00 UTC",
        "mon 08:00-18:00 Mars/Base",
        "mon 08:00-18:00 ../UTC",
        "mon 08:00-18:00 /etc/localtime",
        "mon 08:00-18:00 Europe",
        "mon 08:00-18:00 UTC\n",
    ],
)
def test_what_is_no_window_is_none(text: str) -> None:
    assert read_hours(text) is None


def test_always_leaves_nothing_out_and_says_so() -> None:
    always = read_hours(ALWAYS)
    office = read_hours(OFFICE)
    assert always is not None
    assert office is not None
    assert always.is_always
    assert not office.is_always
    begin = at("2026-11-23T00:00:00")
    assert all(always.hold(begin + hour * 3600 * SECOND_US) for hour in range(7 * 24))

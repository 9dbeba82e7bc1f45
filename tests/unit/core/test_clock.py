"""Times are whole microseconds, and their text has one form."""

import pytest

from gatebook.core.clock import SystemClock, from_text, to_text


@pytest.mark.parametrize(
    ("at_us", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_795_091_696_789_012, "2026-11-19T12:34:56.789012Z"),
        (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"),
        (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_time_has_one_text_and_a_text_one_time(at_us: int, text: str) -> None:
    assert to_text(at_us) == text
    assert from_text(text) == at_us


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T12:34:56Z",
        "2026-11-20T12:34:56.789Z",
        "2026-11-20T12:34:56.7890120Z",
        "2026-11-20 12:34:56.789012Z",
        "2026-11-20T12:34:56.789012+00:00",
        "2026-11-20T12:34:56.789012z",
        "2026-11-20T24:00:00.000000Z",
        "2026-11-20T12:34:60.000000Z",
        "2026-02-30T12:34:56.789012Z",
        "2026-1-02T12:34:56.789012Z",
        "\u0662026-11-20T12:34:56.789012Z",
        " 2026-11-20T12:34:56.789012Z",
        "2026-11-20T12:34:56.789012Z\n",
        "",
    ],
)
def test_any_other_form_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):
        from_text(text)


def test_durations_never_go_back() -> None:
    clock = SystemClock()
    times = [clock.monotonic_us() for _ in range(1000)]
    assert times == sorted(times)


def test_the_time_of_day_lies_after_this_was_written() -> None:
    assert SystemClock().now_us() > from_text("2026-11-01T00:00:00.000000Z")

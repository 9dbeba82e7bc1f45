"""What processes say is one line each, whatever is in it."""

import logging
import re

import pytest

from gatebook.app.log_lines import one_line


def lines_of(message: str, *args: object, error: BaseException | None = None) -> list[str]:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("x", logging.INFO, __file__, 1, message, args, info)
    return one_line("gateway").format(record).splitlines()


def test_a_line_says_when_how_bad_who_and_what() -> None:
    (line,) = lines_of("ready at %s", "http://127.0.0.1")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO    gateway     ready at http://127.0.0.1", line
    )


def test_a_traceback_stays_on_its_line() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    (line,) = lines_of("failed", error=caught.value)
    assert "ZeroDivisionError: division by zero" in line


@pytest.mark.parametrize("evil", ["a\nb", "a\r\nb", "\x1b[2J", "\u2028", "\x85"])
def test_nothing_can_begin_a_line_or_move_the_cursor(evil: str) -> None:
    lines = lines_of("user said %s", evil)
    assert len(lines) == 1
    assert all(char.isprintable() for char in lines[0])

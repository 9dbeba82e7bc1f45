"""What ends is started again, at first at once and then less and less often."""

from typing import Any

import pytest

from gatebook.app.post import Post, say
from gatebook.core.clock import SECOND_US

HOUR_US = 3600 * SECOND_US


class HandChild:
    """A child that has ended with a code, or ends with it when it is told to."""

    def __init__(self, code: int) -> None:
        self.code = code

    def stop(self, seconds: float) -> int:
        """See app.child.Child."""
        return self.code


def post(code: int = 1) -> Post:
    child: Any = HandChild(code)
    return Post("gateway", lambda: child)


def test_a_child_is_started_when_it_is_due_and_there_is_none() -> None:
    place = post()
    place.fill(HOUR_US)
    first = place.child
    place.fill(HOUR_US)
    assert place.child is first
    place.due_us = 2 * HOUR_US
    place.child = None
    place.fill(HOUR_US)
    assert place.child is None


def test_who_fails_again_and_again_is_waited_for_longer_and_not_for_ever() -> None:
    place, now_us, pauses = post(), HOUR_US, []
    for _ in range(8):
        place.fill(now_us)
        assert place.bury(now_us) == 1
        pauses.append((place.due_us - now_us) // SECOND_US)
        now_us = place.due_us
    assert pauses == [0, 1, 2, 5, 10, 30, 30, 30]


def test_who_lived_for_a_while_is_started_at_once() -> None:
    place, now_us = post(), HOUR_US
    for _ in range(4):
        place.fill(now_us)
        place.bury(now_us)
        now_us = place.due_us
    place.fill(now_us)
    place.bury(now_us + HOUR_US)
    assert place.due_us == now_us + HOUR_US


@pytest.mark.parametrize(
    ("code", "said"), [(0, "ended"), (-15, "ended"), (1, "(code 1)"), (-9, "(SIGKILL)")]
)
def test_how_one_ended_that_was_told_to_is_said_unless_it_did_as_told(
    caplog: pytest.LogCaptureFixture, code: int, said: str
) -> None:
    caplog.set_level("INFO")
    place = post(code)
    place.stop(1)
    assert caplog.messages == []
    place.fill(0)
    place.stop(1)
    assert place.child is None
    assert caplog.messages[0].endswith(said)


def test_an_exit_code_is_said_in_words() -> None:
    assert (say(78), say(-11)) == ("code 78", "SIGSEGV")

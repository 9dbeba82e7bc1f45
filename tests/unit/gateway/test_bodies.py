"""Bodies that are held count together, from their first byte to the end of their call."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from gatebook.core.errors import Unavailable
from gatebook.gateway.bodies import Bodies, Hold
from gatebook.web.body import Receive


def saying(*parts: bytes) -> Receive:
    """A peer that sends these parts of a body and leaves."""
    left = list(parts)

    async def receive() -> MutableMapping[str, Any]:
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": True}

    return receive


async def test_what_is_held_counts_until_the_call_ends() -> None:
    bodies = Bodies(10, spare=0)
    hold = Hold(bodies, saying(b"abc", b"de"))
    assert bodies.held == 0
    assert (await hold.receive())["body"] == b"abc"
    assert bodies.held == 3
    await hold.receive()
    assert (await hold.receive())["type"] == "http.disconnect"
    assert bodies.held == 5
    hold.release()
    assert bodies.held == 0


async def test_a_part_for_which_there_is_no_room_is_not_taken() -> None:
    bodies = Bodies(10, spare=0)
    other, hold = Hold(bodies, saying(b"a" * 6)), Hold(bodies, saying(b"b" * 4, b"c", b"c"))
    await other.receive()
    await hold.receive()
    with pytest.raises(Unavailable) as caught:
        await hold.receive()
    assert (caught.value.code, caught.value.retry_after_seconds) == ("gate_busy", 1)
    assert bodies.held == 10
    other.release()
    await hold.receive()
    assert bodies.held == 5


async def test_a_request_without_a_body_needs_no_room() -> None:
    bodies = Bodies(1, spare=0)
    other, hold = Hold(bodies, saying(b"a")), Hold(bodies, saying(b""))
    await other.receive()
    assert (await hold.receive())["body"] == b""


async def test_requests_leave_room_for_a_reply() -> None:
    """A call without room for its reply was made, and paid for, in vain."""
    bodies = Bodies(10, spare=4)
    hold = Hold(bodies, saying(b"a" * 6, b"b", b""))
    await hold.receive()
    with pytest.raises(Unavailable):
        await hold.receive()
    hold.reply(4)
    assert bodies.held == 10
    assert (await hold.receive())["body"] == b""
    with pytest.raises(Unavailable) as caught:
        hold.reply(1)
    assert (caught.value.code, caught.value.retry_after_seconds) == ("reply_not_held", None)
    hold.release()
    assert bodies.held == 0

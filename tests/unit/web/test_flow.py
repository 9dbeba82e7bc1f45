"""A peer that reads nothing is let go, and one that reads is not."""

import asyncio
from typing import Any

import pytest

from gatebook.web.flow import PACE, Flow

SECONDS = 0.05
ENOUGH = int(PACE * SECONDS)


class HandTransport:
    """A transport whose socket cannot be asked, so that a test says what waits in it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.is_aborted = False

    def get_write_buffer_size(self) -> int:
        """Bytes that wait."""
        return self.size

    def get_extra_info(self, name: str) -> Any:
        """The socket."""
        assert name == "socket"
        return self

    def getsockopt(self, *_: int) -> bytes:
        """What the kernel knows."""
        raise OSError

    def abort(self) -> None:
        """Close at once."""
        self.is_aborted = True


def begin(transport: Any) -> Flow:
    flow = Flow(transport, asyncio.get_running_loop(), SECONDS)
    flow.pause_writing()
    return flow


@pytest.mark.parametrize("amount", [0, 1])
async def test_who_reads_next_to_nothing_is_let_go(amount: int) -> None:
    transport = HandTransport(100 * ENOUGH)
    begin(transport)
    transport.size -= amount
    await asyncio.sleep(2 * SECONDS)
    assert transport.is_aborted


async def test_who_reads_is_not_and_need_not_read_more_than_there_is() -> None:
    transport = HandTransport(3 * ENOUGH + 1)
    flow = begin(transport)
    while transport.size:
        transport.size = max(0, transport.size - ENOUGH)
        await asyncio.sleep(SECONDS)
    await asyncio.sleep(2 * SECONDS)
    assert not transport.is_aborted
    assert not flow.is_behind


async def test_who_stops_in_the_middle_is_let_go() -> None:
    transport = HandTransport(10 * ENOUGH)
    begin(transport)
    transport.size -= 5 * ENOUGH
    await asyncio.sleep(1.5 * SECONDS)
    assert not transport.is_aborted
    await asyncio.sleep(SECONDS)
    assert transport.is_aborted


async def test_a_connection_that_is_closed_is_not_looked_at() -> None:
    transport = HandTransport(10 * ENOUGH)
    begin(transport).stop()
    await asyncio.sleep(2 * SECONDS)
    assert not transport.is_aborted


async def test_what_is_closed_already_may_have_no_socket_and_needs_no_watch() -> None:
    class Closed(HandTransport):
        def get_extra_info(self, name: str) -> Any:
            return None

    flow = Flow(Closed(0), asyncio.get_running_loop(), SECONDS)  # type: ignore[arg-type]  # by hand
    assert not flow.is_behind
    flow.watch()
    await asyncio.sleep(2 * SECONDS)
    flow.stop()

"""A call that is out is cut when its agent hangs up or its provider falls silent, and only then."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Unavailable
from gatebook.gateway.leash import HungUp, Leash
from gatebook.gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = GatewaySettings()


class HandLine:
    """A connection to an agent."""

    def __init__(self) -> None:
        self.is_gone = False
        self.hang_up: Callable[[], object] | None = None


class HandReply:
    """A reply that remembers whether it was closed."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        """Give the connection back."""
        self.is_closed = True


async def test_an_agent_that_hangs_up_cuts_the_call() -> None:
    line = HandLine()
    reply = HandReply()

    async def call() -> None:
        with Leash(line, SETTINGS) as leash:
            leash.holds(reply)
            assert line.hang_up is not None
            asyncio.get_running_loop().call_soon(line.hang_up)
            await asyncio.sleep(60)

    with pytest.raises(HungUp):
        await call()
    assert reply.is_closed
    assert line.hang_up is None
    await asyncio.sleep(0)  # the task itself goes on


async def test_an_agent_that_has_left_already_gets_no_call_made() -> None:
    line = HandLine()
    line.is_gone = True
    with pytest.raises(HungUp), Leash(line, SETTINGS):
        pytest.fail("it went on")


async def test_a_provider_that_does_not_begin_is_cut_off() -> None:
    settings = replace(SETTINGS, first_byte_seconds=0.05, silence_seconds=60)
    with pytest.raises(Unavailable) as caught, Leash(HandLine(), settings):
        await asyncio.sleep(60)
    assert caught.value.code == "upstream_timeout"
    assert caught.value.retry_after_seconds is None


async def test_each_part_gives_a_provider_new_time() -> None:
    settings = replace(SETTINGS, first_byte_seconds=0.1, silence_seconds=0.1)
    with Leash(HandLine(), settings) as leash:
        for _ in range(6):
            await asyncio.sleep(0.05)
            leash.heard()
    with pytest.raises(Unavailable), Leash(HandLine(), settings):
        await asyncio.sleep(60)


async def test_a_provider_that_took_long_to_begin_may_not_take_as_long_to_go_on() -> None:
    settings = replace(SETTINGS, first_byte_seconds=60, silence_seconds=0.05)

    async def call() -> None:
        with Leash(HandLine(), settings) as leash:
            leash.holds(HandReply())
            await asyncio.sleep(60)

    with pytest.raises(Unavailable):
        await asyncio.wait_for(call(), 5)


async def test_the_whole_has_its_time_however_much_comes() -> None:
    settings = replace(SETTINGS, silence_seconds=0.1, total_seconds=0.2)

    async def call() -> None:
        with Leash(HandLine(), settings) as leash:
            while True:
                await asyncio.sleep(0.02)
                leash.heard()

    with pytest.raises(Unavailable):
        await call()


async def test_an_agent_that_does_not_read_is_no_silence_of_the_provider() -> None:
    settings = replace(SETTINGS, first_byte_seconds=0.05, silence_seconds=0.05)
    with Leash(HandLine(), settings) as leash:
        leash.waits_for_agent()
        await asyncio.sleep(0.15)
        leash.heard()
    with pytest.raises(Unavailable):
        await wait_after_a_pause(settings)


async def test_an_agent_that_never_reads_is_let_go_when_the_time_is_over() -> None:
    settings = replace(SETTINGS, total_seconds=0.05)

    async def call() -> None:
        with Leash(HandLine(), settings) as leash:
            leash.waits_for_agent()
            await asyncio.sleep(60)

    with pytest.raises(HungUp):
        await call()


async def wait_after_a_pause(settings: GatewaySettings) -> None:
    with Leash(HandLine(), settings) as leash:
        leash.waits_for_agent()
        await asyncio.sleep(0.1)
        leash.heard()
        await asyncio.sleep(60)


async def test_nothing_is_cut_once_the_reply_is_in() -> None:
    line = HandLine()
    settings = replace(SETTINGS, first_byte_seconds=0.02, total_seconds=0.02)
    with Leash(line, settings) as leash:
        leash.loosen()
        assert line.hang_up is None
        await asyncio.sleep(0.05)


async def test_a_task_cancelled_by_others_is_cancelled() -> None:
    async def call() -> None:
        with Leash(HandLine(), SETTINGS):
            await asyncio.sleep(60)

    task = asyncio.ensure_future(call())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_other_failures_come_through_as_they_are() -> None:
    with pytest.raises(ValueError, match="broken"), Leash(HandLine(), SETTINGS):
        raise ValueError("broken")

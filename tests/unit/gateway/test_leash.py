"""A call that is out is cut when its agent hangs up or its provider falls silent, and only then."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from gatebook.core.errors import GatebookError, Refused, Unavailable
from gatebook.gateway.leash import HungUp, Leash, Stopped
from gatebook.gateway.settings import GatewaySettings
from gatebook.policy.stops import Target

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = GatewaySettings()
TARGET = Target("org", "wsp", "agt", "key", "prv", ("gpt-4o",))
REFUSAL = Refused("stopped", "All calls are stopped.")


class HandLine:
    """A connection to an agent."""

    def __init__(self) -> None:
        self.is_gone = False
        self.hang_up: Callable[[], object] | None = None
        self.cut: Callable[[GatebookError], object] | None = None


class HandReply:
    """A reply that remembers whether it was closed."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        """Give the connection back."""
        self.is_closed = True


class HandBrake:
    """Stops calls when told to."""

    def __init__(self, refusal: Refused | None = None) -> None:
        self.refusal = refusal
        self.under_way: dict[Leash, Target] = {}

    def enter(self, call: Leash, target: Target) -> None:
        """See gateway.leash.Brake."""
        if self.refusal is not None:
            raise self.refusal
        self.under_way[call] = target

    def leave(self, call: Leash) -> None:
        """See gateway.leash.Brake."""
        self.under_way.pop(call, None)


async def test_an_agent_that_hangs_up_cuts_the_call() -> None:
    line = HandLine()
    reply = HandReply()

    async def call() -> None:
        with Leash(line, SETTINGS, HandBrake(), TARGET) as leash:
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
    with pytest.raises(HungUp), Leash(line, SETTINGS, HandBrake(), TARGET):
        pytest.fail("it went on")


async def test_a_provider_that_does_not_begin_is_cut_off() -> None:
    settings = replace(SETTINGS, first_byte_seconds=0.05, silence_seconds=60)
    with pytest.raises(Unavailable) as caught, Leash(HandLine(), settings, HandBrake(), TARGET):
        await asyncio.sleep(60)
    assert caught.value.code == "upstream_timeout"
    assert caught.value.retry_after_seconds is None


async def test_each_part_gives_a_provider_new_time() -> None:
    settings = replace(SETTINGS, first_byte_seconds=0.1, silence_seconds=0.1)
    with Leash(HandLine(), settings, HandBrake(), TARGET) as leash:
        for _ in range(6):
            await asyncio.sleep(0.05)
            leash.heard()
    with pytest.raises(Unavailable), Leash(HandLine(), settings, HandBrake(), TARGET):
        await asyncio.sleep(60)


async def test_a_provider_that_took_long_to_begin_may_not_take_as_long_to_go_on() -> None:
    settings = replace(SETTINGS, first_byte_seconds=60, silence_seconds=0.05)

    async def call() -> None:
        with Leash(HandLine(), settings, HandBrake(), TARGET) as leash:
            leash.holds(HandReply())
            await asyncio.sleep(60)

    with pytest.raises(Unavailable):
        await asyncio.wait_for(call(), 5)


async def test_the_whole_has_its_time_however_much_comes() -> None:
    settings = replace(SETTINGS, silence_seconds=0.1, total_seconds=0.2)

    async def call() -> None:
        with Leash(HandLine(), settings, HandBrake(), TARGET) as leash:
            while True:
                await asyncio.sleep(0.02)
                leash.heard()

    with pytest.raises(Unavailable):
        await call()


async def test_an_agent_that_does_not_read_is_no_silence_of_the_provider() -> None:
    settings = replace(SETTINGS, first_byte_seconds=0.05, silence_seconds=0.05)
    with Leash(HandLine(), settings, HandBrake(), TARGET) as leash:
        leash.waits_for_agent()
        await asyncio.sleep(0.15)
        leash.heard()
    with pytest.raises(Unavailable):
        await wait_after_a_pause(settings)


async def test_an_agent_that_never_reads_is_let_go_when_the_time_is_over() -> None:
    settings = replace(SETTINGS, total_seconds=0.05)

    async def call() -> None:
        with Leash(HandLine(), settings, HandBrake(), TARGET) as leash:
            leash.waits_for_agent()
            await asyncio.sleep(60)

    with pytest.raises(HungUp):
        await call()


async def wait_after_a_pause(settings: GatewaySettings) -> None:
    with Leash(HandLine(), settings, HandBrake(), TARGET) as leash:
        leash.waits_for_agent()
        await asyncio.sleep(0.1)
        leash.heard()
        await asyncio.sleep(60)


async def test_who_holds_the_connection_can_end_the_call_in_words_of_its_own() -> None:
    line, reply = HandLine(), HandReply()
    error = Unavailable("gateway_stopped", "Stopped.")

    async def call() -> None:
        with Leash(line, SETTINGS, HandBrake(), TARGET) as leash:
            leash.holds(reply)
            assert line.cut is not None
            asyncio.get_running_loop().call_soon(line.cut, error)
            await asyncio.sleep(60)

    with pytest.raises(Unavailable) as caught:
        await call()
    assert caught.value is error
    assert reply.is_closed
    assert line.cut is None
    await asyncio.sleep(0)  # the task itself goes on


async def test_nothing_is_cut_once_the_reply_is_in() -> None:
    line = HandLine()
    settings = replace(SETTINGS, first_byte_seconds=0.02, total_seconds=0.02)
    with Leash(line, settings, HandBrake(), TARGET) as leash:
        leash.loosen()
        assert line.hang_up is None
        assert line.cut is None
        await asyncio.sleep(0.05)


async def test_a_task_cancelled_by_others_is_cancelled() -> None:
    async def call() -> None:
        with Leash(HandLine(), SETTINGS, HandBrake(), TARGET):
            await asyncio.sleep(60)

    task = asyncio.ensure_future(call())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_other_failures_come_through_as_they_are() -> None:
    with (
        pytest.raises(ValueError, match="broken"),
        Leash(HandLine(), SETTINGS, HandBrake(), TARGET),
    ):
        raise ValueError("broken")


async def test_a_stop_cuts_the_call_and_says_why() -> None:
    brake, reply = HandBrake(), HandReply()

    async def call() -> None:
        with Leash(HandLine(), SETTINGS, brake, TARGET) as leash:
            leash.holds(reply)
            assert brake.under_way == {leash: TARGET}
            asyncio.get_running_loop().call_soon(leash.stop, REFUSAL)
            await asyncio.sleep(60)

    with pytest.raises(Stopped) as caught:
        await call()
    assert caught.value.refusal is REFUSAL
    assert reply.is_closed
    assert brake.under_way == {}
    await asyncio.sleep(0)  # the task itself goes on


async def test_what_was_stopped_meanwhile_does_not_leave() -> None:
    with pytest.raises(Stopped), Leash(HandLine(), SETTINGS, HandBrake(REFUSAL), TARGET):
        pytest.fail("it went on")


async def test_no_stop_finds_a_call_whose_reply_is_in() -> None:
    brake = HandBrake()
    with Leash(HandLine(), SETTINGS, brake, TARGET) as leash:
        leash.loosen()
        assert brake.under_way == {}


async def test_an_agent_that_hung_up_is_not_told_of_a_stop() -> None:
    line = HandLine()

    async def call() -> None:
        with Leash(line, SETTINGS, HandBrake(), TARGET) as leash:
            assert line.hang_up is not None
            line.hang_up()
            leash.stop(REFUSAL)
            await asyncio.sleep(60)

    with pytest.raises(HungUp):
        await call()

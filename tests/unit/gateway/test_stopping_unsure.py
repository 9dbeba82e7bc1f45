"""A gate that cannot look at the database or the folder obeys what it knows, and not for long."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gatebook.core.errors import Unavailable
from tests.unit.gateway.test_stopping import OTHER, TARGET, HandCall, World, code_of


async def test_no_call_goes_on_when_the_directory_is_out_of_date_for_too_long() -> None:
    """It may have been stopped by the database meanwhile, or its key revoked."""
    world = World()
    stopping = await world.open()
    call = HandCall(stopping)
    world.is_up = False
    world.clock.advance(30)
    await world.hear(stopping)
    assert call.codes == []
    world.clock.advance(1)
    await world.hear(stopping)
    await world.hear(stopping)
    assert call.codes == ["stops_unavailable"]
    assert call.told[0].retry_after_seconds is None  # it may have been executed
    with pytest.raises(Unavailable):
        HandCall(stopping)
    world.is_up = True
    await world.hear(stopping)
    assert HandCall(stopping).codes == []


async def test_the_database_is_obeyed_while_the_folder_cannot_be_read() -> None:
    world = World()
    stopping = await world.open()
    call, other = HandCall(stopping), HandCall(stopping, OTHER)
    world.is_readable = False
    world.store("stp_1", kind="agent", subject="agt")
    with pytest.raises(Unavailable):
        await world.hear(stopping)
    assert (call.codes, other.codes) == (["stopped"], [])
    assert code_of(stopping, OTHER) == "stops_unavailable"  # an order may be there
    world.is_readable = True
    await world.hear(stopping)
    assert code_of(stopping, OTHER) == ""


async def test_no_call_goes_on_when_the_folder_cannot_be_read_for_too_long() -> None:
    world = World()
    stopping = await world.open()
    call = HandCall(stopping)
    world.is_readable = False
    for _ in range(4):
        world.clock.advance(10)
        assert call.codes == []
        with pytest.raises(Unavailable):
            await world.hear(stopping)
    assert call.codes == ["stops_unavailable"]


async def test_nothing_is_let_through_when_stops_could_not_be_looked_for() -> None:
    world = World()
    stopping = await world.open()
    world.clock.advance(30)
    assert code_of(stopping) == ""
    world.clock.advance(1)
    with pytest.raises(Unavailable) as caught:
        stopping.check(TARGET)
    assert caught.value.code == "stops_unavailable"
    await stopping.look()
    assert code_of(stopping) == ""


async def test_calls_are_cut_though_the_directory_is_out_of_date() -> None:
    world = World()
    stopping = await world.open()
    call = HandCall(stopping)
    world.is_up = False
    world.clock.advance(3600)
    world.order("agent", "bot")
    await world.hear(stopping)
    assert call.codes[0] == "stopped"


async def test_a_look_does_not_wait_for_threads_that_a_database_keeps() -> None:
    world = World()
    stopping = await world.open()
    loop, over = asyncio.get_running_loop(), threading.Event()
    loop.set_default_executor(ThreadPoolExecutor(1))
    hanging = loop.run_in_executor(None, over.wait)
    try:
        world.order("platform")
        async with asyncio.timeout(5):
            await stopping.look()
        assert code_of(stopping) == "stopped"
    finally:
        over.set()
        await hanging
        stopping.close()


async def test_a_look_costs_little() -> None:
    """Twenty a second have to be nothing beside the calls."""
    stopping = await World().open()
    began = asyncio.get_running_loop().time()
    for _ in range(100):
        await stopping.look()
    assert asyncio.get_running_loop().time() - began < 1

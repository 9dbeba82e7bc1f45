"""What the database or the folder says is stopped, is; calls are cut, and that is written down."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from gatebook.core.errors import Refused, Unavailable
from gatebook.gateway.book import GivenUp
from gatebook.identity.directory import Organization
from gatebook.identity.identify import KeyRejected
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events.stop import StopApplied
from tests.recorder import LOG
from tests.simulators.clock import NOON_US
from tests.simulators.stops import OTHER, PLATFORM_LOG, TARGET, HandCall, World, code_of
from tests.unit.gateway.test_snapshot import snapshot


async def test_an_order_in_the_folder_is_in_force_without_the_database() -> None:
    world = World()
    stopping = await world.open()
    world.is_up = False
    assert code_of(stopping) == ""
    world.order("agent", "bot")
    await world.hear(stopping)
    assert code_of(stopping) == "stopped"
    assert code_of(stopping, OTHER) == ""


async def test_a_stop_in_the_database_is_in_force_without_an_order() -> None:
    world = World()
    stopping = await world.open()
    world.store("stp_1", kind="quarantine", subject="agt", organization_id="org")
    await world.hear(stopping)
    assert code_of(stopping) == "agent_quarantined"


async def test_an_order_that_the_database_released_is_over() -> None:
    world = World()
    stopping = await world.open()
    id_ = world.order("agent", "bot")
    await world.hear(stopping)
    assert stopping.unrecorded() == {id_}
    world.store(id_, kind="agent", subject="agt")
    await world.hear(stopping)
    assert stopping.unrecorded() == set()
    assert code_of(stopping) == "stopped"
    world.store(id_, kind="agent", subject="agt", status="released")
    await world.hear(stopping)
    assert code_of(stopping) == ""


async def test_an_order_taken_away_before_it_was_recorded_is_said_to_be_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    stopping = await world.open()
    id_ = world.order("agent", "bot")
    await world.hear(stopping)
    world.orders = {}
    await world.hear(stopping)
    assert code_of(stopping) == ""
    assert f"{id_} is no longer in force" in caplog.text


async def test_calls_under_way_are_cut_if_they_are_meant() -> None:
    world = World()
    stopping = await world.open()
    meant, other, over = HandCall(stopping), HandCall(stopping, OTHER), HandCall(stopping)
    stopping.leave(over)
    world.order("agent", "bot")
    await world.hear(stopping)
    assert (meant.codes, other.codes, over.codes) == (["stopped"], [], [])


async def test_what_is_stopped_does_not_begin() -> None:
    world = World()
    stopping = await world.open()
    world.order("platform")
    await world.hear(stopping)
    with pytest.raises(Refused):
        HandCall(stopping)


async def test_the_calls_of_a_revoked_key_are_cut() -> None:
    world = World()
    stopping = await world.open()
    call = HandCall(stopping)
    world.change(keys=snapshot(is_revoked=True).directory.keys)
    await world.hear(stopping)
    assert call.codes == ["invalid_api_key"]


@pytest.mark.parametrize("what", ["agents", "organizations"])
async def test_the_calls_of_whoever_is_suspended_are_cut_and_no_others_leave(what: str) -> None:
    world = World()
    stopping = await world.open()
    call = HandCall(stopping)
    ((id_, row),) = getattr(world.directory, what).items()
    world.change(**{what: {id_: msgspec.structs.replace(row, status="suspended")}})
    await world.hear(stopping)
    code = f"{what[:-1]}_suspended"
    assert call.codes == [code]
    with pytest.raises(Refused) as caught:
        HandCall(stopping)
    assert caught.value.code == code


async def test_a_call_whose_key_was_revoked_while_it_waited_for_the_book_does_not_leave() -> None:
    world = World()
    stopping = await world.open()
    world.change(keys=snapshot(is_revoked=True).directory.keys)
    await world.hear(stopping)
    with pytest.raises(KeyRejected):
        HandCall(stopping)


async def test_what_is_not_clear_is_all_stopped_until_each_is_released() -> None:
    world = World()
    (agent,) = world.directory.agents.values()
    twin = msgspec.structs.replace(agent, id="agt_2", organization_id="org_2")
    another = Organization(id="org_2", slug="umbrella", name="", created_at=1)
    world.change(
        agents={"agt": agent, "agt_2": twin},
        organizations={**world.directory.organizations, "org_2": another},
    )
    stopping = await world.open()
    id_ = world.order("agent", "bot")
    await world.hear(stopping)
    assert (code_of(stopping), code_of(stopping, OTHER)) == ("stopped", "stopped")
    assert stopping.unrecorded() == {id_}
    for part in world.orders[id_].parts(world.directory):
        assert stopping.unrecorded() == {id_}
        found = world.directory.agents["agt" if part.organization == "org" else "agt_2"]
        world.store(part.stop, kind="agent", subject=found.id)
        await world.hear(stopping)
    assert stopping.unrecorded() == set()
    assert (code_of(stopping), code_of(stopping, OTHER)) == ("stopped", "stopped")
    for id_, stop in list(world.directory.stops.items()):
        if stop.subject == "agt":
            world.store(id_, kind="agent", subject="agt", status="released")
    await world.hear(stopping)
    assert (code_of(stopping), code_of(stopping, OTHER)) == ("", "stopped")


async def test_an_order_that_cannot_be_believed_stops_everything_until_it_is_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    stopping = await world.open()
    call = HandCall(stopping)
    world.is_forged = True
    for _ in range(3):
        await world.hear(stopping)
    assert code_of(stopping) == "stop_unreadable"
    assert call.codes == ["stop_unreadable"]
    assert stopping.counts()["unreadable"] == 1
    assert caplog.text.count("everything is stopped") == 1
    world.is_forged = False
    await world.hear(stopping)
    assert code_of(stopping) == ""


async def test_what_stops_nothing_is_said_to_once_and_may_be_taken_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    stopping = await world.open()
    id_ = world.order("agent", "bott")
    await world.hear(stopping)
    world.order("agent", "bot")
    await world.hear(stopping)
    assert caplog.text.count(f"{id_} stops nothing: no agent bott is known") == 1
    world.orders = {other: order for other, order in world.orders.items() if other != id_}
    await world.hear(stopping)
    assert "no longer in force" not in caplog.text


async def test_what_was_done_is_noted_once_the_book_knows_the_stop_and_all_are_cut() -> None:
    world = World()
    stopping = await world.open()
    calls = [HandCall(stopping), HandCall(stopping)]
    id_ = world.order("agent", "bot")
    world.clock.advance(0.04)
    await world.hear(stopping)
    await stopping.note()
    assert world.noted == []  # the database has not heard of it
    world.store(id_, kind="agent", subject="agt", organization_id="org")
    await world.hear(stopping)
    for call in calls:
        await stopping.note()
        assert world.noted == []  # a call has not ended
        world.clock.advance(0.003)
        stopping.leave(call)
    await stopping.note()
    await stopping.note()
    event = StopApplied(stop=id_, gateway="gateway", delay_ms=40, cut=2, cut_ms=6)
    assert world.noted == [(LOG, event)]


async def test_a_stop_of_no_organization_is_noted_in_the_log_of_the_platform() -> None:
    world = World()
    stopping = await world.open()
    world.store("stp_1", kind="platform", engaged_at=NOON_US + 5_000_000)
    await world.hear(stopping)
    await stopping.note()
    ((log, event),) = world.noted
    assert (log, event.delay_ms) == (PLATFORM_LOG, -5000)  # by a clock that is ahead


async def test_what_stood_before_a_gate_began_is_not_noted() -> None:
    world = World()
    world.store("stp_1", kind="platform")
    world.order("agent", "bot")
    stopping = await world.open()
    assert code_of(stopping) == "stopped"
    await stopping.note()
    assert world.noted == []


@pytest.mark.parametrize("is_lost", [True, False])
async def test_what_the_book_did_not_take_is_noted_again_and_nothing_twice(is_lost: bool) -> None:
    world = World()
    stopping = await world.open()
    world.store("stp_1", kind="platform")
    await world.hear(stopping)
    world.book_fails = Unavailable("audit_unavailable", "No.")
    with pytest.raises(Unavailable):
        await stopping.note()
    world.book_fails = GivenUp("audit_unavailable", "It takes long.")
    with pytest.raises(GivenUp):
        await stopping.note()
    world.book_fails = None
    await stopping.note()
    assert world.noted == []  # it may be on its way
    world.lates[-1](
        Unavailable("ledger_unavailable", "No.") if is_lost else Receipt("", "", 1, b"")
    )
    await stopping.note()
    assert len(world.noted) == is_lost


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

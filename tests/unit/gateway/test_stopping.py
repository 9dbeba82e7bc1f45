"""What the database or the folder says is stopped, is; calls are cut, and that is written down."""

from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from gatebook.control.commands.engage_stop import EngageStop
from gatebook.core.errors import GatebookError, Refused, Tampered, Unavailable
from gatebook.core.ids import new_id, system_entropy
from gatebook.gateway.book import GivenUp
from gatebook.gateway.settings import GatewaySettings
from gatebook.gateway.snapshot import Snapshot, Snapshots
from gatebook.gateway.stopping import Stopping
from gatebook.identity.directory import Organization, Stop
from gatebook.identity.identify import KeyRejected
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events.stop import StopApplied
from gatebook.policy.stops import Target
from tests.recorder import LOG
from tests.simulators.clock import NOON_US, SetClock
from tests.unit.gateway.test_snapshot import MINTED, snapshot

if TYPE_CHECKING:
    from gatebook.gateway.book import Book

TARGET = Target("org", "wsp", "agt", MINTED.id, "prv", ("gpt-4o",))
OTHER = TARGET._replace(agent="agt_2")
PLATFORM_LOG = "log.example/platform"


class World:
    """A database, a folder and a book in hand, and what a gate makes of them."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.directory = snapshot().directory
        self.orders: dict[str, EngageStop] = {}
        self.is_forged = False
        self.is_readable = True
        self.is_up = True
        self.book_fails: GatebookError | None = None
        self.noted: list[tuple[str, StopApplied]] = []
        self.lates: list[Any] = []

    async def open(self) -> Stopping:
        """A gate that has looked once."""
        settings = GatewaySettings(snapshot_stale_seconds=30)
        self.snapshots = Snapshots(self, settings=settings, clock=self.clock)
        await self.snapshots.refresh()
        stopping = Stopping(
            self,
            self.snapshots,
            cast("Book", self),
            gateway="gateway",
            platform_log=PLATFORM_LOG,
            settings=settings,
            clock=self.clock,
        )
        await stopping.look()
        return stopping

    async def hear(self, stopping: Stopping) -> None:
        """Let a gate hear of the database, if that is up, and look."""
        if self.is_up:
            await self.snapshots.refresh()
        await stopping.look()

    def revision(self) -> int:
        """See gateway.snapshot.Source."""
        return self.directory.revision

    def load(self) -> Snapshot:
        """See gateway.snapshot.Source."""
        old = snapshot()
        return Snapshot(self.directory, peppers=old._peppers, tenants=old.tenants, credentials={})

    def pending(self) -> dict[str, EngageStop]:
        """See gateway.stopping.Orders."""
        if not self.is_readable:
            raise Unavailable("stops_unavailable", "No.")
        if self.is_forged:
            raise Tampered("stop_unreadable", "It was changed.")
        return self.orders

    async def record(self, log: str, event: StopApplied, late: Any) -> Receipt:
        """As the book does."""
        self.lates.append(late)
        if self.book_fails is not None:
            raise self.book_fails
        self.noted.append((log, event))
        return cast("Receipt", None)

    def order(self, kind: Any, name: str = "", **values: Any) -> str:
        """Have an order in the folder; the id of its stop."""
        id_ = new_id("stp", system_entropy)
        at_us = self.clock.now_us()
        order = EngageStop(kind=kind, name=name, stop=id_, engaged_at=at_us, **values)
        self.orders = {**self.orders, id_: order}
        return id_

    def store(self, id_: str, **values: Any) -> None:
        """Have a stop in the database."""
        kept = Stop(id=id_, **{"engaged_at": self.clock.now_us(), **values})
        self.change(stops={**self.directory.stops, id_: kept})

    def change(self, **values: Any) -> None:
        """Have the directory changed."""
        revision = self.directory.revision + 1
        self.directory = msgspec.structs.replace(self.directory, revision=revision, **values)


class HandCall:
    """A call under way, which ends when it is told to."""

    def __init__(self, stopping: Stopping, target: Target = TARGET) -> None:
        self.told: list[GatebookError] = []
        stopping.enter(self, target)

    def stop(self, refusal: GatebookError) -> None:
        """See gateway.stopping.Cuttable."""
        self.told.append(refusal)

    @property
    def codes(self) -> list[str]:
        """What it was told."""
        return [each.code for each in self.told]


def code_of(stopping: Stopping, target: Target = TARGET) -> str:
    try:
        stopping.check(target)
    except GatebookError as error:
        return error.code
    return ""


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

"""A database, a folder of orders and a book in hand, and calls that a gate may cut."""

from typing import TYPE_CHECKING, Any, cast

import msgspec

from gatebook.control.commands.engage_stop import EngageStop
from gatebook.core.errors import GatebookError, Tampered, Unavailable
from gatebook.core.ids import new_id, system_entropy
from gatebook.gateway.settings import GatewaySettings
from gatebook.gateway.snapshot import Snapshot, Snapshots
from gatebook.gateway.stopping import Stopping
from gatebook.identity.directory import Stop
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events.stop import StopApplied
from gatebook.policy.stops import Target
from tests.simulators.clock import SetClock
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

"""Orders are recorded by a gate if nobody else does, and lie there no longer than needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from msgspec.structs import replace

from gatebook.app.config import Config
from gatebook.app.emergency import order_of
from gatebook.app.stop_folder import StopFolder
from gatebook.app.stop_keeper import PATIENCE_SECONDS, StopKeeper
from gatebook.control.apply import Control
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.control.ports import Book, Records, Work
from gatebook.core.envelope import PLATFORM, DataKey
from gatebook.core.errors import Invalid, Unavailable
from gatebook.core.ids import system_entropy
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events import Event
from gatebook.ledger.ports import Position
from gatebook.storage.database import open_database
from tests.office import Office, open_office
from tests.simulators.clock import SetClock

if TYPE_CHECKING:
    from gatebook.gateway.stopping import Stopping
    from gatebook.ledger.events.stop import StopEngaged


class Picky:
    """A book that does not take one order."""

    def __init__(self, book: Book, refused: str) -> None:
        self.reading = book.reading
        self._book = book
        self._refused = refused

    def append(self, log: str, work: Work) -> Receipt:
        """See control.ports.Book."""

        def within(records: Records, position: Position) -> Event:
            event = work(records, position)
            if cast("StopEngaged", event).object == self._refused:
                raise Invalid("order_text", "No.")
            return event

        return self._book.append(log, within)


class Desk:
    """A folder, a database and the keeper between them."""

    def __init__(self, folder: Path, office: Office) -> None:
        self.office = office
        self.clock = SetClock()
        self.is_down = False
        self.refused = ""
        self.opened = 0
        key = DataKey("stops", PLATFORM, bytes(32))
        self.folder = StopFolder(folder, key, system_entropy)
        self.keeper = StopKeeper(
            self.folder, self._open, gateway="gateway", config=Config(), clock=self.clock
        )

    @contextmanager
    def _open(self) -> Iterator[Control]:
        self.opened += 1
        if self.is_down:
            raise Unavailable("database_unavailable", "No.")
        yield replace(self.office.control, book=Picky(self.office.control.book, self.refused))

    def order(self, name: str = "mailer") -> str:
        """Have an order in the folder; the id of its stop."""
        command = EngageStop(kind="agent", name=name)
        order = order_of(command, "", clock=self.clock, entropy=system_entropy)
        self.folder.post(order)
        return order.idempotency_key

    async def step(self) -> None:
        """Let the keeper look once, at a gate that has heard of everything."""
        await self.keeper.record(cast("Stopping", self))

    @property
    def pending(self) -> dict[str, EngageStop]:
        """See gateway.stopping.Stopping."""
        return dict(self.folder.pending())

    def unrecorded(self) -> set[str]:
        """See gateway.stopping.Stopping."""
        return self.pending.keys() - self.office.directory.stops.keys()


@pytest.fixture
def desk(sqlite_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk at an office with an agent called mailer."""
    database = open_database(sqlite_url)
    with open_office(database) as office:
        office.enroll(name="mailer")
        yield Desk(tmp_path / "stops", office)
    database.close()


async def test_whoever_gave_an_order_has_time_to_record_it(desk: Desk) -> None:
    stop = desk.order()
    await desk.step()
    assert desk.opened == 0
    desk.clock.advance(PATIENCE_SECONDS)
    await desk.step()
    assert list(desk.office.directory.stops) == [stop]
    await desk.step()
    assert desk.opened == 1


async def test_an_order_from_a_clock_that_is_ahead_does_not_wait_for_that_time(desk: Desk) -> None:
    desk.clock.advance(3600)
    desk.order()
    desk.clock.set_time_of_day(desk.clock.now_us() - 3_600_000_000)
    await desk.step()
    assert desk.opened == 1


async def test_an_order_is_tried_again_until_the_database_answers(desk: Desk) -> None:
    stop = desk.order()
    desk.clock.advance(PATIENCE_SECONDS)
    desk.is_down = True
    with pytest.raises(Unavailable):
        await desk.step()
    desk.is_down = False
    await desk.step()
    assert list(desk.office.directory.stops) == [stop]


async def test_an_order_lies_there_until_every_gate_has_it_from_the_database(desk: Desk) -> None:
    stop = desk.order()
    desk.clock.advance(PATIENCE_SECONDS)
    await desk.step()
    await desk.step()  # the gate has heard of it now
    desk.clock.advance(Config().gateway.snapshot_stale_seconds)
    await desk.step()
    assert list(desk.pending) == [stop]
    desk.clock.advance(Config().gateway.snapshot_stale_seconds + 1)
    await desk.step()
    assert desk.pending == {}


async def test_an_order_that_names_nothing_is_taken_away_and_said_to_be_void(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    stop = desk.order("nobody")
    desk.clock.advance(PATIENCE_SECONDS)
    await desk.step()
    assert desk.pending == {}
    assert f"{stop} is void" in caplog.text


async def test_an_order_that_became_unclear_is_recorded_for_each_that_it_may_mean(
    desk: Desk,
) -> None:
    """It was given while the database was down, and stops both: nobody has released either."""
    stop = desk.order("mailer")
    desk.office.order("create_organization", slug="umbrella")
    desk.office.enroll(name="mailer", organization="umbrella")
    desk.clock.advance(PATIENCE_SECONDS)
    await desk.step()
    await desk.step()
    directory = desk.office.directory
    assert {each.subject for each in directory.stops.values()} == set(directory.agents)
    assert {each.status for each in directory.stops.values()} == {"engaged"}
    assert len(directory.stops) == 2
    assert list(desk.pending) == [stop]
    assert desk.opened == 2  # the second time it is only looked up


async def test_an_order_that_cannot_be_recorded_stays_and_keeps_no_other_from_it(
    desk: Desk,
) -> None:
    orders = sorted([desk.order(), desk.order()])
    desk.clock.advance(PATIENCE_SECONDS)
    desk.refused = orders[0]
    with pytest.raises(Invalid):
        await desk.step()
    assert list(desk.office.directory.stops) == orders[1:]
    assert sorted(desk.pending) == orders


async def test_room_is_kept_for_orders_to_come(desk: Desk) -> None:
    await desk.keeper.keep_room()
    assert list(desk.folder.folder.glob(".spare-*"))

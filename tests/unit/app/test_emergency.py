"""A stop is ordered without the database, and recorded as soon as that is possible."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from msgspec.structs import replace

from gatebook.app.emergency import order_of, record, settle
from gatebook.app.stop_folder import StopFolder
from gatebook.control.apply import Control
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.core.clock import SystemClock
from gatebook.core.envelope import PLATFORM, DataKey
from gatebook.core.errors import GatebookError, Invalid, NotFound, Unavailable
from gatebook.core.ids import system_entropy
from gatebook.storage.database import open_database
from tests.office import Office, open_office

CLOCK = SystemClock()
DOWN = Unavailable("database_unavailable", "The database did not answer.")


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    """An office with an agent called mailer."""
    database = open_database(sqlite_url)
    with open_office(database) as opened:
        opened.enroll(name="mailer")
        yield opened
    database.close()


@pytest.fixture
def folder(tmp_path: Path) -> StopFolder:
    """A folder of orders."""
    key = DataKey("stops", PLATFORM, bytes(32))
    return StopFolder(tmp_path / "stops", key, system_entropy)


class Door:
    """Leads to the office, after it was closed so often."""

    def __init__(self, office: Office, *failures: GatebookError) -> None:
        self._office = office
        self._failures = list(failures)

    @contextmanager
    def open(self) -> Iterator[Control]:
        """The office's control, or what is in the way."""
        if self._failures:
            raise self._failures.pop(0)
        yield self._office.control


def order(folder: StopFolder, name: str = "mailer") -> str:
    command = EngageStop(kind="agent", name=name)
    given = order_of(command, "astray", clock=CLOCK, entropy=system_entropy)
    folder.post(given)
    return given.idempotency_key


def recorded(folder: StopFolder, door: Door, stop: str, seconds: float = 10) -> tuple[str, bool]:
    """The entry of a stop, and whether somebody else had made it."""
    folder.pending()
    found = folder.order(stop)
    assert found is not None
    (answer,) = record(folder, found, door.open, seconds=seconds, clock=CLOCK)
    return answer.reference, answer.repeated


def test_an_order_lies_in_the_folder_before_anybody_asks_the_database(folder: StopFolder) -> None:
    stop = order(folder)
    assert list(folder.pending()) == [stop]
    assert folder.pending()[stop].engaged_at > 0


def test_an_order_that_the_book_would_not_take_is_not_given() -> None:
    """It would be in force until the database answers, and then nobody could record it."""
    command = EngageStop(kind="agent", name="mailer")
    for reason in ("x" * 401, "two\nlines"):
        with pytest.raises(Invalid):
            order_of(command, reason, clock=CLOCK, entropy=system_entropy)


def test_the_longest_order_can_be_written(folder: StopFolder) -> None:
    command = EngageStop(kind="agent", name="a" * 100, organization="b" * 40)
    reason = "\U0001f6d1" * 400
    folder.post(order_of(command, reason, clock=CLOCK, entropy=system_entropy))
    assert len(folder.pending()) == 1


SAID = EngageStop(kind="agent", name="mailer")


def test_the_database_is_asked_what_is_meant(office: Office) -> None:
    def look(command: EngageStop) -> EngageStop:
        return command.settled(office.directory)

    settled = settle(SAID, look, seconds=10)
    assert (settled.name, settled.organization) == ("mailer", "default")
    with pytest.raises(NotFound):
        settle(replace(SAID, name="nobody"), look, seconds=10)
    office.order("create_organization", slug="umbrella")
    office.enroll(name="mailer", organization="umbrella")
    with pytest.raises(Invalid, match="default, umbrella"):
        settle(SAID, look, seconds=10)
    assert settle(replace(SAID, organization="umbrella"), look, seconds=10).organization


def test_without_an_answer_the_order_is_as_it_was_said() -> None:
    over = threading.Event()

    def fail(_: EngageStop) -> NoReturn:
        raise DOWN

    def hang(command: EngageStop) -> EngageStop:
        over.wait()
        return command

    assert settle(SAID, fail, seconds=10) is SAID
    began = time.monotonic()
    assert settle(SAID, hang, seconds=0.1) is SAID
    assert time.monotonic() - began < 5
    over.set()


def test_an_order_that_is_not_clear_is_recorded_for_each_that_it_may_mean(
    folder: StopFolder, office: Office
) -> None:
    office.order("create_organization", slug="umbrella")
    office.enroll(name="mailer", organization="umbrella")
    stop = order(folder)
    folder.pending()
    found = folder.order(stop)
    assert found is not None
    answers = record(folder, found, Door(office).open, seconds=10, clock=CLOCK)
    again = record(folder, found, Door(office).open, seconds=10, clock=CLOCK)
    assert {each.values["stop"] for each in answers} == set(office.directory.stops)
    assert [each.reference for each in again] == [each.reference for each in answers]
    assert {each.organization_id for each in office.directory.stops.values()} == set(
        office.directory.organizations
    )


def test_the_database_is_tried_until_it_answers(folder: StopFolder, office: Office) -> None:
    stop = order(folder)
    reference, repeated = recorded(folder, Door(office, DOWN), stop)
    assert reference
    assert not repeated
    assert list(office.directory.stops) == [stop]
    assert list(folder.pending()) == [stop]  # the gates hear of the database later


def test_whoever_comes_second_finds_it_recorded(folder: StopFolder, office: Office) -> None:
    stop = order(folder)
    reference, _ = recorded(folder, Door(office), stop)
    assert recorded(folder, Door(office), stop) == (reference, True)


def test_a_stop_that_could_not_be_recorded_stays_in_force_here_and_that_is_said(
    folder: StopFolder, office: Office
) -> None:
    stop = order(folder)
    with pytest.raises(Unavailable) as caught:
        recorded(folder, Door(office, DOWN), stop, seconds=0)
    assert caught.value.code == "stop_unrecorded"
    assert stop in caught.value.detail
    assert list(folder.pending()) == [stop]


def test_an_order_that_names_nothing_is_taken_back(folder: StopFolder, office: Office) -> None:
    stop = order(folder, "nobody")
    with pytest.raises(NotFound):
        recorded(folder, Door(office), stop)
    assert folder.pending() == {}

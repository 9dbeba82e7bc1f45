"""A stop is released once, on the word of somebody who is registered."""

import pytest
from msgspec.structs import replace

from gatebook.app.folders import command_kinds
from gatebook.control.inputs import read_command
from gatebook.core.errors import Conflict, NotFound
from gatebook.identity.directory import Stop
from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY
from gatebook.ledger.events.stop import StopReleased
from tests.decisions import ACME, ALICE, ALL, decide
from tests.simulators.clock import NOON_US
from tests.simulators.records import MemoryRecords

OF_AGENT = Stop(
    id="stp_1", organization_id="org_1", kind="agent", subject="agt_1", engaged_at=NOON_US - 60
)
OF_ALL = Stop(id="stp_2", kind="platform", engaged_at=NOON_US - 60)
BOB = replace(ALICE, id="per_2", organization_id="org_2", email="bob@example.com")
RECORDS = MemoryRecords(*ALL, OF_AGENT, OF_ALL, BOB)


def test_a_released_stop_stays_and_is_over() -> None:
    outcome = decide("release_stop", RECORDS, stop="stp_1", by="Alice@example.com")
    assert outcome.saves == (replace(OF_AGENT, status="released", released_at=NOON_US),)
    assert outcome.removes == ()
    event = outcome.event(actor=EXAMPLE_ACTOR, body=EXAMPLE_BODY)
    assert isinstance(event, StopReleased)
    assert (event.object, event.kind, event.subject) == ("stp_1", "agent", "agt_1")
    assert (event.person, event.engaged_at) == ("per_1", NOON_US - 60)
    assert outcome.answer["subject"] == "mailer"  # as it was called when it was engaged


def test_a_stranger_cannot_answer_for_it() -> None:
    with pytest.raises(NotFound) as caught:
        decide("release_stop", RECORDS, stop="stp_1", by="mallory@example.com")
    assert caught.value.code == "person_unknown"


def test_what_an_organization_stopped_nobody_of_another_releases() -> None:
    with pytest.raises(NotFound):
        decide("release_stop", RECORDS, stop="stp_1", by="bob@example.com")
    assert decide("release_stop", RECORDS, stop="stp_2", by="bob@example.com").saves


def test_there_is_nothing_to_release_twice() -> None:
    records = MemoryRecords(*ALL, replace(OF_AGENT, status="released", released_at=1))
    with pytest.raises(Conflict):
        decide("release_stop", records, stop="stp_1", by="alice@example.com")


def test_a_stop_the_database_has_not_heard_of_cannot_be_released() -> None:
    with pytest.raises(NotFound) as caught:
        decide("release_stop", RECORDS, stop="stp_3", by="alice@example.com")
    assert caught.value.code == "stop_unknown"


def test_its_entry_is_in_the_log_that_has_the_stop() -> None:
    kind = command_kinds()["release_stop"]
    who = {"by": "alice@example.com"}
    assert read_command(kind, {"stop": "stp_1", **who}).within(RECORDS) == ACME
    assert read_command(kind, {"stop": "stp_2", **who}).within(RECORDS) is None

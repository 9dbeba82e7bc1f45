"""A stop is recorded with what it names, by its id, and with the time it was ordered."""

from typing import Any

import pytest
from msgspec import to_builtins
from msgspec.structs import replace

from gatebook.app.folders import command_kinds
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.control.inputs import read_command
from gatebook.core.errors import Invalid, NotFound
from gatebook.identity.directory import Stop
from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY
from gatebook.ledger.events.stop import StopEngaged
from tests.decisions import ACME, ALL, MAILER, OTHER, decide
from tests.simulators.clock import NOON_US
from tests.simulators.records import MemoryRecords

STOP = "stp_6fD1sA3gH5jK7lP9oI2uYt"


@pytest.mark.parametrize(
    ("values", "subject", "organization"),
    [
        ({"kind": "platform"}, "", None),
        ({"kind": "drill"}, "", None),
        ({"kind": "organization", "name": "acme"}, "org_1", "org_1"),
        ({"kind": "workspace", "name": "main"}, "wsp_1", "org_1"),
        ({"kind": "provider", "name": "openai"}, "prv_1", "org_1"),
        ({"kind": "agent", "name": "mailer"}, "agt_1", "org_1"),
        ({"kind": "quarantine", "name": "agt_1"}, "agt_1", "org_1"),
        ({"kind": "model", "name": "gpt-*"}, "gpt-*", None),
        ({"kind": "model", "name": "gpt-*", "organization": "acme"}, "gpt-*", "org_1"),
    ],
)
def test_a_stop_is_kept_and_told_by_ids(
    values: dict[str, Any], subject: str, organization: str | None
) -> None:
    outcome = decide("engage_stop", **values, stop=STOP, engaged_at=NOON_US - 5)
    (stop,) = outcome.saves
    assert isinstance(stop, Stop)
    assert (stop.id, stop.subject, stop.organization_id) == (STOP, subject, organization)
    assert (stop.status, stop.engaged_at, stop.released_at) == ("engaged", NOON_US - 5, None)
    event = outcome.event(actor=EXAMPLE_ACTOR, body=EXAMPLE_BODY)
    assert isinstance(event, StopEngaged)
    assert (event.object, event.kind, event.subject) == (STOP, values["kind"], subject)
    assert event.engaged_at == NOON_US - 5


def test_without_id_and_time_it_is_a_new_one_from_now_on() -> None:
    (stop,) = decide("engage_stop", kind="platform").saves
    assert isinstance(stop, Stop)
    assert stop.id.startswith("stp_")
    assert stop.engaged_at == NOON_US


@pytest.mark.parametrize("kind", ["organization", "workspace", "provider", "agent", "quarantine"])
def test_what_it_names_has_to_be_there(kind: str) -> None:
    with pytest.raises(NotFound):
        decide("engage_stop", kind=kind, name="nobody")


def test_what_it_names_has_to_be_clear() -> None:
    twin = replace(MAILER, id="agt_2", organization_id="org_2")
    records = MemoryRecords(*ALL, OTHER, twin)
    with pytest.raises(Invalid, match="acme, other"):
        decide("engage_stop", records, kind="agent", name="mailer")
    (stop,) = decide("engage_stop", records, kind="agent", name="mailer", organization="acme").saves
    assert isinstance(stop, Stop)
    assert stop.subject == "agt_1"


def test_an_order_that_is_clear_is_settled_and_one_that_is_not_is_taken_apart() -> None:
    twin = replace(MAILER, id="agt_2", organization_id="org_2")
    records = MemoryRecords(*ALL, OTHER, twin)
    order = EngageStop(kind="agent", name="mailer", stop=STOP, engaged_at=NOON_US)
    ours = replace(order, organization="acme")
    assert replace(order, name="agt_1").settled(records).organization == "acme"
    assert EngageStop(kind="platform").settled(records).organization == ""
    assert ours.parts(records) == [ours]
    assert replace(order, name="nobody").parts(records) == []
    parts = order.parts(records)
    assert [each.organization for each in parts] == ["org_1", "org_2"]
    assert len({STOP, *(each.stop for each in parts)}) == 3
    assert {each.engaged_at for each in parts} == {NOON_US}
    for part in parts:  # what is made up has to be an id like any other
        read_command(EngageStop, to_builtins(part))
    assert order.parts(records) == parts


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "platform", "name": "triage"},
        {"kind": "agent"},
        {"kind": "everything"},
        {"kind": "agent", "name": "a b"},
        {"kind": "agent", "name": "mailer", "stop": "stp_1"},
        {"kind": "agent", "name": "mailer", "engaged_at": -1},
    ],
)
def test_a_slip_stops_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read_command(command_kinds()["engage_stop"], wrong)


def test_its_entry_is_in_the_log_of_what_it_stops() -> None:
    kind, records = command_kinds()["engage_stop"], MemoryRecords(*ALL)
    assert read_command(kind, {"kind": "platform"}).within(records) is None
    assert read_command(kind, {"kind": "agent", "name": "mailer"}).within(records) == ACME

"""A gap is declared in the log that lost the entries, and changes nothing else."""

from typing import Any

import pytest

from gatebook.app.folders import command_kinds
from gatebook.control.inputs import read_command
from gatebook.core.errors import Invalid, NotFound
from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY
from gatebook.ledger.events.stream import GapDeclared
from tests.decisions import ACME, decide
from tests.simulators.records import MemoryRecords

LOST: dict[str, Any] = {"sid": "s9f2Kq81LmZ0ab", "first": 3, "last": 5, "cause": "restore"}


def test_the_event_names_stream_range_and_cause() -> None:
    outcome = decide("declare_gap", **LOST, log="acme")
    event = outcome.event(actor=EXAMPLE_ACTOR, body=EXAMPLE_BODY)
    assert isinstance(event, GapDeclared)
    assert (event.sid, event.first, event.last, event.cause) == ("s9f2Kq81LmZ0ab", 3, 5, "restore")
    assert outcome.saves == outcome.removes == ()


@pytest.mark.parametrize("wrong", [{"first": 6}, {"first": -1}, {"sid": "x"}, {"cause": "bug"}])
def test_a_range_a_stream_and_a_known_cause_are_required(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        decide("declare_gap", **{**LOST, "log": "acme", **wrong})


def test_the_log_is_an_organization_s_or_the_platform_s() -> None:
    kind, records = command_kinds()["declare_gap"], MemoryRecords(ACME)
    assert read_command(kind, {**LOST, "log": "platform"}).within(records) is None
    assert read_command(kind, {**LOST, "log": "acme"}).within(records) == ACME
    with pytest.raises(NotFound):
        read_command(kind, {**LOST, "log": "umbrella"}).within(records)

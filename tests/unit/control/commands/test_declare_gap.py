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


def records() -> MemoryRecords:
    """A log that lost the entries 3 to 5 of a stream of ten."""
    kept = MemoryRecords(ACME)
    kept.streams["acme", LOST["sid"]] = (9, {0, 1, 2, 6, 7, 8, 9})
    return kept


def test_the_event_names_stream_range_and_cause() -> None:
    outcome = decide("declare_gap", records(), **LOST, log="acme")
    event = outcome.event(actor=EXAMPLE_ACTOR, body=EXAMPLE_BODY)
    assert isinstance(event, GapDeclared)
    assert (event.sid, event.first, event.last, event.cause) == ("s9f2Kq81LmZ0ab", 3, 5, "restore")
    assert outcome.saves == outcome.removes == ()


@pytest.mark.parametrize(
    "wrong", [{"first": 6}, {"first": -1}, {"last": 2**53}, {"sid": "x"}, {"cause": "bug"}]
)
def test_a_range_a_stream_and_a_known_cause_are_required(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        decide("declare_gap", records(), **{**LOST, "log": "acme", **wrong})


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"last": 10}, "gap_beyond_end"),
        ({"last": 2**53 - 1, "cause": "corruption"}, "gap_beyond_end"),
        ({"last": 6}, "gap_not_lost"),
        ({"sid": "s9f2Kq81LmZ0ac"}, "stream_unknown"),
    ],
)
def test_only_what_was_there_and_is_no_more_can_be_declared_lost(
    wrong: dict[str, Any], code: str
) -> None:
    with pytest.raises((Invalid, NotFound)) as caught:
        decide("declare_gap", records(), **{**LOST, "log": "acme", **wrong})
    assert caught.value.code == code


def test_what_is_damaged_is_there_and_can_be_declared_lost() -> None:
    assert decide(
        "declare_gap", records(), **{**LOST, "log": "acme", "last": 6, "cause": "corruption"}
    )


def test_the_log_is_an_organization_s_or_the_platform_s() -> None:
    kind, records = command_kinds()["declare_gap"], MemoryRecords(ACME)
    assert read_command(kind, {**LOST, "log": "platform"}).within(records) is None
    assert read_command(kind, {**LOST, "log": "acme"}).within(records) == ACME
    with pytest.raises(NotFound):
        read_command(kind, {**LOST, "log": "umbrella"}).within(records)

"""A drill passes if every gate that was there answered, and in time."""

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Conflict, NotFound
from gatebook.identity.directory import Stop
from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY
from gatebook.ledger.events.drill import DrillCompleted
from tests.decisions import ALL, decide
from tests.simulators.clock import NOON_US
from tests.simulators.records import MemoryRecords

DRILL = Stop(id="stp_1", kind="drill", engaged_at=NOON_US - 60)


@pytest.mark.parametrize(
    ("answers", "missing", "passed"),
    [
        ({"gateway-1": 40, "gateway-2": 1000}, [], True),
        ({"gateway-1": 40, "gateway-2": 1001}, [], False),
        ({"gateway-1": 40, "gateway-2": -1}, [], False),  # a clock that is behind tells no time
        ({"gateway-1": 40}, ["gateway-2"], False),
        ({}, [], False),
    ],
)
def test_the_result_follows_from_the_answers(
    answers: dict[str, int], missing: list[str], passed: bool
) -> None:
    records = MemoryRecords(*ALL, DRILL)
    outcome = decide(
        "complete_drill", records, stop="stp_1", goal_ms=1000, answers=answers, missing=missing
    )
    event = outcome.event(actor=EXAMPLE_ACTOR, body=EXAMPLE_BODY)
    assert isinstance(event, DrillCompleted)
    assert (event.passed, event.answers, event.missing) == (passed, answers, missing)
    assert outcome.answer["result"] == ("passed" if passed else "failed")
    assert outcome.saves == (replace(DRILL, status="released", released_at=NOON_US),)


def test_only_a_drill_that_is_on_can_be_completed() -> None:
    values = {"stop": "stp_1", "goal_ms": 1000, "answers": {}, "missing": []}
    with pytest.raises(Conflict):
        decide("complete_drill", MemoryRecords(replace(DRILL, status="released")), **values)
    for records in (MemoryRecords(), MemoryRecords(replace(DRILL, kind="platform"))):
        with pytest.raises(NotFound):
            decide("complete_drill", records, **values)

"""A suspended agent keeps all it has and does nothing."""

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Conflict
from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY
from gatebook.ledger.events.agent import AgentSuspended
from tests.decisions import ALL, MAILER, decide
from tests.simulators.records import MemoryRecords


def test_nothing_changes_but_its_status() -> None:
    outcome = decide("suspend_agent", agent="mailer")
    assert outcome.saves == (replace(MAILER, status="suspended"),)
    event = outcome.event(actor=EXAMPLE_ACTOR, body=EXAMPLE_BODY)
    assert isinstance(event, AgentSuspended)
    assert event.object == MAILER.id


@pytest.mark.parametrize(
    ("status", "code"), [("suspended", "agent_suspended_before"), ("retired", "agent_retired")]
)
def test_only_an_agent_that_works_can_be_suspended(status: str, code: str) -> None:
    with pytest.raises(Conflict) as caught:
        decide("suspend_agent", MemoryRecords(*ALL, replace(MAILER, status=status)), agent="mailer")
    assert caught.value.code == code

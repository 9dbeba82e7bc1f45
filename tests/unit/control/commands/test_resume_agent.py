"""Only what was suspended is resumed, for a reason."""

import pytest
from msgspec.structs import replace

from gatebook.control.commands.resume_agent import ResumeAgent
from gatebook.core.errors import Conflict
from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY
from gatebook.ledger.events.agent import AgentResumed
from tests.decisions import ALL, MAILER, decide
from tests.simulators.records import MemoryRecords

SUSPENDED = replace(MAILER, status="suspended")


def test_the_agent_is_as_it_was() -> None:
    outcome = decide("resume_agent", MemoryRecords(*ALL, SUSPENDED), agent="mailer")
    assert outcome.saves == (MAILER,)
    event = outcome.event(actor=EXAMPLE_ACTOR, body=EXAMPLE_BODY)
    assert isinstance(event, AgentResumed)
    assert event.object == MAILER.id


@pytest.mark.parametrize(
    ("status", "code"), [("active", "agent_not_suspended"), ("retired", "agent_retired")]
)
def test_an_agent_that_is_not_suspended_is_not_resumed(status: str, code: str) -> None:
    with pytest.raises(Conflict) as caught:
        decide("resume_agent", MemoryRecords(*ALL, replace(MAILER, status=status)), agent="mailer")
    assert caught.value.code == code


def test_it_needs_a_reason() -> None:
    assert ResumeAgent.needs_reason

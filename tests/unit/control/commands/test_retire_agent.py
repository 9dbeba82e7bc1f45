"""A retired agent stays in the directory, and nothing brings it back."""

import pytest
from msgspec.structs import replace

from gatebook.control.commands.retire_agent import RetireAgent
from gatebook.core.errors import Conflict
from gatebook.identity.directory import AgentKey
from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY
from gatebook.ledger.events.agent import AgentRetired
from tests.decisions import ALL, KEY, MAILER, decide
from tests.simulators.clock import NOON_US
from tests.simulators.records import MemoryRecords

RETIRED = replace(MAILER, status="retired")


@pytest.mark.parametrize("status", ["active", "suspended"])
def test_its_keys_are_revoked_and_nothing_is_deleted(status: str) -> None:
    records = MemoryRecords(*ALL, replace(MAILER, status=status), replace(KEY, id="key_2"))
    outcome = decide("retire_agent", records, agent="mailer")
    agent, *keys = outcome.saves
    assert agent == replace(RETIRED, epoch=1)
    assert [key.id for key in keys] == [KEY.id, "key_2"]
    assert {(key.status, key.revoked_at) for key in keys if isinstance(key, AgentKey)} == {
        ("revoked", NOON_US)
    }
    assert outcome.removes == ()
    event = outcome.event(actor=EXAMPLE_ACTOR, body=EXAMPLE_BODY)
    assert isinstance(event, AgentRetired)
    assert (event.object, event.keys) == (MAILER.id, [KEY.id, "key_2"])


@pytest.mark.parametrize("command", ["retire_agent", "suspend_agent", "resume_agent", "rotate_key"])
def test_it_is_for_good(command: str) -> None:
    with pytest.raises(Conflict) as caught:
        decide(command, MemoryRecords(*ALL, RETIRED), agent="mailer")
    assert caught.value.code == "agent_retired"


def test_it_needs_a_reason() -> None:
    assert RetireAgent.needs_reason

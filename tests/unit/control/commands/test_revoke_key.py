"""Keys are taken back at once."""

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Conflict, Invalid
from gatebook.identity.directory import Agent, AgentKey
from tests.decisions import ALL, KEY, decide
from tests.simulators.clock import NOON_US
from tests.simulators.records import MemoryRecords

SECOND = replace(KEY, id="key_2")


def test_all_live_keys_are_revoked_and_the_epoch_rises() -> None:
    agent, *keys = decide("revoke_key", MemoryRecords(*ALL, SECOND), agent="mailer").saves
    assert isinstance(agent, Agent)
    assert agent.epoch == 1
    assert [key.id for key in keys] == [KEY.id, "key_2"]
    for key in keys:
        assert isinstance(key, AgentKey)
        assert (key.status, key.revoked_at) == ("revoked", NOON_US)
        assert not key.is_live(NOON_US)


def test_one_key_can_be_named() -> None:
    _, *keys = decide("revoke_key", MemoryRecords(*ALL, SECOND), agent="mailer", key="key_2").saves
    assert [key.id for key in keys] == ["key_2"]


def test_a_key_of_another_agent_is_not_touched() -> None:
    records = MemoryRecords(*ALL, replace(KEY, id="key_3", agent_id="agt_other"))
    with pytest.raises(Conflict):
        decide("revoke_key", records, agent="mailer", key="key_3")


def test_keys_that_ended_cannot_be_revoked() -> None:
    with pytest.raises(Conflict):
        decide("revoke_key", MemoryRecords(*ALL, replace(KEY, expires_at=NOON_US)), agent="mailer")


def test_the_cause_is_one_of_a_few() -> None:
    with pytest.raises(Invalid):
        decide("revoke_key", agent="mailer", cause="because I say so")

"""What a command names is looked for in its own organization only."""

import pytest
from msgspec.structs import replace

from gatebook.control.lookup import agent_called, keys_of, provider_called
from gatebook.core.errors import NotFound
from tests.decisions import ALL, KEY, MAILER, OPENAI, OTHER, context_of
from tests.simulators.clock import NOON_US
from tests.simulators.records import MemoryRecords

HERE = context_of(MemoryRecords(*ALL))
ELSEWHERE = context_of(MemoryRecords(*ALL, OTHER), OTHER)


def test_an_agent_is_found_by_name_and_by_id() -> None:
    assert agent_called(HERE, "mailer") == agent_called(HERE, "agt_1") == MAILER
    assert provider_called(HERE, "openai") == OPENAI


@pytest.mark.parametrize("name", ["mailer", "agt_1", "nobody", ""])
def test_another_organization_s_agent_is_as_unknown_as_none(name: str) -> None:
    with pytest.raises(NotFound) as caught:
        agent_called(ELSEWHERE, name)
    assert caught.value.code == "agent_unknown"
    with pytest.raises(NotFound):
        provider_called(ELSEWHERE, "openai")


def test_keys_that_ended_or_were_revoked_are_left_out() -> None:
    dead = [
        replace(KEY, id="key_2", status="revoked"),
        replace(KEY, id="key_3", expires_at=NOON_US),
        replace(KEY, id="key_4", ends_at=NOON_US),
    ]
    assert keys_of(context_of(MemoryRecords(*ALL, *dead)), MAILER) == [KEY]

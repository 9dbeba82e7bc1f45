"""A new key beside the old one, for a while."""

import pytest
from msgspec.structs import replace

from gatebook.core.clock import SECOND_US
from gatebook.core.errors import NotFound
from gatebook.identity.directory import AgentKey, Scope
from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY
from gatebook.ledger.events.key import KeyRotated
from tests.decisions import ALL, DAY_US, KEY, MAILER, decide
from tests.simulators.clock import NOON_US
from tests.simulators.records import MemoryRecords


def keys_after(records: MemoryRecords | None = None, **values: object) -> list[AgentKey]:
    """New key first."""
    saves = decide("rotate_key", records, agent="mailer", **values).saves
    return [row for row in saves if isinstance(row, AgentKey)]


def test_the_old_key_ends_with_the_grace_of_the_settings() -> None:
    new, old = keys_after()
    assert old.id == KEY.id
    assert (old.ends_at, old.superseded_by) == (NOON_US + DAY_US, new.id)
    assert new.ends_at is None


@pytest.mark.parametrize("grace", [0, 60])
def test_the_grace_can_be_chosen(grace: int) -> None:
    _, old = keys_after(grace_seconds=grace)
    assert old.ends_at == NOON_US + grace * SECOND_US


def test_a_key_that_ends_sooner_anyway_keeps_its_end() -> None:
    soon = replace(KEY, expires_at=NOON_US + 1)
    _, old = keys_after(MemoryRecords(*ALL, soon))
    assert old.valid_until == NOON_US + 1


def test_an_agent_whose_keys_have_all_ended_gets_a_key_all_the_same() -> None:
    records = MemoryRecords(*ALL, replace(KEY, status="revoked"))
    outcome = decide("rotate_key", records, agent="mailer")
    assert len(outcome.saves) == 1
    event = outcome.event(actor=EXAMPLE_ACTOR, body=EXAMPLE_BODY)
    assert isinstance(event, KeyRotated)
    assert (event.supersedes, event.grace_ends_at) == ([], 0)


def test_the_event_names_the_agent_the_new_key_and_the_old_ones() -> None:
    outcome = decide("rotate_key", agent="mailer")
    event = outcome.event(actor=EXAMPLE_ACTOR, body=EXAMPLE_BODY)
    assert isinstance(event, KeyRotated)
    assert (event.object, event.supersedes) == ("agt_1", [KEY.id])
    assert event.key == outcome.answer["key_id"]


def test_an_unknown_agent_is_not_found() -> None:
    with pytest.raises(NotFound):
        decide("rotate_key", agent="nobody")


def test_a_new_key_can_do_no_more_than_the_old_one() -> None:
    """What an agent may do is the agent's: keys carry none of it, and beget no others."""
    saves = decide("rotate_key", agent="mailer").saves
    assert {type(row) for row in saves} == {AgentKey}
    assert {row.agent_id for row in saves if isinstance(row, AgentKey)} == {MAILER.id}
    # Both end some time: a key by itself, a scope for every key.
    assert set(AgentKey.__struct_fields__) & set(Scope.__struct_fields__) == {"expires_at"}

"""A new agent: somebody answers for it, it has a purpose, models and a key."""

from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.app.folders import command_kinds
from gatebook.control.command import Need
from gatebook.control.inputs import read_command
from gatebook.control.scoping import STANDARD
from gatebook.core.errors import Conflict, Invalid, NotFound
from gatebook.identity.directory import Agent, AgentKey
from tests.decisions import ACME, ALICE, ALL, MAIN, decide
from tests.simulators.records import MemoryRecords

VALUES: dict[str, Any] = {
    "owner": "Alice@example.com",
    "purpose": "sorts bug reports",
    "model": ["gpt-4o*", "o3"],
}


def need(*rows: Any, **values: Any) -> Need | None:
    order = read_command(command_kinds()["enroll_agent"], {**VALUES, **values})
    return order.needs(MemoryRecords(*rows))


def test_it_is_stored_with_owner_purpose_models_and_first_key() -> None:
    outcome = decide("enroll_agent", **VALUES, name="triage")
    agent, key = outcome.saves
    assert isinstance(agent, Agent)
    assert isinstance(key, AgentKey)
    assert (agent.owner_id, agent.workspace_id) == (ALICE.id, MAIN.id)
    assert (agent.name, agent.purpose, agent.scope.models) == (
        "triage",
        "sorts bug reports",
        ("gpt-4o*", "o3"),
    )
    assert key.agent_id == agent.id
    assert outcome.shown_once is not None


def test_what_is_not_said_of_its_scope_is_written_out() -> None:
    agent, _ = decide("enroll_agent", **VALUES).saves
    assert isinstance(agent, Agent)
    assert agent.scope == replace(STANDARD, models=("gpt-4o*", "o3"))


def test_every_dimension_of_its_scope_can_be_said_at_once() -> None:
    said: dict[str, Any] = {
        "provider": ["az*"],
        "state": "allowed",
        "max_tokens": "9",
        "source": ["::1"],
    }
    agent, _ = decide("enroll_agent", **VALUES, **said).saves
    assert isinstance(agent, Agent)
    found = agent.scope
    assert (found.providers, found.state, found.max_tokens, found.sources) == (
        ("az*",),
        True,
        9,
        ("::1",),
    )


def test_an_agent_without_a_name_gets_one_of_its_own() -> None:
    names = {decide("enroll_agent", **VALUES).answer["agent"] for _ in range(20)}
    assert len(names) == 20


def test_a_name_is_used_once_in_an_organization() -> None:
    with pytest.raises(Conflict):
        decide("enroll_agent", **VALUES, name="mailer")


@pytest.mark.parametrize("missing", VALUES)
def test_owner_purpose_and_models_are_required(missing: str) -> None:
    with pytest.raises(Invalid):
        decide("enroll_agent", **{name: v for name, v in VALUES.items() if name != missing})


def test_a_workspace_that_is_named_has_to_exist() -> None:
    with pytest.raises(NotFound):
        decide("enroll_agent", **VALUES, workspace="support")


def test_one_of_several_workspaces_has_to_be_named() -> None:
    records = MemoryRecords(*ALL, replace(MAIN, id="wsp_2", slug="support"))
    with pytest.raises(Invalid, match="main, support"):
        decide("enroll_agent", records, **VALUES)
    agent, _ = decide("enroll_agent", records, **VALUES, workspace="support").saves
    assert isinstance(agent, Agent)
    assert agent.workspace_id == "wsp_2"


def test_what_is_needed_first_comes_one_by_one() -> None:
    organization = Need("create_organization", {"slug": "default"})
    workspace = Need("create_workspace", {"organization": "acme", "slug": "default"})
    person = Need("register_person", {"organization": "acme", "email": "Alice@example.com"})
    assert need() == organization
    assert need(ACME) == workspace
    assert need(ACME, MAIN) == person
    assert need(ACME, MAIN, ALICE) is None


def test_a_workspace_that_is_named_is_not_made_up() -> None:
    assert need(ACME, ALICE, workspace="support") is None

"""What no rule permits is refused, and every permit names the policy it was given under."""

import time

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Refused
from gatebook.formats import Call
from gatebook.guard.inspect import Inspection
from gatebook.identity.directory import (
    Agent,
    AgentKey,
    Directory,
    Organization,
    Person,
    Provider,
    Workspace,
)
from gatebook.identity.identify import Principal
from gatebook.policy.permit import Permit, Policies, Policy, permit
from gatebook.providers.openai import CHAT, MODELS

ACME = Organization(id="org", slug="acme", name="Acme", created_at=1)
AGENT = Agent(
    id="agt",
    organization_id="org",
    workspace_id="wsp",
    owner_id="per",
    name="bot",
    purpose="tests",
    models=("gpt-4o*", "o4-mini"),
    created_at=1,
)
PROVIDER = Provider(
    id="prv_b",
    organization_id="org",
    name="openai",
    dialect="openai",
    base_url="https://api.openai.com",
    credential=None,
    data_key=None,
    models=("*",),
    created_at=2,
)


def directory(*providers: Provider, agent: Agent = AGENT) -> Directory:
    return Directory(
        revision=1,
        organizations={"org": ACME},
        workspaces={},
        people={},
        agents={"agt": agent},
        keys={},
        providers={provider.id: provider for provider in providers},
    )


def principal(agent: Agent = AGENT, organization: Organization = ACME) -> Principal:
    return Principal(
        agent=agent,
        key=AgentKey(
            id="key", agent_id="agt", mac=b"", pepper_version=1, last4="", issued_at=1, expires_at=2
        ),
        owner=Person(id="per", organization_id="org", name="", email="a@b", created_at=1),
        workspace=Workspace(id="wsp", organization_id="org", slug="w", name="", created_at=1),
        organization=organization,
    )


def decide(
    model: str, *providers: Provider, who: Principal | None = None, dialect: str = "openai"
) -> Permit:
    asked = replace(CHAT if model else MODELS, dialect=dialect)
    call = Call(operation=asked, path=asked.path, model=model)
    who = who or principal()
    policies = Policies(directory(*(providers or (PROVIDER,)), agent=who.agent))
    return permit(who, call, Inspection(), policies)


def policy_of(agent: Agent) -> Policy:
    return Policies(directory(PROVIDER, agent=agent)).of(principal(agent))


def code_of(model: str, *providers: Provider, who: Principal | None = None) -> str:
    with pytest.raises(Refused) as caught:
        decide(model, *providers, who=who)
    return caught.value.code


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o-mini", "o4-mini"])
def test_a_model_that_a_pattern_covers_is_permitted(model: str) -> None:
    given = decide(model)
    assert given.provider is PROVIDER
    assert given.rule == "agent.models"
    assert len(given.policy.digest) == 16


@pytest.mark.parametrize("model", ["gpt-4", "xgpt-4o", "o4-mini-high", "O4-mini"])
def test_any_other_model_is_refused(model: str) -> None:
    assert code_of(model) == "model_not_allowed"


def test_an_agent_without_patterns_may_ask_for_nothing() -> None:
    assert code_of("gpt-4o", who=principal(replace(AGENT, models=()))) == "model_not_allowed"


@pytest.mark.parametrize("status", ["suspended", "retired"])
def test_an_agent_that_is_not_active_is_refused(status: str) -> None:
    agent = replace(AGENT, status=status)
    assert code_of("gpt-4o", who=principal(agent)) == "agent_suspended"


def test_an_organization_that_is_suspended_takes_its_agents_along() -> None:
    who = principal(organization=replace(ACME, status="suspended"))
    assert code_of("gpt-4o", who=who) == "organization_suspended"


@pytest.mark.parametrize(
    "provider",
    [
        replace(PROVIDER, status="suspended"),
        replace(PROVIDER, organization_id="other"),
        replace(PROVIDER, dialect="another"),
        replace(PROVIDER, models=("gpt-3*",)),
    ],
)
def test_a_provider_that_may_not_or_cannot_serve_is_not_used(provider: Provider) -> None:
    assert code_of("gpt-4o", provider) == "provider_not_allowed"


def test_the_oldest_provider_that_serves_the_model_is_used() -> None:
    narrow = replace(PROVIDER, id="prv_a", created_at=1, models=("gpt-4o-mini",))
    assert decide("gpt-4o-mini", PROVIDER, narrow).provider is narrow
    assert decide("gpt-4o", PROVIDER, narrow).provider is PROVIDER


def test_the_list_of_models_needs_no_model() -> None:
    assert decide("", replace(PROVIDER, models=("gpt-3",))).provider.id == "prv_b"


def test_a_policy_is_that_of_the_agent_as_it_stands_and_not_as_it_was_when_it_called() -> None:
    """Whoever asks first, with what an older state knew, decides nothing for those after."""
    narrow = replace(AGENT, models=("gpt-4o-mini",))
    policies = Policies(directory(PROVIDER, agent=narrow))
    wide = principal(replace(AGENT, models=("*",)))
    assert not policies.of(wide).covers("gpt-4o")
    assert policies.of(principal(narrow)) is policies.of(wide)
    assert policies.of(wide).digest == policy_of(narrow).digest


def test_the_digest_follows_what_was_decided_upon() -> None:
    before = decide("gpt-4o").policy.digest
    assert decide("gpt-4o").policy.digest == before
    assert decide("gpt-4o", replace(PROVIDER, models=("gpt-*",))).policy.digest != before
    wider = principal(replace(AGENT, models=("*",)))
    assert decide("gpt-4o", who=wider).policy.digest != before


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        ("*", ["a", "x/y"], []),
        ("a*c", ["ac", "abc", "abcc"], ["a", "ab", "cab"]),
        ("*-mini*", ["o4-mini", "gpt-mini-2"], ["mini"]),
        ("a*a", ["aa", "aba"], ["a"]),
        ("a.c", ["a.c"], ["abc"]),
        ("*a*b*", ["ab", "xaxbx"], ["ba"]),
    ],
)
def test_a_star_stands_for_anything(pattern: str, hits: list[str], misses: list[str]) -> None:
    policy = policy_of(replace(AGENT, models=(pattern,)))
    assert [model for model in [*hits, *misses] if policy.covers(model)] == hits


def test_a_pattern_of_many_stars_takes_no_exponential_time() -> None:
    policy = policy_of(replace(AGENT, models=("*a" * 50 + "b",)))
    began = time.perf_counter()
    assert not policy.covers("a" * 128)
    assert time.perf_counter() - began < 0.5

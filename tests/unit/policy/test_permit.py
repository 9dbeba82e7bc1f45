"""Who may do nothing at all, and whose policy it is that decides."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gatebook.core.errors import Refused
from gatebook.guard.settings import GuardSettings
from gatebook.identity.directory import Agent, Directory, GuardRule, Organization, Provider
from gatebook.identity.identify import Principal
from gatebook.policy.permit import Policies, permit
from gatebook.policy.written import digest_of, parted
from tests.decisions import ACME, ALICE, KEY, MAILER, MAIN, OPENAI
from tests.policies import asked, narrowed


def directory(*providers: Provider, agent: Agent = MAILER) -> Directory:
    return Directory(
        revision=1,
        organizations={ACME.id: ACME},
        workspaces={},
        people={},
        agents={agent.id: agent},
        keys={},
        providers={provider.id: provider for provider in providers or (OPENAI,)},
        fallbacks={},
    )


def principal(agent: Agent = MAILER, organization: Organization = ACME) -> Principal:
    return Principal(agent=agent, key=KEY, owner=ALICE, workspace=MAIN, organization=organization)


def refusal(who: Principal, *providers: Provider) -> Refused:
    policies = Policies(directory(*providers, agent=who.agent))
    with pytest.raises(Refused) as caught:
        permit(who, *asked(), policies)
    return caught.value


def digest(agent: Agent = MAILER, *providers: Provider) -> str:
    return Policies(directory(*providers, agent=agent)).of(principal(agent)).digest


def test_what_the_policy_permits_is_permitted_and_what_it_refuses_is_raised() -> None:
    policies = Policies(directory())
    given = permit(principal(), *asked(), policies)
    assert given.policy is policies.of(principal())
    assert given.provider is OPENAI
    with pytest.raises(Refused) as caught:
        permit(principal(), *asked("o3"), policies)
    assert caught.value.rule == "agent.scope.models"


@pytest.mark.parametrize("status", ["suspended", "retired"])
def test_an_agent_that_is_not_active_is_refused(status: str) -> None:
    found = refusal(principal(replace(MAILER, status=status)))
    assert (found.code, found.rule) == ("agent_suspended", "agent.status")


def test_an_organization_that_is_suspended_takes_its_agents_along() -> None:
    found = refusal(principal(organization=replace(ACME, status="suspended")))
    assert (found.code, found.rule) == ("organization_suspended", "organization.status")


@pytest.mark.parametrize(
    "provider", [replace(OPENAI, status="suspended"), replace(OPENAI, organization_id="other")]
)
def test_a_provider_that_is_suspended_or_somebody_elses_is_not_used(provider: Provider) -> None:
    assert refusal(principal(), provider).code == "provider_not_allowed"


def test_the_oldest_provider_is_asked_first() -> None:
    older = replace(OPENAI, id="prv_9", name="older", created_at=OPENAI.created_at - 1)
    given = permit(principal(), *asked(), Policies(directory(OPENAI, older)))
    assert given.providers == (older, OPENAI)


def test_a_policy_is_that_of_the_agent_as_it_stands_and_not_as_it_was_when_it_called() -> None:
    """Whoever asks first, with what an older state knew, decides nothing for those after."""
    narrow = replace(MAILER, scope=narrowed(models=("gpt-4o-mini",)))
    policies = Policies(directory(agent=narrow))
    wide = principal(replace(MAILER, scope=narrowed(models=("*",))))
    assert policies.of(principal(narrow)) is policies.of(wide)
    assert policies.of(wide).digest == digest(narrow)
    with pytest.raises(Refused):
        permit(wide, *asked("gpt-4o"), policies)


def test_the_digest_follows_what_was_decided_upon() -> None:
    before = digest()
    assert digest() == before
    scope, providers, guard = parted(before)
    wider = parted(digest(replace(MAILER, scope=narrowed(models=("*",)))))
    assert wider[0] != scope
    assert wider[1:] == (providers, guard)
    served = parted(digest(MAILER, replace(OPENAI, models=("gpt-*",))))
    assert served == (scope, served[1], guard)
    assert served[1] != providers


def test_every_text_that_a_digest_names_can_be_kept() -> None:
    policies = Policies(directory())
    texts = dict(policies.texts())
    scope, providers, guard = parted(policies.of(principal()).digest)
    assert set(texts) == {scope, providers, guard}
    assert all(digest_of(text) == named for named, text in texts.items())
    assert msgspec.json.decode(texts[scope])["models"] == ["gpt-*"]
    assert msgspec.json.decode(texts[providers])["providers"][0]["id"] == OPENAI.id
    assert msgspec.json.decode(texts[guard])["guard"]["rules"] == []


def test_an_agent_has_the_guard_rules_that_bind_it_and_its_policy_names_them() -> None:
    rule = GuardRule(
        id="grl_1",
        organization_id=ACME.id,
        agent_id=MAILER.id,
        what="secret",
        action="block",
        created_at=1,
    )
    ruled = replace(directory(), guard_rules={rule.id: rule})
    policies = Policies(ruled, GuardSettings(data="mask"))
    policy = policies.of(principal())
    asked_for: dict[str, Any] = {"direction": "request", "detector": "aws", "region": "eu-1"}
    assert policy.guard.action(data_class="secret", **asked_for) == ("block", rule.id)
    assert policy.guard.action(data_class="health", **asked_for) == ("mask", "guard.data")
    text = dict(policies.texts())[parted(policy.digest)[2]]
    (said,) = msgspec.json.decode(text)["guard"]["rules"]
    assert said["id"] == rule.id


def test_a_provider_that_is_suspended_is_in_no_text() -> None:
    suspended = replace(OPENAI, status="suspended")
    texts = dict(Policies(directory(suspended)).texts())
    assert not any(OPENAI.id.encode() in text for text in texts.values())

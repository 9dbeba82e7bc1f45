"""Decides whether a call may leave, and to which providers."""

from collections.abc import Iterator

from gatebook.core.errors import Refused
from gatebook.formats import Call
from gatebook.guard.settings import AS_SHIPPED, GuardSettings
from gatebook.identity.directory import Agent, Directory, Organization
from gatebook.identity.identify import Principal
from gatebook.policy.circumstances import Circumstances
from gatebook.policy.guarding import GuardPolicies
from gatebook.policy.resolve import Offers, Permit, Policy
from gatebook.policy.written import digest_of, scope_text


class Policies:
    """The policies of all agents in one state of the directory, compiled as they are needed."""

    def __init__(self, directory: Directory, guard: GuardSettings = AS_SHIPPED) -> None:
        self._directory = directory
        self._guard = GuardPolicies(directory.guard_rules.values(), guard)
        self._compiled: dict[str, Policy] = {}
        self._offers: dict[str, Offers] = {}

    def of(self, principal: Principal) -> Policy:
        """The policy of an agent, as it stands in this state whatever it was when it called."""
        policy = self._compiled.get(principal.agent.id)
        if policy is None:
            agent = self._directory.agents[principal.agent.id]
            offers = self._offers_of(agent.organization_id)
            policy = Policy(agent.scope, offers, self._guard.of(agent))
            self._compiled[agent.id] = policy
        return policy

    def texts(self) -> Iterator[tuple[str, bytes]]:
        """Every text that these policies consist of, with its digest."""
        for agent in self._directory.agents.values():
            text = scope_text(agent.scope)
            yield digest_of(text), text
            guard = self._guard.of(agent)
            yield guard.digest, guard.text
        for id_ in self._directory.organizations:
            offers = self._offers_of(id_)
            yield offers.digest, offers.text

    def _offers_of(self, organization_id: str) -> Offers:
        offers = self._offers.get(organization_id)
        if offers is None:
            own = [
                provider
                for provider in self._directory.providers.values()
                if provider.organization_id == organization_id and provider.status == "active"
            ]
            own.sort(key=lambda provider: (provider.created_at, provider.id))
            offers = self._offers[organization_id] = Offers(own)
        return offers


def permit(principal: Principal, call: Call, at: Circumstances, policies: Policies) -> Permit:
    """The permit for a call; raises Refused if no rule permits it."""
    barred = suspended(principal.agent, principal.organization)
    if barred is not None:
        raise barred
    found = policies.of(principal).resolve(call, at)
    if isinstance(found, Refused):
        raise found
    return found


def suspended(agent: Agent, organization: Organization) -> Refused | None:
    """Why an agent may do nothing at all, whatever it is permitted; None if that is not so."""
    if organization.status != "active":
        return Refused(
            "organization_suspended",
            "The organization is suspended.",
            "Ask its administrator.",
            rule="organization.status",
        )
    if agent.status != "active":
        return Refused(
            "agent_suspended",
            "The agent is suspended.",
            "Ask the owner of the agent.",
            rule="agent.status",
        )
    return None

"""Decides whether a call may leave, and to which provider."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from gatebook.core.errors import Refused
from gatebook.core.json_profile import encode
from gatebook.formats import Call
from gatebook.guard.inspect import Inspection
from gatebook.identity.directory import Directory, Provider
from gatebook.identity.identify import Principal

_REMEMBERED: Final = 1000
"""Models of an agent whose permit is kept; beyond it each call is decided anew."""


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """A call may leave: to this provider, by this rule of this policy."""

    provider: Provider
    rule: str
    policy: "Policy"


class Policy:
    """What one agent may do, compiled from one state of the directory."""

    def __init__(self, models: tuple[str, ...], providers: tuple[Provider, ...]) -> None:
        self._models = _Patterns(models)
        self._routes = tuple((provider, _Patterns(provider.models)) for provider in providers)
        said = {
            "models": sorted(models),
            "providers": [
                {"dialect": p.dialect, "id": p.id, "models": sorted(p.models), "url": p.base_url}
                for p in providers
            ],
        }
        self._permits: dict[tuple[str, str], Permit] = {}
        self.digest = urlsafe_b64encode(sha256(encode(said)).digest()[:12]).decode()

    def covers(self, model: str) -> bool:
        """Whether the agent may ask for the model."""
        return self._models.match(model)

    def provider(self, dialect: str, model: str) -> Provider | None:
        """The first provider that speaks the dialect and serves the model; any model if empty."""
        for provider, models in self._routes:
            if provider.dialect == dialect and (not model or models.match(model)):
                return provider
        return None

    def permit(self, dialect: str, model: str) -> Permit:
        """The permit for a model, decided once; raises Refused."""
        permit = self._permits.get((dialect, model))
        if permit is None:
            permit = self._decide(dialect, model)
            if len(self._permits) < _REMEMBERED:
                self._permits[dialect, model] = permit
        return permit

    def _decide(self, dialect: str, model: str) -> Permit:
        if model and not self.covers(model):
            raise Refused(
                "model_not_allowed",
                f"The agent may not use the model {model}.",
                "Ask the owner of the agent to have it granted.",
            )
        provider = self.provider(dialect, model)
        if provider is None:
            raise Refused(
                "provider_not_allowed",
                "No provider of the organization takes this call.",
                "Ask its administrator to add one: gatebook provider add --help",
            )
        return Permit(provider=provider, rule="agent.models", policy=self)


class Policies:
    """The policies of all agents in one state of the directory, compiled as they are needed."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._compiled: dict[str, Policy] = {}

    def of(self, principal: Principal) -> Policy:
        """The policy of an agent, as it stands in this state whatever it was when it called."""
        policy = self._compiled.get(principal.agent.id)
        if policy is None:
            agent = self._directory.agents[principal.agent.id]
            own = [
                provider
                for provider in self._directory.providers.values()
                if provider.organization_id == agent.organization_id and provider.status == "active"
            ]
            own.sort(key=lambda provider: (provider.created_at, provider.id))
            policy = self._compiled[agent.id] = Policy(agent.models, tuple(own))
        return policy


def permit(principal: Principal, call: Call, inspection: Inspection, policies: Policies) -> Permit:
    """The permit for a call; raises Refused if no rule permits it."""
    del inspection  # nothing is detected yet, so nothing can be decided upon it
    if principal.organization.status != "active":
        raise Refused(
            "organization_suspended", "The organization is suspended.", "Ask its administrator."
        )
    if principal.agent.status != "active":
        raise Refused("agent_suspended", "The agent is suspended.", "Ask the owner of the agent.")
    return policies.of(principal).permit(call.operation.dialect, call.model)


class _Patterns:
    """Names in which `*` stands for anything; matching takes linear time, unlike a regex's."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._parts = [pattern.split("*") for pattern in patterns]

    def match(self, name: str) -> bool:
        """Whether the name is meant by one of the patterns."""
        return any(_fits(name, parts) for parts in self._parts)


def _fits(name: str, parts: Sequence[str]) -> bool:
    if len(parts) == 1:
        return name == parts[0]
    first, *middle, last = parts
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True

"""Which calls a stop is about, and what their agents are told: what, whom to ask, never why.

Stops come before every permission: none can be given against one.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple, Self

from gatebook.core.errors import Refused
from gatebook.identity.directory import Directory, Provider, Stop
from gatebook.identity.identify import Principal
from gatebook.policy.patterns import Patterns

_WHOM: Final = {
    "platform": "the operator of this installation",
    "agent": "the owner of the agent",
    "quarantine": "the owner of the agent",
}
_ADMINISTRATOR: Final = "the administrator of the organization"


class Target(NamedTuple):
    """What a call is about, by ids; the model by its name. Empty: nothing, or not known yet."""

    organization: str
    workspace: str = ""
    agent: str = ""
    key: str = ""
    provider: str = ""
    model: str = ""

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """What every call of a principal is about, wherever it goes."""
        return cls(
            organization=principal.organization.id,
            workspace=principal.workspace.id,
            agent=principal.agent.id,
            key=principal.key.id,
        )

    @classmethod
    def of_provider(cls, provider: Provider) -> Self:
        """What everything is about that goes to a provider."""
        return cls(organization=provider.organization_id, provider=provider.id)

    def by(self, provider: Provider, model: str) -> Self:
        """What it is about if it goes there, for that model."""
        return self._replace(provider=provider.id, model=model)


class Stops:
    """Stops that are in force, quick to ask for each call; nobody changes them."""

    def __init__(self, stops: Iterable[Stop] = ()) -> None:
        self._of_all: Stop | None = None
        self._by_id: dict[str, Stop] = {}
        self._by_model: list[tuple[Stop, Patterns]] = []
        for stop in stops:
            match stop.kind:
                case "platform":
                    self._of_all = stop
                case "model":
                    self._by_model.append((stop, Patterns((stop.subject,))))
                case "drill":
                    pass  # it goes the way of all stops and is about nobody
                case _:
                    self._by_id[stop.subject] = stop

    def meeting(self, target: Target) -> Stop | None:
        """A stop that a call is subject to."""
        if self._of_all is not None:
            return self._of_all
        if self._by_id:
            for id_ in (target.organization, target.workspace, target.agent, target.provider):
                if id_ in self._by_id:
                    return self._by_id[id_]
        for stop, patterns in self._by_model:
            if stop.organization_id in (None, target.organization) and patterns.match(target.model):
                return stop
        return None


def refusal(stop: Stop, directory: Directory) -> Refused:
    """What the agents of stopped calls are told."""
    hint = f"Ask {_WHOM.get(stop.kind, _ADMINISTRATOR)}, who finds it as {stop.id}."
    if stop.kind == "platform":
        return Refused("stopped", "All calls are stopped.", hint, rule=stop.id)
    name = name_of(stop, directory)
    if stop.kind == "quarantine":
        said = f"The agent {name} is quarantined."
        return Refused("agent_quarantined", said, hint, rule=stop.id)
    return Refused("stopped", f"The {stop.kind} {name} is stopped.", hint, rule=stop.id)


def name_of(stop: Stop, directory: Directory) -> str:
    """What people call that which is stopped; its id where nobody knows it any more."""
    id_ = stop.subject
    match stop.kind:
        case "organization" if id_ in directory.organizations:
            return directory.organizations[id_].slug
        case "workspace" if id_ in directory.workspaces:
            return directory.workspaces[id_].slug
        case "provider" if id_ in directory.providers:
            return directory.providers[id_].name
        case "agent" | "quarantine" if id_ in directory.agents:
            return directory.agents[id_].name
    return id_

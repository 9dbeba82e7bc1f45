"""Which calls a stop is about, and what their agents are told: what, whom to ask, never why.

Stops come before every permission: none can be given against one. They lean wide where a scope
leans narrow: a model has many spellings, and none of them may lead around its stop.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, Self, get_args

from gatebook.core.errors import Refused
from gatebook.formats import Call
from gatebook.identity.directory import (
    Agent,
    Organization,
    Provider,
    Rows,
    Stop,
    StopKind,
    Workspace,
)
from gatebook.identity.identify import Principal
from gatebook.policy.patterns import Patterns

KINDS: Final = tuple(kind for kind in get_args(StopKind) if kind != "drill")
"""Kinds of stops that are about anybody."""

_WHOM: Final = {
    "platform": "the operator of this installation",
    "agent": "the owner of the agent",
    "quarantine": "the owner of the agent",
}
_ADMINISTRATOR: Final = "the administrator of the organization"

_NAMED: Final[dict[str, tuple[type[Organization | Workspace | Provider | Agent], str]]] = {
    "organization": (Organization, "slug"),
    "workspace": (Workspace, "slug"),
    "provider": (Provider, "name"),
    "agent": (Agent, "name"),
    "quarantine": (Agent, "name"),
}
"""The kinds of stops whose subject is a row, and where its name stands."""

_OTHER_MODELS: Final = ("fallback:", "advisor:")
"""What the hosted tools begin with that are models, which the vendor asks beside or instead."""

_SEPARATORS: Final = "/:."
"""What stands between a model's name and those of who serves it: `openai/`, `ft:`, `us.`."""

_VENDORS_CHOICE: Final = "fallback:default"


class Target(NamedTuple):
    """What a call is about, by ids; models by their names. Empty: nothing, or not known yet."""

    organization: str
    workspace: str = ""
    agent: str = ""
    key: str = ""
    provider: str = ""
    models: tuple[str, ...] = ()
    """Every one that may answer; empty: one that the vendor chooses, which may be any."""

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

    def by(self, provider: Provider, call: Call) -> Self:
        """What it is about if it goes there as that call."""
        return self._replace(provider=provider.id, models=tuple(_models_of(call)))


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
                    self._by_model.append((stop, Patterns((stop.subject.casefold(),))))
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
            if stop.organization_id in (None, target.organization) and any(
                _means(patterns, model) for model in target.models
            ):
                return stop
        return None


def refusal(stop: Stop, rows: Rows) -> Refused:
    """What the agents of stopped calls are told."""
    hint = f"Ask {_WHOM.get(stop.kind, _ADMINISTRATOR)}, who finds it as {stop.id}."
    if stop.kind == "platform":
        return Refused("stopped", "All calls are stopped.", hint, rule=stop.id)
    name = name_of(stop, rows)
    if stop.kind == "quarantine":
        said = f"The agent {name} is quarantined."
        return Refused("agent_quarantined", said, hint, rule=stop.id)
    return Refused("stopped", f"The {stop.kind} {name} is stopped.", hint, rule=stop.id)


def name_of(stop: Stop, rows: Rows) -> str:
    """What people call that which is stopped; its id where nobody knows it any more."""
    if stop.kind in _NAMED:
        kind, column = _NAMED[stop.kind]
        for row in rows.find(kind, id=stop.subject):
            return str(getattr(row, column))
    return stop.subject


def _models_of(call: Call) -> Iterator[str]:
    """Every model that may answer a call; a list of things is of none."""
    if call.model or call.operation.has_body:
        yield call.model
    for tool in call.hosted_tools:
        if tool.startswith(_OTHER_MODELS):
            yield "" if tool == _VENDORS_CHOICE else tool.partition(":")[2]


def _means(patterns: Patterns, model: str) -> bool:
    """Whether a model is meant in any case, by its whole name or what follows a separator in it."""
    name = model.casefold()
    behind = [name[at + 1 :] for at, letter in enumerate(name) if letter in _SEPARATORS]
    return not name or any(map(patterns.match, [name, *behind]))

"""The people, agents, keys and providers of an installation as one value, swapped whole on change.

The gateway asks this copy and never the database; `revision` says which state it is a copy of.
Nobody changes a Directory: a newer one takes its place.
"""

from typing import Annotated, Any, Literal, Protocol, TypeVar

import msgspec
from msgspec import Meta

from gatebook.core.envelope import Cell


class Organization(msgspec.Struct, frozen=True, kw_only=True, tag="organization"):
    """A company; owns everything below and has a log of its own."""

    id: str
    slug: str
    name: str
    status: Literal["active", "suspended"] = "active"
    created_at: int


class Workspace(msgspec.Struct, frozen=True, kw_only=True, tag="workspace"):
    """A part of an organization whose agents belong together."""

    id: str
    organization_id: str
    slug: str
    name: str
    created_at: int


class Person(msgspec.Struct, frozen=True, kw_only=True, tag="person"):
    """A human being who answers for agents."""

    id: str
    organization_id: str
    name: str
    email: str
    created_at: int


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent may do; a call has to fit every dimension, and an empty list permits nothing.

    No dimension has a default: what a scope does not say cannot be read as "whatever you like".
    In lists of names `*` stands for anything.
    """

    models: tuple[str, ...]
    providers: tuple[str, ...]
    operations: tuple[str, ...]
    """What may be asked of them, such as `chat.completions`."""
    regions: tuple[str, ...]
    """Where providers may be; one whose region is not known fits `*` alone."""
    data_classes: tuple[str, ...]
    """What the text may hold, such as `personal`."""
    hosted_tools: tuple[str, ...]
    """Tools that a vendor may run itself, such as `web_search` or `mcp:mcp.example.com`."""
    state: bool
    """Whether a vendor may keep what was said, or use what it kept."""
    max_tokens: int | None
    """Output tokens of one call, of all its choices together; None: no limit."""
    sources: tuple[str, ...]
    """Networks (CIDR) that calls may come from."""
    hours: tuple[str, ...]
    """Windows of time such as `mon-fri 08:00-18:00 Europe/Zurich`."""
    expires_at: int | None
    """When all of this ends, in microseconds; None: never by itself."""


class Agent(msgspec.Struct, frozen=True, kw_only=True, tag="agent"):
    """A program that acts by itself, within its scope."""

    id: str
    organization_id: str
    workspace_id: str
    owner_id: str
    name: str
    purpose: str
    scope: Scope
    status: Literal["active", "suspended", "retired"] = "active"
    epoch: int = 0
    created_at: int


class AgentKey(msgspec.Struct, frozen=True, kw_only=True, tag="key"):
    """What is kept of a key; `ends_at` is set when a successor was issued."""

    id: str
    agent_id: str
    mac: bytes
    pepper_version: int
    last4: str
    status: Literal["active", "revoked"] = "active"
    issued_at: int
    expires_at: int
    superseded_by: str | None = None
    ends_at: int | None = None
    revoked_at: int | None = None

    @property
    def valid_until(self) -> int:
        """When the key stops working by itself, in microseconds."""
        return self.expires_at if self.ends_at is None else min(self.expires_at, self.ends_at)

    def is_live(self, now_us: int) -> bool:
        """Whether the key would be accepted at that time."""
        return self.status == "active" and now_us < self.valid_until


class Provider(msgspec.Struct, frozen=True, kw_only=True, tag="provider"):
    """A model vendor's interface; its credential, if it needs one, is sealed under `data_key`.

    `models` are those it serves, `data_classes` what may be sent there; `region` is where it is,
    empty if that is not known.
    """

    id: str
    organization_id: str
    name: str
    dialect: str
    base_url: str
    credential: bytes | None = None
    data_key: str | None = None
    models: tuple[str, ...]
    region: str = ""
    data_classes: tuple[str, ...]
    availability_ppm: int | None = None
    """The share of time, in millionths, for which the vendor or we promise that it answers."""
    status: Literal["active", "suspended"] = "active"
    created_at: int


class Fallback(msgspec.Struct, frozen=True, kw_only=True, tag="fallback"):
    """Where a call for a model goes when its provider cannot take it.

    `model` is the pattern asked for and `target` the model there, the same one if it is empty.
    Several for one pattern are tried in the order in which they were added.
    """

    id: str
    organization_id: str
    model: str
    provider_id: str
    target: str = ""
    created_at: int


def credential_cell(provider_id: str) -> Cell:
    """The place a provider's credential is sealed for."""
    return Cell("providers", provider_id, "credential")


class Limit(msgspec.Struct, frozen=True, kw_only=True, tag="limit"):
    """What an agent, a workspace or an organization may use at most.

    `amount` is a number of requests, tokens or calls, or micro-units of US dollars. A minute is a
    token bucket, days and months are the calendar's in UTC, calls at one time have no period.
    """

    id: str
    organization_id: str
    subject: Literal["agent", "workspace", "organization"]
    subject_id: str
    measure: Literal["requests", "tokens", "money", "concurrent"]
    period: Literal["minute", "day", "month", "none"]
    amount: int
    created_at: int


class PriceOverride(msgspec.Struct, frozen=True, kw_only=True, tag="price"):
    """What an organization pays for models instead of what the price table says.

    Micro-units of US dollars for a million tokens; `provider_id` is empty where it is the same at
    all of its providers, `context_window` 0 where it is not known.
    """

    id: str
    organization_id: str
    provider_id: str
    model: str
    input: int
    cached_input: int
    cache_write: int
    cache_write_long: int
    output: int
    context_window: int = 0
    hides_output: bool = False
    created_at: int


StopKind = Literal[
    "platform", "organization", "workspace", "provider", "model", "agent", "quarantine", "drill"
]


class Stop(msgspec.Struct, frozen=True, kw_only=True, tag="stop"):
    """Calls of what it names end at once and no others are made, until somebody releases it.

    `subject` is the id of what is stopped, or the pattern of the models; a stop of the platform
    and a drill need none. Without an organization it holds in all of them.
    """

    id: str
    organization_id: str | None = None
    kind: StopKind
    subject: str = ""
    status: Literal["engaged", "released"] = "engaged"
    engaged_at: int
    released_at: int | None = None


GuardAction = Literal[
    "observe", "allow", "record", "flag", "mask", "token", "redact", "block", "quarantine"
]
"""What the guard can do about what it finds, the strictest last."""


class GuardRule(msgspec.Struct, frozen=True, kw_only=True, tag="guard_rule"):
    """What the guard does about something it finds, where an agent, a workspace or all are meant.

    `what` is a class of data or a pattern of such, `detector:` and its id, `blind:` and what could
    not be looked into, or `threat`; `region` is a pattern of where the other side is.
    """

    id: str
    organization_id: str
    workspace_id: str | None = None
    agent_id: str | None = None
    direction: Literal["request", "reply", "both"] = "both"
    what: str
    region: str = "*"
    action: GuardAction
    threshold: int | None = None
    """Of a threat, in thousandths: from which score on; None: from the guard's own."""
    created_at: int


Row = (
    Organization
    | Workspace
    | Person
    | Agent
    | AgentKey
    | Provider
    | Fallback
    | Limit
    | PriceOverride
    | Stop
    | GuardRule
)
"""Everything an administrator can create or change."""

R = TypeVar("R", bound=Row)


class Rows(Protocol):
    """Where rows are looked for: a directory, or the records of a command's transaction."""

    def find(self, kind: type[R], **equals: str) -> list[R]: ...


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known about who is who, by id."""

    revision: Annotated[int, Meta(description="counts administrative changes")]
    organizations: dict[str, Organization]
    workspaces: dict[str, Workspace]
    people: dict[str, Person]
    agents: dict[str, Agent]
    keys: dict[str, AgentKey]
    providers: dict[str, Provider]
    fallbacks: dict[str, Fallback]
    limits: dict[str, Limit] = msgspec.field(default_factory=dict)
    prices: dict[str, PriceOverride] = msgspec.field(default_factory=dict)
    stops: dict[str, Stop] = msgspec.field(default_factory=dict)
    guard_rules: dict[str, GuardRule] = msgspec.field(default_factory=dict)

    def find(self, kind: type[R], **equals: str) -> list[R]:
        """The rows of a kind whose columns have these values; by its id one is found at once."""
        rows = self._rows(kind)
        id_ = equals.get("id")
        meant = rows.values() if id_ is None else [rows[id_]] if id_ in rows else []
        return [
            row
            for row in meant
            if all(getattr(row, column) == value for column, value in equals.items())
        ]

    @property
    def engaged(self) -> list[Stop]:
        """The stops that are in force, drills among them."""
        return [stop for stop in self.stops.values() if stop.status == "engaged"]

    def _rows(self, kind: type[R]) -> dict[str, R]:
        rows: dict[type, dict[str, Any]] = {
            Organization: self.organizations,
            Workspace: self.workspaces,
            Person: self.people,
            Agent: self.agents,
            AgentKey: self.keys,
            Provider: self.providers,
            Fallback: self.fallbacks,
            Limit: self.limits,
            PriceOverride: self.prices,
            Stop: self.stops,
            GuardRule: self.guard_rules,
        }
        return rows[kind]

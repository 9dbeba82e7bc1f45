"""Why a call was permitted or refused: read from its entry, and from the policy that it names.

The policy is shown as it stood then, whatever it is now. What cannot be told is said, too.
"""

from typing import Any, Final, Literal, TypeVar

import msgspec

from gatebook.app.book import WRITER
from gatebook.core.clock import SECOND_US, from_text, to_text
from gatebook.core.errors import Invalid, NotFound, Tampered
from gatebook.identity.directory import Directory
from gatebook.ledger.events import Event
from gatebook.ledger.events.agent import AgentEnrolled, AgentRescoped
from gatebook.ledger.events.call import CallConcluded, CallIntended, CallRefused
from gatebook.ledger.events.stream import StreamOpened
from gatebook.policy.explain import in_short
from gatebook.policy.written import digest_of, parted
from gatebook.storage.database import Database
from gatebook.storage.directory import load_snapshot
from gatebook.storage.lookup import Found, Lookup
from gatebook.storage.policies import policy_text

E = TypeVar("E", bound=Event)

Decided = CallIntended | CallRefused

_DAY_US: Final = 24 * 3600 * SECOND_US

_GRANTS: Final[dict[str, type[AgentEnrolled | AgentRescoped]]] = {
    AgentEnrolled.name: AgentEnrolled,
    AgentRescoped.name: AgentRescoped,
}

_NO_RULE: Final = "No rule of the policy decided; the code says why."
_NOT_ASKED_FOR: Final = (
    "Which model and which provider was asked for: refusals are counted by their kind, so that a "
    "caller in a loop cannot fill the book."
)
_NOT_ENDED: Final = (
    "How the call ended: no outcome was recorded within a day; it may have been executed."
)
_NOT_GRANTED: Final = (
    "Who gave the agent this scope: no entry names it. It was carried over from an earlier "
    "version, or a later one wrote it in another form."
)
_NEVER_TOLD: Final = (
    "From which address it came, and which tools, state and tokens it asked for: not recorded.",
    "What was said: entries commit to the text and do not hold it.",
    "What things were called then: the names are those of today.",
    "Whether the entries are genuine: gatebook verify tells.",
)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that belongs to the decision, and what it says."""

    reference: str
    at: str
    event: str
    data: dict[str, Any]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A decision about a call, by what it was made, and how the call ended."""

    log: str
    decision: Literal["permitted", "refused"]
    entry: Told
    names: dict[str, str]
    """What is called how today, by id."""
    says: str
    """What the rule decided, in words; empty if that is not known here."""
    scope: dict[str, Any] | None
    """What the agent might do then."""
    granted: Told | None
    """The change that made that its scope."""
    providers: list[dict[str, Any]] | None
    """The active providers of the organization then, in the order in which they are asked."""
    provider: dict[str, Any] | None
    """The one that the call went to."""
    guard: dict[str, Any] | None
    """What the guard was to do then: the rules that bound the agent, and the settings."""
    outcome: Told | None
    cannot_tell: list[str]


def explain(database: Database, reference: str) -> Explanation:
    """The decision that an entry is or belongs to.

    Raises NotFound for an entry that is not there, Invalid for one that is no decision about a
    call, and Tampered for one that no writer made.
    """
    with database.reading() as connection:
        lookup = Lookup(connection)
        decision = _decision(lookup, _found(lookup, reference))
        event = _decided(decision)
        doubts: list[str] = []
        of_scope, of_providers, of_guard = parted(event.policy)
        text = policy_text(connection, of_scope)
        scope = _held(text, of_scope, "the agent might do", doubts)
        text = policy_text(connection, of_providers)
        offers = _held(text, of_providers, "providers there were", doubts)
        text = policy_text(connection, of_guard)
        guarding = _held(text, of_guard, "the guard was to do", doubts)
        granted = None if scope is None else _granted(lookup, decision, event)
        outcome = _outcome(lookup, decision, event) if isinstance(event, CallIntended) else None
        names = _names(load_snapshot(connection), event)
    providers = None if offers is None else offers["providers"]
    guard = None if guarding is None else guarding["guard"]
    doubts += _unsaid(event, has_scope=scope is not None, granted=granted, outcome=outcome)
    return Explanation(
        log=decision.log,
        decision="refused" if isinstance(event, CallRefused) else "permitted",
        entry=_told(decision),
        names=names,
        says=in_short(event.rule, scope, guard) if event.rule else _NO_RULE,
        scope=scope,
        granted=granted,
        providers=providers,
        provider=_chosen(providers, event),
        guard=guard,
        outcome=outcome,
        cannot_tell=doubts,
    )


def _found(lookup: Lookup, reference: str) -> Found:
    sid, _, number = reference.strip().rpartition(".")
    if not sid or not (number.isascii() and number.isdigit()) or len(number) > 15:
        raise Invalid(
            "reference_invalid",
            f"{reference} is no reference of an entry.",
            "It is what the header x-request-id of an answer holds, such as s9f2Kq81LmZ0a.4711.",
        )
    found = lookup.entry(sid, int(number))
    if found is None:
        raise NotFound(
            "entry_unknown",
            f"There is no entry {reference} in this installation.",
            "See that it was copied whole, and that --data names the right installation.",
        )
    return found


def _decision(lookup: Lookup, found: Found) -> Found:
    """The entry itself, or the intent if it is the outcome of one."""
    match found.entry.ev:
        case CallIntended.name | CallRefused.name:
            return found
        case CallConcluded.name:
            return _intent(lookup, found)
    raise Invalid(
        "entry_not_a_call",
        f"The entry {found.reference} is {found.entry.ev}, which decides nothing about a call.",
        "See what it says: gatebook log tail --bodies",
    )


def _intent(lookup: Lookup, outcome: Found) -> Found:
    event = _read(outcome, CallConcluded)
    for sid in (outcome.sid, _predecessor(lookup, outcome.sid)):
        found = lookup.entry(sid, event.intent)
        is_intent = found is not None and found.entry.ev == CallIntended.name
        if found and is_intent and _read(found, CallIntended).call == event.call:
            return found
    raise NotFound(
        "intent_unknown",
        f"The entry {outcome.reference} is an outcome whose intent is not there.",
        "Verify the log: gatebook verify --help",
    )


def _predecessor(lookup: Lookup, sid: str) -> str:
    """The stream that the same writer kept before; empty if there was none."""
    opening = lookup.entry(sid, 0)
    before = None if opening is None else _read(opening, StreamOpened).predecessor
    return "" if before is None else before.sid


def _outcome(lookup: Lookup, intent: Found, event: CallIntended) -> Told | None:
    until = to_text(from_text(intent.entry.ts) + _DAY_US)
    for found in lookup.behind(intent, f'"call":"{event.call}"'.encode(), until):
        is_outcome = found.entry.ev == CallConcluded.name
        if is_outcome and _read(found, CallConcluded).intent == intent.sq:
            return _told(found)
    return None


def _granted(lookup: Lookup, decision: Found, event: Decided) -> Told | None:
    """The last change before the decision that gave the agent the scope it was made by."""
    scope, *_ = parted(event.policy)
    last = None
    for found in lookup.of_writer(decision.log, WRITER, f'"scope":"{scope}"'.encode()):
        kind = _GRANTS.get(found.entry.ev)
        is_before = found.entry.ts <= decision.entry.ts
        if kind and is_before and _read(found, kind).object == event.agent:
            last = found
    return None if last is None else _told(last)


def _held(text: bytes | None, digest: str, what: str, doubts: list[str]) -> Any:
    """What a policy says, if it is what the entry names; a doubt is added if not."""
    if text is not None and digest_of(text) == digest:
        return msgspec.json.decode(text)
    why = "no text is kept for it" if text is None else "the text kept for it is another one"
    doubts.append(f"What {what} then: the entry says {digest or 'nothing'}, and {why}.")
    return None


def _chosen(providers: list[dict[str, Any]] | None, event: Decided) -> dict[str, Any] | None:
    if providers is None or isinstance(event, CallRefused):
        return None
    return next((each for each in providers if each["id"] == event.provider), None)


def _unsaid(
    event: Decided, *, has_scope: bool, granted: Told | None, outcome: Told | None
) -> list[str]:
    unsaid = []
    if isinstance(event, CallRefused):
        unsaid.append(_NOT_ASKED_FOR)
    elif outcome is None:
        unsaid.append(_NOT_ENDED)
    if has_scope and granted is None:
        unsaid.append(_NOT_GRANTED)
    return [*unsaid, *_NEVER_TOLD]


def _names(directory: Directory, event: Decided) -> dict[str, str]:
    """What people call the things that an entry names."""
    names = {
        **{agent.id: agent.name for agent in directory.agents.values()},
        **{person.id: person.email for person in directory.people.values()},
        **{key.id: f"...{key.last4}" for key in directory.keys.values()},
        **{workspace.id: workspace.slug for workspace in directory.workspaces.values()},
        **{provider.id: provider.name for provider in directory.providers.values()},
    }
    named = msgspec.structs.astuple(event)
    return {id_: name for id_, name in names.items() if id_ in named}


def _told(found: Found) -> Told:
    data: dict[str, Any] = msgspec.json.decode(found.entry.d)
    return Told(reference=found.reference, at=found.entry.ts, event=found.entry.ev, data=data)


def _decided(found: Found) -> Decided:
    is_intent = found.entry.ev == CallIntended.name
    return _read(found, CallIntended) if is_intent else _read(found, CallRefused)


def _read(found: Found, kind: type[E]) -> E:
    try:
        return msgspec.json.decode(found.entry.d, type=kind)
    except msgspec.DecodeError:
        raise Tampered(
            "entry_unreadable",
            f"The entry {found.reference} does not hold what a {found.entry.ev} does.",
            "Verify the log: gatebook verify --help",
        ) from None

"""How a call ends that does not reach its end: recorded first, then told to the agent.

A call that was stopped is the exception: its agent is told at once, whatever the book does.
"""

import asyncio
from contextlib import suppress
from typing import Final

from gatebook.core.errors import GatebookError, Unavailable
from gatebook.gateway.gate import Gate
from gatebook.gateway.passage import Passage, refused
from gatebook.gateway.reading import credential_of
from gatebook.gateway.snapshot import Snapshot
from gatebook.gateway.ways import Way, Ways
from gatebook.identity.identify import KeyRejected, Principal
from gatebook.ledger.attempt import Receipt
from gatebook.policy.treating import Violation
from gatebook.web.exchange import Exchange
from gatebook.web.problem import Answer, Headers, headers_of, status_of

_ENDINGS: Final = {
    "upstream_busy": "not_executed",
    "upstream_unavailable": "upstream_unreachable",
    "upstream_timeout": "upstream_timeout",
    "upstream_broken": "upstream_broken",
    "upstream_credential_rejected": "complete",
    "content_policy_violation": "withheld",
    "guard_failed": "withheld",
    "reply_too_large": "too_large",
    "reply_not_held": "too_large",
    "gateway_stopped": "gateway_stopped",
}
_ANY_OTHER: Final = "internal_error"
_JSON: Final = (b"content-type", b"application/json")
_LAST_WORD_SECONDS: Final = 1
"""How long the agent of a stopped call has to read its end."""


async def turn_away(gate: Gate, exchange: Exchange, passage: Passage, error: GatebookError) -> None:
    """Record that the call was refused, or how it ended, and answer in its dialect."""
    if passage.receipt is None:
        error, reference = await _refuse(gate, exchange, passage, error)
    else:
        error = await _conclude(gate, exchange, passage, passage.receipt, error)
        reference = passage.receipt.reference
    passage.turned_away(error.code, reference)
    given = _given(gate, exchange, passage, error, reference)
    await _tell(gate, exchange, error, reference, given)


async def cut_off(gate: Gate, exchange: Exchange, passage: Passage, error: GatebookError) -> None:
    """End a call that was stopped, a stream in its own terms, and record that beside.

    What the agent is given is no answer, so it need not wait for the book, which may be down.
    """
    gate.counts["stopped"] += 1
    passage.turned_away(error.code, passage.reference)
    given = _given(gate, exchange, passage, error, passage.reference, softly=True)
    passage.replaced(given)
    abandon(gate, passage, "stopped" if passage.is_sent else "not_sent")
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORD_SECONDS):
            await _tell(gate, exchange, error, passage.reference, given)


async def give_up(gate: Gate, passage: Passage, receipt: Receipt, code: str) -> None:
    """Record that an attempt led nowhere, for this error, before the call goes by another way."""
    passage.withheld()
    await gate.book.record(passage.log, passage.conclude(receipt, _ENDINGS[code]))


def abandon(gate: Gate, passage: Passage, ending: str) -> None:
    """Record the outcome of a call nobody waits for any more, in a task that outlives it."""
    if passage.receipt is not None and not passage.is_concluded:
        event = passage.conclude(passage.receipt, ending)
        gate.tasks.spawn(gate.book.record(passage.log, event), f"recording {ending}")


def internal_error(incident: str) -> GatebookError:
    """Something nobody expected; the text is in our log under the incident's number."""
    return GatebookError(
        "internal_error",
        f"Something went wrong here (incident {incident}).",
        "Give the operator the number of the incident.",
    )


def named(reference: str) -> Headers:
    """The headers that name the entry in the book: OpenAI's SDK reads one, Anthropic's the other.

    Nothing for callers that nobody knows: there is no entry of theirs.
    """
    if not reference:
        return []
    value = reference.encode()
    return [(b"x-request-id", value), (b"request-id", value)]


def told(ways: Ways, way: Way) -> Headers:
    """The header that says by which other way a call went in place of the first."""
    if ways.is_joined or not way.number:
        return []
    said = f"provider={way.provider.name}; model={way.call.model}"
    return [(b"x-gatebook-fallback", said.encode())]


async def _refuse(
    gate: Gate, exchange: Exchange, passage: Passage, error: GatebookError
) -> tuple[GatebookError, str]:
    try:
        snapshot = passage.snapshot or gate.snapshots.current()
    except Unavailable:
        return error, ""
    principal, error = _who(gate, snapshot, exchange, passage, error)
    if principal is None:
        gate.counts["unidentified"] += 1
        return error, ""
    passage.principal = principal
    gate.counts["refused"] += 1
    log = snapshot.tenants[principal.organization.id].log
    passage.policy = snapshot.policies.of(principal).digest
    event = refused(principal, passage.operation, error, passage.policy, passage.request)
    if error.code == "audit_unavailable":
        gate.refusals.count(log, event)  # the book is not waited for a second time
        return error, ""
    return error, await gate.refusals.record(log, event)


def _who(
    gate: Gate, snapshot: Snapshot, exchange: Exchange, passage: Passage, error: GatebookError
) -> tuple[Principal | None, GatebookError]:
    """Who is turned away; a stranger is told that and nothing else."""
    if passage.principal is not None:
        return passage.principal, error
    if isinstance(error, KeyRejected):
        return error.principal, error
    try:
        found = snapshot.identify(credential_of(exchange), gate.clock.now_us())
    except KeyRejected as rejected:
        return rejected.principal, rejected
    return found, error


async def _conclude(
    gate: Gate, exchange: Exchange, passage: Passage, receipt: Receipt, error: GatebookError
) -> GatebookError:
    if error.code == "audit_unavailable":
        return _outcome_unrecorded()
    if passage.is_concluded:
        return error
    passage.replaced(_given(gate, exchange, passage, error, receipt.reference))
    event = passage.conclude(receipt, _ENDINGS.get(error.code, _ANY_OTHER))
    try:
        await gate.book.record(passage.log, event)
    except Unavailable:
        return _outcome_unrecorded()
    return error


async def _tell(
    gate: Gate, exchange: Exchange, error: GatebookError, reference: str, given: bytes
) -> None:
    """Give the agent the end of a stream that has begun, or an answer."""
    if exchange.is_begun:
        await exchange.send(given, more=False)
        return
    dialect = gate.routes.dialect(exchange)
    headers = [_JSON, *headers_of(error), *named(reference)]
    if error.code == "method_not_allowed":
        headers.append((b"allow", ", ".join(gate.routes.methods(exchange)).encode()))
    await exchange.answer(Answer(dialect.status(error, status_of(error)), headers, given))


def _given(
    gate: Gate,
    exchange: Exchange,
    passage: Passage,
    error: GatebookError,
    reference: str,
    *,
    softly: bool = False,
) -> bytes:
    """An error as its agent is given it: as the answer, or as the end of a stream.

    A stream that ends `softly`, or that the guard ends, ends as a filter of content has it.
    """
    body = gate.routes.dialect(exchange).error_body(error, reference)
    if not exchange.is_begun or passage.stream is None:
        return body
    cut = passage.stream.cut() if softly or isinstance(error, Violation) else b""
    return cut or passage.stream.error_event(body)


def _outcome_unrecorded() -> Unavailable:
    return Unavailable(
        "audit_unavailable",
        "The outcome of the call could not be recorded, so its answer is withheld.",
        "The call was executed; look before sending it again.",
    )

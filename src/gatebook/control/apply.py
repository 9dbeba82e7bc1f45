"""How a change is made: looked up, decided, stored, sealed and written in the book, all at once.

`carry_out` is what callers use; `_change` runs inside the one transaction that commits the rows and
the event that says so. Who did it comes from the door, never from the values of the command: the
entry holds a pseudonym, the sealed body the person, the reason and the values before and after.
"""

from collections.abc import Mapping
from hmac import compare_digest, digest
from typing import Any, Final

import msgspec

from gatebook.control.command import Command, Context, Outcome
from gatebook.control.inputs import is_plain, read_command
from gatebook.control.ports import Book, Records
from gatebook.core import json_profile
from gatebook.core.clock import Clock
from gatebook.core.envelope import (
    PLATFORM,
    DataKey,
    Kek,
    WrappedKey,
    new_data_key,
    open_data_key,
)
from gatebook.core.errors import Conflict, Invalid
from gatebook.core.ids import Entropy, base62
from gatebook.core.secret import Secret
from gatebook.identity.directory import Organization, Row
from gatebook.identity.keys import Peppers
from gatebook.identity.settings import IdentitySettings
from gatebook.ledger.body import body_cell, seal_body
from gatebook.ledger.events import Actor, Change
from gatebook.ledger.ports import Position
from gatebook.providers import Dialect

_NEVER_WRITTEN_OUT: Final = ("mac", "credential")
_ORDER_TEXT: Final = 400


class LocalOperator(msgspec.Struct, frozen=True, kw_only=True):
    """Who runs a command on this machine, as the operating system says."""

    uid: int
    user: str
    host: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A command, who gives it and why. The same idempotency key never does a second thing."""

    command: Command
    by: LocalOperator
    reason: str = ""
    idempotency_key: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a command did, or had done when it is `repeated`; its `steps` were done first."""

    command: str
    values: dict[str, str]
    reference: str
    repeated: bool = False
    shown_once: Secret | None = None
    steps: tuple["Answer", ...] = ()


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """What commands are carried out with; built once, by `app/wiring.py`."""

    book: Book
    commands: Mapping[str, type[Command]]
    dialects: Mapping[str, Dialect]
    origin: str
    kek: Kek
    peppers: Peppers
    settings: IdentitySettings
    clock: Clock
    entropy: Entropy


def carry_out(control: Control, order: Order) -> Answer:
    """Do what has to exist first, then the command; an order done before is only looked up."""
    check_order(order)
    steps = []
    while (need := _first_need(control, order)) is not None:
        steps.append(carry_out(control, Order(command=need, by=order.by, reason=order.reason)))
    with control.book.reading() as records:
        organization = order.command.within(records)
        log = log_of(control.origin, organization)
        done = _done_before(control, order, organization, records)
        if done is not None:
            return done
        # What cannot be done is refused here already, before a stream is opened for it.
        _decide(control, order, organization, records)
    outcomes: list[Outcome] = []

    def work(records: Records, position: Position) -> Change:
        event, outcome = _change(control, order, records, position)
        outcomes.append(outcome)
        return event

    receipt = control.book.append(log, work)
    return Answer(
        command=order.command.command_id(),
        values=outcomes[-1].answer,
        reference=receipt.reference,
        shown_once=outcomes[-1].shown_once,
        steps=tuple(steps),
    )


def _change(
    control: Control, order: Order, records: Records, position: Position
) -> tuple[Change, Outcome]:
    """The one transaction: every row it stores is named in the body of the event it returns."""
    records.take_revision()
    organization = order.command.within(records)
    if _done_before(control, order, organization, records) is not None:
        raise Conflict(
            "order_repeated",
            "The same order was carried out at this very moment.",
            "Give it again to see what it did.",
        )
    key, fresh, outcome = _decide(control, order, organization, records)
    if fresh is not None:
        records.keep_data_key(fresh)
    plaintext = _body(order, outcome, records)
    for row in outcome.removes:
        records.remove(row)
    for row in outcome.saves:
        records.save(row)
    cell = body_cell(position.stream_no, position.sq)
    sealed, commitment = seal_body(plaintext, key, cell, control.entropy)
    records.keep_body(position, sealed, key.id)
    if order.idempotency_key:
        answer = msgspec.json.encode(outcome.answer)
        records.remember(position, order.idempotency_key, _digest(order, key), answer)
    return outcome.event(actor=_actor(order.by, key), body=commitment), outcome


def log_of(origin: str, organization: Organization | None) -> str:
    """The log an organization's events go to; without one, the platform's."""
    return f"{origin}/{organization.slug if organization else PLATFORM}"


def check_order(order: Order) -> None:
    """Raise Invalid for what is said beside a command, if that could not be recorded."""
    for name, text in (("reason", order.reason), ("idempotency key", order.idempotency_key)):
        if len(text) > _ORDER_TEXT or not is_plain(text):
            raise Invalid(
                "order_text", f"The {name} has to be one line of at most {_ORDER_TEXT} characters."
            )
    if order.command.needs_reason and not order.reason.strip():
        raise Invalid("reason_missing", "This is done for a reason only.", "Give it by --reason.")


def _first_need(control: Control, order: Order) -> Command | None:
    with control.book.reading() as records:
        need = order.command.needs(records)
    return None if need is None else read_command(control.commands[need.command], need.values)


def _done_before(
    control: Control, order: Order, organization: Organization | None, records: Records
) -> Answer | None:
    """What this order did earlier; Conflict if its idempotency key came with another one."""
    log = log_of(control.origin, organization)
    earlier = order.idempotency_key and records.remembered(log, order.idempotency_key)
    if not earlier:
        return None
    key, _ = _data_key(control, organization, records)
    if not compare_digest(_digest(order, key), earlier.digest):
        raise Conflict(
            "idempotency_key_reused",
            "This idempotency key came with another order before.",
            "Use a new key for each order.",
        )
    return Answer(
        command=order.command.command_id(),
        values=msgspec.json.decode(earlier.answer, type=dict[str, str]),
        reference=earlier.reference,
        repeated=True,
    )


def _decide(
    control: Control, order: Order, organization: Organization | None, records: Records
) -> tuple[DataKey, WrappedKey | None, Outcome]:
    """What the command would change, and the key that seals it, with its row if it is new."""
    key, fresh = _data_key(control, organization, records)
    outcome = order.command.change(
        Context(
            records=records,
            organization=organization,
            data_key=key,
            settings=control.settings,
            peppers=control.peppers,
            dialects=control.dialects,
            now_us=control.clock.now_us(),
            entropy=control.entropy,
        )
    )
    return key, fresh, outcome


def _data_key(
    control: Control, organization: Organization | None, records: Records
) -> tuple[DataKey, WrappedKey | None]:
    """The log's data key; a new one, still to be stored, before its first change."""
    organization_id = organization.id if organization else None
    stored = records.data_key(organization_id)
    if stored is not None:
        return open_data_key(stored, control.kek), None
    return new_data_key(organization_id, control.kek, control.clock.now_us(), control.entropy)


def _body(order: Order, outcome: Outcome, records: Records) -> bytes:
    """Who, why, and every row before and after; secrets are left out, sealed or not."""
    touched = (*outcome.removes, *outcome.saves)
    return json_profile.encode(
        {
            "after": [_written_out(row) for row in outcome.saves],
            "before": [_written_out(old) for row in touched for old in _stored(row, records)],
            "by": order.by,
            "command": order.command.command_id(),
            "reason": order.reason,
        }
    )


def _stored(row: Row, records: Records) -> list[Row]:
    return list(records.find(type(row), id=row.id))


def _written_out(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(row)
    return {name: value for name, value in values.items() if name not in _NEVER_WRITTEN_OUT}


def _actor(by: LocalOperator, key: DataKey) -> Actor:
    """A pseudonym that dies with the log's data key."""
    name = f"uid {by.uid} {by.user}".encode()
    proof = digest(key.derive("actor"), name, "sha256")
    return Actor(kind="local_operator", id="op_" + base62(int.from_bytes(proof[:10]), 14))


def _digest(order: Order, key: DataKey) -> bytes:
    """Tells two orders apart without keeping either; keyed, because an order may hold a secret."""
    text = msgspec.json.encode(order.command, enc_hook=_reveal)
    return digest(key.derive("order"), order.command.command_id().encode() + b"\n" + text, "sha256")


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError

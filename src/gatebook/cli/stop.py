"""Stop calls at once, see what is stopped, release it."""

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from gatebook.cli.orders import Noun
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, show_answer, show_json, show_table
from gatebook.core.clock import to_text
from gatebook.core.errors import Tampered, Unavailable

if TYPE_CHECKING:
    from gatebook.control.commands.engage_stop import EngageStop
    from gatebook.identity.directory import Directory

_KINDS: Final = ("agent", "model", "provider", "workspace", "organization", "platform")

_HEAR_SECONDS: Final = 1
"""How long gateways are waited for until they have heard of a stop."""

say_why = click.option("--reason", default="", help="Why; kept sealed with the entry.")
choose_organization = click.option(
    "--organization", default="", help="The organization it is in, if that is not clear."
)


@click.group(cls=Noun, name="stop")
def command() -> None:
    """Stop calls at once, see what is stopped, release it."""


@command.command(
    "engage",
    epilog="""\b
Examples:
  gatebook stop engage agent triage
  gatebook stop engage model 'gpt-4o*'
  gatebook stop engage provider openai --organization acme
  gatebook stop engage platform""",
)
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("name", default="")
@choose_organization
@say_why
@as_json
@click.pass_obj
def engage_stop(
    session: Session, *, kind: str, name: str, organization: str, reason: str, as_json: bool
) -> None:
    """Stop calls at once: those under way are cut, and no others are made until it is released.

    KIND says what is stopped, NAME which one: its name or its id, for models a pattern in which *
    stands for anything, for the platform nothing. The gates of this machine obey without the
    database; those of others hear of it from there. There is no question whether you are sure.
    """
    engage(session, kind, name, organization=organization, reason=reason, as_json=as_json)


@command.command("list")
@click.option("--all", "with_released", is_flag=True, help="Those that were released too.")
@as_json
@click.pass_obj
def list_stops(session: Session, *, with_released: bool, as_json: bool) -> None:
    """List what is stopped, by the database and by orders of this machine that it has not got."""
    try:
        orders = _orders(session)
    except (Tampered, Unavailable) as error:
        click.echo(f"Without the orders of this machine: {error}", err=True)
        orders = []
    rows = []
    state = "ordered here"
    try:
        directory = session.directory
    except Unavailable as error:
        click.echo(
            "Only orders of the last minute or so that this machine has by itself, some of which"
            f" may have been released: {error}",
            err=True,
        )
    else:
        rows = _recorded(directory, with_released)
        orders = [order for order in orders if not order.is_recorded(directory)]
        state = "engaged here, not recorded"
    rows += [_unrecorded(order, state) for order in orders]
    if as_json:
        for row in rows:
            show_json(row)
        return
    columns = ("stop", "kind", "subject", "organization", "engaged_at", "state")
    show_table(
        [column.replace("_", " ") for column in columns],
        [[row[column] for column in columns] for row in rows],
        empty="Nothing is stopped.",
    )


def engage(
    session: Session, kind: str, name: str, *, organization: str, reason: str, as_json: bool
) -> None:
    """Have something stopped here, then everywhere, and say so."""
    from gatebook.app.emergency import (
        SETTLE_SECONDS,
        WAIT_SECONDS,
        meaning,
        open_folder,
        order_of,
        record,
        settle,
    )
    from gatebook.app.wiring import open_control
    from gatebook.control.commands.engage_stop import EngageStop
    from gatebook.control.inputs import read_command
    from gatebook.core.clock import SystemClock
    from gatebook.core.ids import system_entropy

    clock = SystemClock()
    values = {"kind": kind, "name": name, "organization": organization}
    said = read_command(EngageStop, values)
    folder = open_folder(session.config, system_entropy)
    command = settle(said, partial(meaning, session.config), seconds=SETTLE_SECONDS)
    order = order_of(command, reason, clock=clock, entropy=system_entropy)
    unwritten: Unavailable | None = None
    try:
        folder.post(order)
    except Unavailable as error:  # the gates of this machine then hear of it as all others do
        unwritten = error
        click.echo(f"{error.detail} It is tried by the database.", err=True)
    else:
        if not as_json:
            click.echo(f"The gates of this machine are told: {order.idempotency_key}.", err=True)
    try:
        answers = record(
            folder, order, lambda: open_control(session.loaded), seconds=WAIT_SECONDS, clock=clock
        )
    except Unavailable as error:
        raise unwritten or error from error
    for answer in answers:
        show_answer(EngageStop, answer, as_json=as_json)
    if not as_json:
        with suppress(Unavailable):  # the stop is recorded, whoever has heard of it
            _say_where(session)


def _say_where(session: Session) -> None:
    """Say which gateways have heard of the stop, once they have or a moment is over."""
    from gatebook.app.hearing import heard
    from gatebook.app.wiring import look_into
    from gatebook.core.clock import SystemClock

    with look_into(session.config) as database:
        found = heard(database, seconds=_HEAR_SECONDS, clock=SystemClock())
    for said, has_heard in (("In force at", True), ("Not heard yet by", False)):
        if names := [name for name, has in found.items() if has is has_heard]:
            click.echo(f"{said}: {', '.join(names)}.", err=True)
    if not found:
        click.echo("No gateway runs.", err=True)


def _recorded(directory: "Directory", with_released: bool) -> list[dict[str, Any]]:
    from gatebook.policy.stops import name_of

    organizations = directory.organizations
    return [
        {
            "stop": stop.id,
            "kind": stop.kind,
            "subject": name_of(stop, directory),
            "organization": organizations[stop.organization_id].slug
            if stop.organization_id
            else "",
            "engaged_at": to_text(stop.engaged_at),
            "state": stop.status,
        }
        for stop in (directory.stops.values() if with_released else directory.engaged)
    ]


def _orders(session: Session) -> "list[EngageStop]":
    """The orders of this machine; what became of them only the database knows."""
    from gatebook.app.emergency import open_folder
    from gatebook.core.ids import system_entropy

    return [*open_folder(session.config, system_entropy).pending().values()]


def _unrecorded(order: "EngageStop", state: str) -> dict[str, Any]:
    return {
        "stop": order.stop,
        "kind": order.kind,
        "subject": order.name,
        "organization": order.organization,
        "engaged_at": to_text(order.engaged_at),
        "state": state,
    }

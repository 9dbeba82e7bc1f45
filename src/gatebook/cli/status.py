"""Show which gateways run, and whether each has heard of the last change."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.session import Session
from gatebook.cli.show import as_json, show_json, show_table
from gatebook.core.clock import SECOND_US, to_text

if TYPE_CHECKING:
    from gatebook.identity.directory import Directory
    from gatebook.storage.gateways import Gateway, Seen


@click.command(
    epilog="""\b
Examples:
  gatebook status
  gatebook status --json | jq 'select(.state == "silent" or .behind > 0)'"""
)
@as_json
@click.pass_obj
def command(session: Session, as_json: bool) -> None:
    """Show which gateways run, whether each has heard of the last administrative change, and stops.

    A gateway that is silent has ended without a word or is cut off from the database. One that is
    behind decides calls on an older state of keys and grants; beyond a moment that is a fault.
    """
    from gatebook.app.wiring import look_into
    from gatebook.storage.gateways import look

    with look_into(session.config) as database:
        seen = look(database)
    found = [_about(seen, gateway) for gateway in seen.gateways]
    for line in _stopped(session.directory):
        click.echo(line, err=True)
    if as_json:
        for about in found:
            show_json(about)
        return
    show_table(
        ("gateway", "state", "heard of", "behind", "address", "host", "pid", "version", "since"),
        [
            (
                about["gateway"],
                about["state"],
                f"{about['silent_seconds']} s ago",
                str(about["behind"]) if about["behind"] else "-",
                about["address"],
                about["host"],
                str(about["pid"]),
                about["version"],
                about["since"][:19] + "Z",
            )
            for about in found
        ],
        empty="No gateway was heard of in the last hour: gatebook serve",
    )


def _stopped(directory: "Directory") -> Iterator[str]:
    """A line for each stop that is in force."""
    from gatebook.policy.stops import KINDS, name_of

    for stop in directory.engaged:
        if stop.kind in KINDS:
            yield f"Stopped: {stop.kind} {name_of(stop, directory)}".rstrip() + f" ({stop.id})"


def _about(seen: "Seen", gateway: "Gateway") -> dict[str, Any]:
    from gatebook.storage.gateways import SILENT_US

    silent_us = max(0, seen.now - gateway.beat_at)
    return {
        "gateway": gateway.name,
        "state": "silent" if silent_us > SILENT_US else gateway.status,
        "silent_seconds": silent_us // SECOND_US,
        "revision": gateway.revision,
        "behind": max(0, seen.revision - gateway.revision),
        "address": gateway.address,
        "host": gateway.host,
        "pid": gateway.pid,
        "version": gateway.version,
        "since": to_text(gateway.started_at),
    }

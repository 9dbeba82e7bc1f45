"""Create, suspend and resume organizations, and see them; each has a log of its own."""

import click

from gatebook.cli.orders import Noun
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, show_json, show_table
from gatebook.core.clock import to_text


@click.group(cls=Noun, name="organization")
def command() -> None:
    """Create, suspend and resume organizations, and see them; each has a log of its own."""


@command.command("list")
@as_json
@click.pass_obj
def list_organizations(session: Session, as_json: bool) -> None:
    """List the organizations and their logs."""
    from gatebook.control.apply import log_of

    origin = session.config.ledger.origin
    rows = [
        (each.slug, each.name, each.status, log_of(origin, each), to_text(each.created_at))
        for each in session.directory.organizations.values()
    ]
    columns = ("organization", "name", "status", "log", "created_at")
    if as_json:
        for row in rows:
            show_json(dict(zip(columns, row, strict=True)))
        return
    show_table(columns, rows, empty="There are no organizations yet.")

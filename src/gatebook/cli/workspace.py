"""Create workspaces and see them: parts of an organization."""

import click

from gatebook.cli.orders import Noun
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, choose_organization, show_json, show_table
from gatebook.core.clock import to_text


@click.group(cls=Noun, name="workspace")
def command() -> None:
    """Create workspaces and see them: parts of an organization."""


@command.command("list")
@choose_organization
@as_json
@click.pass_obj
def list_workspaces(session: Session, organization: str, as_json: bool) -> None:
    """List the workspaces."""
    directory = session.directory
    rows = [
        (slug, each.slug, each.name, to_text(each.created_at))
        for each in directory.workspaces.values()
        if organization in ("", slug := directory.organizations[each.organization_id].slug)
    ]
    columns = ("organization", "workspace", "name", "created_at")
    if as_json:
        for row in rows:
            show_json(dict(zip(columns, row, strict=True)))
        return
    show_table(columns, rows, empty="There are no workspaces yet.")

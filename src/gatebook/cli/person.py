"""Register people who answer for agents, and see them."""

import click

from gatebook.cli.orders import Noun
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, choose_organization, show_json, show_table


@click.group(cls=Noun, name="person")
def command() -> None:
    """Register people who answer for agents, and see them."""


@command.command("list")
@choose_organization
@as_json
@click.pass_obj
def list_people(session: Session, organization: str, as_json: bool) -> None:
    """List the people, and how many agents each answers for."""
    directory = session.directory
    owners = [agent.owner_id for agent in directory.agents.values()]
    rows = [
        (slug, each.email, each.name, owners.count(each.id), each.id)
        for each in directory.people.values()
        if organization in ("", slug := directory.organizations[each.organization_id].slug)
    ]
    columns = ("organization", "person", "name", "agents", "id")
    if as_json:
        for row in rows:
            show_json(dict(zip(columns, row, strict=True)))
        return
    show_table(columns, [tuple(map(str, row)) for row in rows], empty="There are no people yet.")

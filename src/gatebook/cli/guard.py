"""Say what the guard does about what it finds, and see it."""

from typing import TYPE_CHECKING

import click

from gatebook.cli.orders import Noun
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, choose_organization, show_json, show_table
from gatebook.core.clock import to_text

if TYPE_CHECKING:
    from gatebook.identity.directory import Directory, GuardRule


@click.group(cls=Noun, name="guard")
def command() -> None:
    """Say what the guard does about what it finds, and see it."""


@command.command("list")
@choose_organization
@as_json
@click.pass_obj
def list_rules(session: Session, organization: str, as_json: bool) -> None:
    """List the guard rules; where none is about a finding, the settings of [guard] decide.

    `gatebook config show` says what those are.
    """
    from gatebook.policy.guarding import owner_of

    directory = session.directory
    rules = [
        {
            "id": rule.id,
            "subject": owner_of(rule),
            "name": _name_of(rule, directory),
            "rule": f"{rule.what}={rule.action}",
            "direction": rule.direction,
            "region": rule.region,
            "threshold": rule.threshold,
            "organization": slug,
            "set_at": to_text(rule.created_at),
        }
        for rule in directory.guard_rules.values()
        if organization in ("", slug := directory.organizations[rule.organization_id].slug)
    ]
    if as_json:
        for about in rules:
            show_json(about)
        return
    columns = ("id", "subject", "name", "rule", "direction", "region", "threshold", "organization")
    show_table(
        columns,
        [[str(about[column] or "") for column in columns] for about in rules],
        empty="There are no guard rules yet: gatebook guard set --help",
    )


def _name_of(rule: "GuardRule", directory: "Directory") -> str:
    """What a rule binds, by the name that people know it by."""
    if rule.agent_id:
        return directory.agents[rule.agent_id].name
    if rule.workspace_id:
        return directory.workspaces[rule.workspace_id].slug
    return directory.organizations[rule.organization_id].slug

"""Set what agents may use at most, and see it."""

import click

from gatebook.cli.orders import Noun
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, choose_organization, show_json, show_table
from gatebook.core.clock import to_text


@click.group(cls=Noun, name="limit")
def command() -> None:
    """Set what agents may use at most, and see it."""


@command.command("list")
@choose_organization
@as_json
@click.pass_obj
def list_limits(session: Session, organization: str, as_json: bool) -> None:
    """List the limits; `gatebook budget show` says how far each is used up."""
    from gatebook.app.budgets import name_of
    from gatebook.policy.limits.bounds import in_words

    directory = session.directory
    limits = [
        {
            "id": limit.id,
            "subject": limit.subject,
            "name": name_of(limit, directory),
            "measure": limit.measure,
            "period": limit.period,
            "amount": limit.amount,
            "limit": in_words(limit),
            "organization": slug,
            "set_at": to_text(limit.created_at),
        }
        for limit in directory.limits.values()
        if organization in ("", slug := directory.organizations[limit.organization_id].slug)
    ]
    if as_json:
        for about in limits:
            show_json(about)
        return
    columns = ("id", "subject", "name", "limit", "organization")
    show_table(
        columns,
        [[str(about[column]) for column in columns] for about in limits],
        empty="There are no limits yet: gatebook limit set --help",
    )

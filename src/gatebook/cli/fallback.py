"""Say where calls go when their provider cannot take them, and see it."""

from typing import Any

import click

from gatebook.cli.orders import Noun
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, choose_organization, show_json, show_table


@click.group(cls=Noun, name="fallback")
def command() -> None:
    """Say where calls go when their provider cannot take them, and see it."""


@command.command("list")
@choose_organization
@as_json
@click.pass_obj
def list_fallbacks(session: Session, organization: str, as_json: bool) -> None:
    """List the fallbacks in the order in which they are tried."""
    directory = session.directory
    fallbacks: list[dict[str, Any]] = [
        {
            "model": fallback.model,
            "provider": directory.providers[fallback.provider_id].name,
            "target": fallback.target,
            "id": fallback.id,
            "organization": slug,
        }
        for fallback in directory.fallbacks.values()
        if organization in ("", slug := directory.organizations[fallback.organization_id].slug)
    ]
    if as_json:
        for about in fallbacks:
            show_json(about)
        return
    show_table(
        ("model", "goes to", "as", "organization", "id"),
        [
            (
                about["model"],
                about["provider"],
                about["target"] or "the same",
                about["organization"],
                about["id"],
            )
            for about in fallbacks
        ],
        empty="There are no fallbacks: gatebook fallback add --help",
    )

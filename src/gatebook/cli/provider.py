"""Add the providers calls may go to, see them, replace their keys."""

from typing import Any

import click

from gatebook.cli.orders import Noun
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, choose_organization, show_json, show_table
from gatebook.core.clock import to_text


@click.group(cls=Noun, name="provider")
def command() -> None:
    """Add the providers calls may go to, see them, replace their keys."""


@command.command("list")
@choose_organization
@as_json
@click.pass_obj
def list_providers(session: Session, organization: str, as_json: bool) -> None:
    """List the providers; no command shows their keys."""
    directory = session.directory
    providers: list[dict[str, Any]] = [
        {
            "provider": provider.name,
            "id": provider.id,
            "organization": slug,
            "dialect": provider.dialect,
            "base_url": provider.base_url,
            "models": list(provider.models),
            "region": provider.region,
            "data_classes": list(provider.data_classes),
            "has_key": provider.credential is not None,
            "status": provider.status,
            "added_at": to_text(provider.created_at),
        }
        for provider in directory.providers.values()
        if organization in ("", slug := directory.organizations[provider.organization_id].slug)
    ]
    if as_json:
        for about in providers:
            show_json(about)
        return
    show_table(
        ("provider", "dialect", "base url", "models", "region", "key", "organization", "status"),
        [
            (
                about["provider"],
                about["dialect"],
                about["base_url"],
                ", ".join(about["models"]),
                about["region"] or "unknown",
                "sealed" if about["has_key"] else "none",
                about["organization"],
                about["status"],
            )
            for about in providers
        ],
        empty="There are no providers yet: gatebook provider add --help",
    )

"""Add the providers calls may go to, see them, replace their keys."""

from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.orders import Noun
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, choose_organization, show_json, show_table
from gatebook.core.clock import SECOND_US, SystemClock, to_text

if TYPE_CHECKING:
    from gatebook.storage.health import Measured

_DAY_US = 24 * 3600 * SECOND_US


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


@command.command("health")
@click.option("--days", type=click.IntRange(1, 400), default=30, help="Time to look back over.")
@choose_organization
@as_json
@click.pass_obj
def show_health(session: Session, days: int, organization: str, as_json: bool) -> None:
    """Show how well the providers answered, beside what they promised.

    Availability is the share of probes that found a provider well. Calls of agents count as failed
    when no answer came or the provider said that it could not answer.
    """
    from gatebook.app.wiring import look_into
    from gatebook.storage.health import Measured, last_probes, measured

    directory = session.directory
    with look_into(session.config) as database:
        seen = measured(database, SystemClock().now_us() - days * _DAY_US)
        health: list[dict[str, Any]] = [
            {
                "provider": provider.name,
                "organization": slug,
                "days": days,
                "promised_ppm": provider.availability_ppm,
                **_figures(seen.get(provider.id, Measured(0, 0, 0, 0))),
                "last": [
                    {"at": to_text(p.at_us), "result": p.result, "latency_ms": p.latency_ms}
                    for p in last_probes(database, provider.id, 1)
                ],
            }
            for provider in directory.providers.values()
            if organization in ("", slug := directory.organizations[provider.organization_id].slug)
        ]
    if as_json:
        for about in health:
            show_json(about)
        return
    show_table(
        ("provider", "promised", "available", "probes", "calls", "failed", "last probe"),
        [
            (
                about["provider"],
                _percent(about["promised_ppm"]) or "nothing",
                _kept(about["promised_ppm"], about["available_ppm"]),
                str(about["probes"]),
                str(about["calls"]),
                str(about["failed_calls"]),
                ", ".join(f"{p['result']} {p['at'][:19]}Z" for p in about["last"]) or "never",
            )
            for about in health
        ],
        empty="There are no providers yet: gatebook provider add --help",
    )


def _figures(seen: "Measured") -> dict[str, int | None]:
    """What was measured; an availability that nobody measured is none, not a good one."""
    return {
        "available_ppm": seen.well * 1_000_000 // seen.probes if seen.probes else None,
        "probes": seen.probes,
        "calls": seen.answered + seen.failed,
        "failed_calls": seen.failed,
    }


def _percent(ppm: int | None) -> str:
    return "" if ppm is None else f"{ppm / 10_000:.4f}".rstrip("0").rstrip(".") + " %"


def _kept(promised: int | None, available: int | None) -> str:
    if available is None:
        return "not measured"
    missed = promised is not None and available < promised
    return _percent(available) + (", missed" if missed else "")

"""See what models cost, and set it."""

from typing import Any

import click

from gatebook.cli.orders import Noun
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, show_json, show_table


@click.group(cls=Noun, name="price")
def command() -> None:
    """See what models cost, and set it."""


@command.command("list")
@click.argument("model", required=False, default="")
@as_json
@click.pass_obj
def list_prices(session: Session, model: str, as_json: bool) -> None:
    """List prices in US dollars for a million tokens, those that come first first.

    With a MODEL, only those that are its own; what is not listed has no price.
    """
    rows = [row for row in _prices(session) if not model or _is_of(row, model)]
    if as_json:
        for row in rows:
            show_json(row)
        return
    show_table(
        ("models", "where", "input", "cached", "written", "output", "up to", "as of", "source"),
        [
            (
                ", ".join(row["models"]),
                row["where"],
                row["input"],
                row["cached_input"],
                row["cache_write"],
                row["output"],
                str(row["up_to"] or ""),
                row["as_of"],
                row["source"],
            )
            for row in rows
        ],
        empty="No price is known: gatebook price set --help",
    )


def _is_of(row: dict[str, Any], model: str) -> bool:
    from gatebook.policy.patterns import Patterns

    return Patterns(row["models"]).match(model)


def _prices(session: Session) -> list[dict[str, Any]]:
    """Prices that were set, where there is an installation, then those of the tables."""
    from gatebook.app.limits import price_tables
    from gatebook.core.clock import to_text
    from gatebook.policy.limits.bounds import in_dollars
    from gatebook.policy.limits.prices import precedence

    config = session.config
    rows: list[dict[str, Any]] = []
    if config.data.exists():
        directory = session.directory
        rows += [
            {
                "models": [own.model],
                "where": f"{directory.organizations[own.organization_id].slug}/"
                + (directory.providers[own.provider_id].name if own.provider_id else "*"),
                "input": in_dollars(own.input),
                "cached_input": in_dollars(own.cached_input),
                "cache_write": in_dollars(own.cache_write),
                "output": in_dollars(own.output),
                "up_to": 0,
                "as_of": to_text(own.created_at)[:10],
                "source": "price set",
            }
            for own in sorted(directory.prices.values(), key=precedence)
        ]
    rows += [
        {
            "models": list(row.models),
            "where": row.vendor,
            "input": in_dollars(row.rates.input),
            "cached_input": in_dollars(row.rates.cached_input),
            "cache_write": in_dollars(row.rates.cache_write),
            "output": in_dollars(row.rates.output),
            "up_to": row.up_to,
            "as_of": row.as_of,
            "source": row.source,
        }
        for table in price_tables(config.limits.price_file)
        for row in table.price
    ]
    return rows

"""Bring the database to this version."""

import click

from gatebook.cli.session import Session


@click.command(
    epilog="""\b
Examples:
  gatebook migrate
  gatebook --config /etc/gatebook/gatebook.toml migrate"""
)
@click.pass_obj
def command(session: Session) -> None:
    """Bring the database to this version, as the integrator does when it starts.

    Processes of an older version cannot use it from then on, so end them first: the gateways of
    all machines, the integrator, then this.
    """
    from gatebook.app.wiring import open_installation
    from gatebook.storage.database import SCHEMA

    with open_installation(session.config, migrating=True):
        click.echo(f"The database has schema {SCHEMA}.")

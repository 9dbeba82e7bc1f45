"""Set up a notary of its own, and hand out the keys that it signs with."""

from typing import TYPE_CHECKING

import click

from gatebook.cli.session import Session

if TYPE_CHECKING:
    from gatebook.app.notary_client import NotaryClient
    from gatebook.ledger.ed25519 import SigningKey


@click.group(name="notary")
def command() -> None:
    """Set up a notary of its own, and hand out the keys that it signs with."""


@command.command(
    epilog="""\b
Examples:
  gatebook notary policy > policy.txt
  gatebook verify book-2026-11 --policy policy.txt"""
)
@click.option(
    "--log", "slug", default="", help="Of this log: an organization's slug, or `platform`."
)
@click.pass_obj
def policy(session: Session, slug: str) -> None:
    """Print whom to trust for a log, as `gatebook verify --policy` takes it.

    Give it to whoever will verify, once, by a way that they trust. It holds public keys only.
    """
    slug = slug or session.only_log()
    trust = _client(session).trust(f"{session.config.ledger.origin}/{slug}")
    click.echo(trust.text, nl=False)


@command.command()
@click.pass_obj
def introduce(session: Session) -> None:
    """Print the key by which a notary knows this installation.

    Carry it to the notary's account and give it to `gatebook notary init` there.
    """
    from gatebook.app.init import create
    from gatebook.app.notary_folder import installation_vkey
    from gatebook.core.ids import system_entropy

    create(session.config, system_entropy)
    click.echo(installation_vkey(session.config.ledger.origin, _installation(session)))


@command.command(
    epilog="""\b
Example:
  gatebook notary init log.example/installation+1b2c3d4e+AbC..."""
)
@click.argument("vkey")
@click.pass_obj
def init(session: Session, vkey: str) -> None:
    """Make the notary's folder, with fresh keys, for the installation that VKEY names.

    Compare VKEY with what `gatebook notary introduce` printed over there. Done again, it changes
    nothing; another VKEY is refused.
    """
    from gatebook.app.notary_address import folder_of
    from gatebook.app.notary_folder import create
    from gatebook.core.ids import system_entropy
    from gatebook.ledger.note import VerifierKey

    folder = folder_of(session.config)
    create(folder, VerifierKey.parse(vkey), system_entropy)
    click.echo(f"The notary in {folder} answers to {vkey.partition('+')[0]}.")


def _client(session: Session) -> "NotaryClient":
    from gatebook.app.notary_client import open_notary

    return open_notary(session.config, _installation(session))


def _installation(session: Session) -> "SigningKey":
    from gatebook.app.keyring import load_keyring
    from gatebook.core.ids import system_entropy

    return load_keyring(session.config, system_entropy).installation

"""Check the settings, and see which are in effect and why."""

import click

from gatebook.cli.session import Session
from gatebook.cli.show import as_json, show_json, show_table


@click.group(name="config")
def command() -> None:
    """Check the settings, and see which are in effect and why."""


@command.command()
@click.pass_obj
def check(session: Session) -> None:
    """Say whether the settings are sound, and the keys and certificates they lead to."""
    from gatebook.app.keyring import load_keyring
    from gatebook.app.tls import open_tls
    from gatebook.core.clock import SystemClock
    from gatebook.core.ids import system_entropy

    loaded = session.loaded
    if (loaded.config.data / "keys").exists():
        load_keyring(loaded.config, system_entropy)
    if loaded.config.tls.certificate_file:
        open_tls(loaded.config, SystemClock())
    changed = [setting for setting in loaded.settings if setting.origin != "default"]
    click.echo(f"The settings are sound; {len(changed)} differ from their defaults.")


@command.command()
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@as_json
@click.pass_obj
def show(session: Session, origin: bool, as_json: bool) -> None:
    """Show every setting in effect."""
    settings = session.loaded.settings
    if as_json:
        for name, value, source, description in settings:
            about = {"setting": name, "value": value, "origin": source}
            show_json({**about, "description": description})
        return
    columns = ("setting", "value", "from") if origin else ("setting", "value")
    rows = [(s.name, str(s.value), s.origin)[: len(columns)] for s in settings]
    show_table(columns, rows, empty="")

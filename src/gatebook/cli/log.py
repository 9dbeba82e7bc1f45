"""Follow the book, export it for verification, declare what was lost."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from gatebook.cli.orders import Noun
from gatebook.cli.session import Session
from gatebook.cli.show import plain, show_json
from gatebook.core.clock import to_text

if TYPE_CHECKING:
    from gatebook.app.tail import Line
    from gatebook.identity.directory import Directory

_POLL_SECONDS: Final = 0.5
_COLOURS: Final = {
    "call.refused": "red",
    "call": "cyan",
    "stream": "bright_black",
    "gap": "red",
}
_ELSEWHERE: Final = ("actor", "agent", "body", "object")
"""Said in a column of its own, or not for reading."""

_choose_log = click.option(
    "--log", "slug", default="", help="One log: an organization's slug, or `platform`."
)


@click.group(cls=Noun, name="log")
def command() -> None:
    """Follow the book, export it for verification, declare what was lost."""


@command.command(
    epilog="""\b
Examples:
  gatebook log tail --follow
  gatebook log tail -n 1000 --json | jq 'select(.event == "call.refused")'
  gatebook log tail --bodies"""
)
@_choose_log
@click.option("-n", "count", default=20, show_default=True, help="Begin so many entries back.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--bodies", is_flag=True, help="Open the bodies: who, why, before and after.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each entry.")
@click.pass_obj
def tail(
    session: Session, *, slug: str, count: int, follow: bool, bodies: bool, as_json: bool
) -> None:
    """Show the last entries as they were committed, of all logs or of one.

    Nothing is verified here; gatebook verify does that.
    """
    from gatebook.app.keyring import load_keyring
    from gatebook.app.tail import Tail
    from gatebook.app.wiring import look_into, read_directory
    from gatebook.core.ids import system_entropy

    config = session.config
    log = f"{config.ledger.origin}/{slug}" if slug else None
    with look_into(config) as database:
        kek = load_keyring(config, system_entropy).kek if bodies else None
        followed = Tail(database, log, kek)
        names = {} if as_json else _names(read_directory(config))
        lines = followed.last(count)
        if not lines and not follow:
            click.echo("Nothing is recorded yet.", err=True)
        while True:
            for line in lines:
                _show(line, names, as_json=as_json)
            if not follow:
                return
            time.sleep(_POLL_SECONDS)
            lines = followed.more()


@command.command(
    epilog="""\b
Examples:
  gatebook log export book-2026-11
  gatebook verify book-2026-11 --full"""
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@_choose_log
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_obj
def export(session: Session, folder: Path, slug: str, as_json: bool) -> None:
    """Copy a published log into FOLDER, to be verified anywhere, offline.

    The copy holds entries, hashes, the signed checkpoint and the keys to check it with. It holds no
    bodies, no secret and no personal data.
    """
    from gatebook.app.export import export_log

    slug = slug or session.only_log()
    exported = export_log(session.config, slug, folder)
    if as_json:
        show_json({"log": exported.origin, "entries": exported.size, "folder": str(folder)})
        return
    click.echo(f"{exported.size} entries of {exported.origin} are in {folder}.")
    click.echo(f"Check them: gatebook verify {folder}", err=True)


def _names(directory: "Directory") -> dict[str, str]:
    """What people call the things that entries name by id."""
    names: dict[str, str] = {agent.id: agent.name for agent in directory.agents.values()}
    names |= {provider.id: provider.name for provider in directory.providers.values()}
    names |= {person.id: person.email for person in directory.people.values()}
    return names | {each.id: each.slug for each in directory.workspaces.values()}


def _show(line: "Line", names: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        show_json(msgspec.to_builtins(line))
        return
    data = line.data
    who = str(data.get("agent") or data.get("actor", {}).get("id", ""))
    about = [names.get(str(data["object"]), str(data["object"]))] if "object" in data else []
    rest = [_pair(name, value, names) for name, value in data.items() if _is_short(name, value)]
    colour = _COLOURS.get(line.event) or _COLOURS.get(line.event.partition(".")[0], "yellow")
    log = line.log.rpartition("/")[2]
    columns = (
        click.style(line.at[:23].replace("T", " "), dim=True),
        click.style(f"{line.event:<20}", fg=colour),
        f"{log:<12}",
        f"{line.reference:<20}",
        f"{plain(names.get(who, who)):<18}",
        plain(" ".join([*about, *rest])),
    )
    click.echo(" ".join(columns).rstrip())
    if line.body is not None:
        click.echo(_indented(line.body))


def _is_short(name: str, value: Any) -> bool:
    """Whether a field reads well in a line; notes, commitments and nothing at all do not."""
    if name in _ELSEWHERE or isinstance(value, dict) or value in ([], "", 0, False):
        return False
    return not isinstance(value, str) or "\n" not in value


def _pair(name: str, value: Any, names: dict[str, str]) -> str:
    if isinstance(value, list):
        value = ",".join(map(str, value))
    elif name.endswith("_at"):
        value = to_text(value)[:19] + "Z"
    return f"{name}={names.get(str(value), value)}"


def _indented(body: dict[str, Any] | str) -> str:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, indent=2)
    return "\n".join(f"    {plain(part)}" for part in text.splitlines())

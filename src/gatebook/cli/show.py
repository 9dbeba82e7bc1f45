"""How answers look: tables for people, JSON for programs, control characters for nobody."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from gatebook.control.inputs import is_plain

if TYPE_CHECKING:
    from gatebook.control.apply import Answer
    from gatebook.control.command import Command

as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, a line for each.")
choose_organization = click.option(
    "--organization", default="", help="Only this organization, by its slug."
)


def show_json(value: Any) -> None:
    """One line of JSON on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False))


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    """A table, or what to say when there are no rows."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        click.echo(empty, err=True)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    # A pipe has no width; what is cut off there is lost to grep.
    Console(width=None if sys.stdout.isatty() else 200, highlight=False).print(table)


def show_answer(kind: "type[Command]", answer: "Answer", *, as_json: bool) -> None:
    """What an order did, with the key that is shown once."""
    if as_json:
        show_json(_as_data(answer))
        return
    for step in answer.steps:
        click.echo(f"First: {_in_words(step)}")
    if answer.repeated:
        click.echo("This order was carried out before; nothing was done now.")
    click.echo(click.style(plain(kind.says.format_map(answer.values)), fg="green"))
    for name, value in {**answer.values, "entry": answer.reference}.items():
        if value:
            click.echo(f"  {name.replace('_', ' '):<16}{plain(value)}")
    if answer.shown_once is not None:
        click.echo(f"\n  {click.style(answer.shown_once.reveal(), bold=True)}\n")
        click.echo("This key is shown this once; Gatebook keeps a keyed hash of it.", err=True)
    elif answer.repeated and "key_id" in answer.values:
        click.echo("Its key was shown then, and cannot be shown again.", err=True)


def plain(text: str) -> str:
    """Text that cannot move the cursor or hide what it says."""
    return text if is_plain(text) else text.encode("unicode_escape").decode()


def _in_words(step: "Answer") -> str:
    from gatebook.app.folders import command_kinds

    said = command_kinds()[step.command].says.format_map(step.values)
    return f"{plain(said)} (entry {step.reference})"


def _as_data(answer: "Answer") -> dict[str, Any]:
    data: dict[str, Any] = {**answer.values, "entry": answer.reference}
    if answer.shown_once is not None:
        data["key"] = answer.shown_once.reveal()
    data["repeated"] = answer.repeated
    data["steps"] = [{"command": s.command, **_as_data(s)} for s in answer.steps]
    return data

"""Every command of the command line, as its own help says it."""

from collections.abc import Iterator

import click

from gatebook.cli.main import EXIT_CODES, gatebook
from tools.gen.markdown import block, table

PATH = "docs/reference/cli.md"

_INTRODUCTION = """\
# Command line

The texts below are what `--help` prints.
Data goes to standard output and words about it to standard error; `--json` gives data for programs.
A secret is read from a file or from standard input, and is never an argument.
"""


def page() -> str:
    """The root, then every command below it."""
    form = {**gatebook.context_settings, "terminal_width": 100}
    root = click.Context(gatebook, info_name="gatebook", **form)
    parts = [_INTRODUCTION, *_sections(root), _exit_codes()]
    return "\n".join(parts)


def _sections(context: click.Context) -> Iterator[str]:
    command = context.command
    yield f"## {context.command_path}\n\n{block(command.get_help(context))}"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from _sections(click.Context(found, context, name))


def _exit_codes() -> str:
    rows = [("0", "done"), ("1", "every other failure")]
    rows += [(str(code), f"a failure of kind {kind}") for kind, code in EXIT_CODES.items()]
    rows += [("70", "a bug; the incident is in a file"), ("130", "stopped with Ctrl-C")]
    rows.sort(key=lambda row: int(row[0]))
    intro = "## Exit codes\n\n`gatebook verify` has codes of its own; see its section.\n"
    return f"{intro}\n{table(['code', 'meaning'], rows)}"

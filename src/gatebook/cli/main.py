"""The root of the command line; the one place where a failure becomes words and an exit code."""

import os
import sys
import tempfile
import traceback
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Final

import click

from gatebook import __version__, cli
from gatebook.cli.orders import Noun, Suggesting, nouns
from gatebook.cli.session import Session
from gatebook.core.errors import GatebookError, Invalid, Misconfigured, Unavailable
from gatebook.core.ids import base62, system_entropy

EXIT_CODES: Final = {Invalid.kind: 2, Unavailable.kind: 75, Misconfigured.kind: 78}
"""As in sysexits.h, so that a script can tell "try again" from "mend it"; 1 for all others."""

_INTERRUPTED: Final = 130
_BUG: Final = 70


class Verbs(Suggesting):
    """The verbs: modules of this folder, and the nouns of administrative commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb; imports them all, so only help and completion ask."""
        files = [name for _, name, _ in iter_modules(cli.__path__) if self._of_file(name)]
        return sorted({*files, *nouns()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name."""
        own = self._of_file(cmd_name)
        if own is not None or cmd_name not in nouns():
            return own
        return Noun(cmd_name, help=f"Administer what is called {cmd_name}.")

    def _of_file(self, name: str) -> click.Command | None:
        module = f"{cli.__name__}.{name}"
        if not name.isidentifier() or find_spec(module) is None:
            return None
        found = getattr(import_module(module), "command", None)
        return found if isinstance(found, click.Command) else None


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
First use:
  gatebook serve
  gatebook provider add openai --key-file openai.key
  gatebook agent enroll --owner alice@example.com --purpose "answers mail" --model 'gpt-*'""",
)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
@click.option(
    "--config",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Settings to read instead of gatebook.toml.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder, instead of the one in the settings.",
)
@click.pass_context
def gatebook(ctx: click.Context, file: Path | None, data: Path | None) -> None:
    """The control plane between AI agents and everything they touch, and the book of it."""
    ctx.obj = Session(file, data)


def main() -> None:
    """Run the command line and exit."""
    os.umask(0o027)  # others see nothing; a notary's account in our group may read the log
    try:
        sys.exit(gatebook.main(prog_name="gatebook", standalone_mode=False) or 0)
    except GatebookError as error:
        _complain(error.detail, error.hint)
        sys.exit(EXIT_CODES.get(error.kind, 1))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped.", err=True)
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception:
        _report_incident()
        sys.exit(_BUG)


def _complain(detail: str, hint: str) -> None:
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {detail}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


def _report_incident() -> None:
    """Keep what happened in a file of the operator's, and say where."""
    number = base62(int.from_bytes(system_entropy(5)), 7)
    folder = Path(tempfile.mkdtemp(prefix="gatebook-incident-"))
    log = folder / f"{number}.txt"
    log.write_text(traceback.format_exc(), "utf-8")
    _complain(
        f"This should not have happened (incident {number}).",
        f"What happened is in {log}; please send it with a bug report.",
    )

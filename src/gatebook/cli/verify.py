"""gatebook verify: is this log what was written and signed? Needs neither server nor database.

Imports nothing of Gatebook but `core` and `ledger`; a test holds it to that.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
import msgspec

from gatebook.core.errors import GatebookError, Invalid
from gatebook.core.registry import classes
from gatebook.ledger import events
from gatebook.ledger.question import Question
from gatebook.ledger.report import EXIT_CODES, Report, Severity
from gatebook.ledger.statement import POLICY
from gatebook.ledger.tiles import MAX_ENTRY_BYTES, TILE_WIDTH
from gatebook.ledger.trust import Trust
from gatebook.ledger.verify import verify

_MAX_FILE_BYTES: Final = TILE_WIDTH * (MAX_ENTRY_BYTES + 2)
"""No file of a log is larger: more is not read, and cannot fit."""

# Whether a file exists is not left to click: its exit code would say "incomplete".
_PATH: Final = click.Path(path_type=Path)


class ExportedFolder:
    """An exported log: `walk.LogFiles`. Symbolic links are not followed, other things not read."""

    def __init__(self, folder: Path) -> None:
        # Unlike Path.resolve, realpath does not raise for links that lead to themselves.
        self._folder = Path(os.path.realpath(folder))

    def read(self, path: str) -> bytes | None:
        """The whole file, None where there is none."""
        place = self._folder / path
        if os.path.realpath(place) != str(place) or not place.is_file():
            return None
        with place.open("rb") as file:
            return file.read(_MAX_FILE_BYTES + 1)

    def lengths(self) -> Mapping[str, int]:
        """Every file, and every link, with its length; bytes that are not UTF-8 as `\\xff`."""
        found, waiting = {}, [self._folder]
        while waiting:  # and not os.walk, which a folder nested deeply enough stops
            with os.scandir(waiting.pop()) as listed:
                for each in listed:
                    if each.is_dir(follow_symlinks=False):
                        waiting.append(Path(each))
                    else:
                        name = os.path.relpath(each, self._folder).replace("\\", "\\\\")
                        length = each.stat(follow_symlinks=False).st_size
                        found[os.fsencode(name).decode(errors="backslashreplace")] = length
        return found


class _WrongUse(click.UsageError):
    """Nothing was checked; click's own exit code would say "incomplete"."""

    exit_code = EXIT_CODES[Severity.CANNOT_CHECK]


class _Verify(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _WrongUse(error.format_message(), ctx) from error


@click.command("verify", cls=_Verify)
@click.argument("folder", type=_PATH)
@click.option("--full", is_flag=True, help="Check every signature and the form of every entry.")
@click.option("--policy", type=_PATH, help="Whom you trust: the policy you were given yourself.")
@click.option(
    "--seen", type=_PATH, multiple=True, help="A checkpoint seen before. May be repeated."
)
@click.option("--receipt", multiple=True, help="A reference x-request-id named. May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    *,
    folder: Path,
    full: bool,
    policy: Path | None,
    seen: tuple[Path, ...],
    receipt: tuple[str, ...],
    as_json: bool,
) -> None:
    """Check a log exported into FOLDER, offline.

    Exit codes: 0 it holds, 1 it was tampered with, 2 something is missing, 3 it cannot be checked.
    """
    try:
        report = verify(
            Question(
                files=ExportedFolder(folder),
                trust=_trust(folder, policy),
                is_pinned=policy is not None,
                schemas={kind.name: kind for kind in classes(events, events.Event)},
                is_full=full,
                seen=[path.read_bytes() for path in seen],
                receipts=dict.fromkeys(receipt),
            )
        )
    except (GatebookError, OSError) as error:
        click.echo(f"This cannot be checked: {error}", err=True)
        sys.exit(EXIT_CODES[Severity.CANNOT_CHECK])
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)))
    else:
        _show(report)
    sys.exit(report.exit_code)


def _trust(folder: Path, policy: Path | None) -> Trust:
    if not folder.is_dir():
        raise Invalid("folder_missing", f"{folder} is not a folder.", "Name an exported log.")
    if policy is not None:
        return Trust.parse(policy.read_bytes())
    found = ExportedFolder(folder).read(POLICY)
    if found is None:
        raise Invalid("policy_missing", f"{folder} holds no {POLICY}.", "Give one with --policy.")
    return Trust.parse(found)


def _show(report: Report) -> None:
    """The report for people; kept apart because `rich` takes long to load."""
    from gatebook.cli.verify_report import show

    show(report)

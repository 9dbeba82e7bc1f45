"""A verification's report as people read it on a terminal."""

import sys
from collections import Counter
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gatebook.ledger.report import Outcome, Report, Verdict

_LISTED: Final = 20
_MARKS: Final = {
    Outcome.PASSED: ("passed", "green"),
    Outcome.FAILED: ("FAILED", "bold red"),
    Outcome.SKIPPED: ("skipped", "yellow"),
}
_ENDINGS: Final = {
    0: ("The log holds.", "bold green"),
    1: ("The log was TAMPERED WITH.", "bold red"),
    2: ("The log is INCOMPLETE.", "bold red"),
    3: ("The log CANNOT BE CHECKED.", "bold yellow"),
}

_UNPINNED: Final = "It agrees with itself; whose it is, only a key that you were given can tell."


def show(report: Report) -> None:
    """Print the report."""
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    console.print(_steps(report))
    if report.streams:
        console.print(_streams(report))
    for problem in report.problems[:_LISTED]:
        console.print(_line("red", f"{problem.code}: {problem.detail}"))
    if report.problem_count > _LISTED:
        console.print(f"... and {report.problem_count - _LISTED} more problems; see --json")
    for each in report.unauthenticated:
        place = f"{each.path} [{each.start}, {each.end})"
        console.print(_line("yellow", f"Not vouched for: {place}: {each.why}"))
    for notice in report.notices:
        console.print(_line("yellow", notice))
    _end(console, report)


def _steps(report: Report) -> Table:
    table = Table(title=f"Verification, {report.mode} mode", title_justify="left", box=None)
    for header in ("", "", "", ""):
        table.add_column(header)
    for step in report.steps:
        word, style = _MARKS[step.outcome]
        table.add_row(
            str(step.number), Text(word, style), Text(step.title), Text(_plain(step.detail), "dim")
        )
    table.show_header = False
    return table


def _streams(report: Report) -> Table:
    verdicts = Counter(stream.verdict for stream in report.streams)
    counted = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    table = Table(title=f"Streams: {counted}", title_justify="left", box=None)
    for header in ("stream", "writer", "verdict", "entries", "from", "to"):
        table.add_column(header)
    order = list(Verdict)
    worst_first = sorted(report.streams, key=lambda each: -order.index(each.verdict))
    for stream in worst_first[:_LISTED]:
        row = (
            stream.sid,
            stream.writer,
            stream.verdict,
            f"{stream.first} - {stream.last}",
            _second(stream.opened_at),
            _second(stream.last_at),
        )
        table.add_row(*(Text(_plain(cell)) for cell in row))
    return table


def _end(console: Console, report: Report) -> None:
    console.print(Text("What this cannot show:", "dim"))
    for limit in report.limits:
        console.print(_line("dim", f"- {limit}"))
    words, style = _ENDINGS[report.exit_code]
    console.print(Text(words, style))
    if not report.exit_code and not report.is_pinned:
        console.print(_line("yellow", _UNPINNED))
    if report.origin:
        at = f", signed at {report.signed_at}" if report.signed_at else ""
        console.print(
            _line("", f"{report.origin}: {report.entries} of {report.size} entries checked{at}.")
        )


def _line(style: str, text: str) -> Text:
    return Text(_plain(text), style)


def _plain(text: str) -> str:
    """What an export says of itself must not steer the terminal."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def _second(at: str) -> str:
    """A time to the second."""
    return f"{at[:19]}Z" if len(at) > len("2026-11-20T12:34:56Z") else at

"""Rehearse what has to work on the day it is needed."""

import sys
from statistics import median

import click

from gatebook.cli.orders import Duration, Noun
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, show_json, show_table


@click.group(cls=Noun, name="drill")
def command() -> None:
    """Rehearse what has to work on the day it is needed."""


@command.command("kill-switch")
@click.option(
    "--wait", type=Duration(), default="15s", show_default=True, help="How long gateways may take."
)
@as_json
@click.pass_obj
def kill_switch(session: Session, *, wait: int, as_json: bool) -> None:
    """Send a stop that is about nobody to every gateway, and see how soon each has it in force.

    No call is cut or refused. The drill fails, with exit code 1, unless every gateway that runs
    answers and none needed more than a second by its own clock, which has to agree with that of
    this machine; either way the result is in the book.
    """
    from gatebook.app.drill import GOAL_MS, rehearse
    from gatebook.app.wiring import look_into, open_control
    from gatebook.core.clock import SystemClock
    from gatebook.core.ids import system_entropy

    with look_into(session.config) as database:
        drill = rehearse(
            session.config,
            database,
            lambda: open_control(session.loaded),
            seconds=wait,
            clock=SystemClock(),
            entropy=system_entropy,
        )
    delays = sorted(drill.answers.values())
    if as_json:
        about = {"passed": drill.passed, "goal_ms": GOAL_MS, "entry": drill.answer.reference}
        found = {"answers": drill.answers, "missing": drill.missing, "skewed": drill.skewed}
        show_json({**about, **found})
    else:
        rows = [(name, f"{delay} ms") for name, delay in drill.answers.items()]
        if drill.skewed:
            clocks = ", ".join(f"that of {name} is {how}" for name, how in drill.skewed.items())
            click.echo(f"Clocks differ, so nobody knows how long it took: {clocks}.", err=True)
        rows += [(name, f"no answer ({place})") for name, place in drill.missing.items()]
        show_table(("gateway", "in force after"), rows, empty="No gateway runs.")
        if delays:
            click.echo(f"p50 {median(delays):.0f} ms, max {delays[-1]} ms, goal {GOAL_MS} ms")
        click.echo(f"The drill {'passed' if drill.passed else 'FAILED'}: {drill.answer.reference}")
    if not drill.passed:
        sys.exit(1)

"""Run Gatebook, or one of its processes."""

import logging
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import click

from gatebook.cli.session import Session
from gatebook.core.errors import Invalid

if TYPE_CHECKING:
    from gatebook.app.config import Config

PROCESSES = ("gateway", "integrator", "notary")


@click.command(
    epilog="""\b
Examples:
  gatebook serve --workers 2
  gatebook --config /etc/gatebook/gatebook.toml serve gateway"""
)
@click.argument("process", type=click.Choice(PROCESSES), required=False)
@click.option("--workers", type=click.IntRange(1, 32), help="So many gateways on one address.")
@click.option(
    "--worker", "number", type=click.IntRange(1), help="Be the gateway of this number, alone."
)
@click.option("--listener", type=int, hidden=True)
@click.option("--lifeline", type=int, hidden=True)
@click.pass_obj
def command(
    session: Session,
    *,
    process: str | None,
    workers: int | None,
    number: int | None,
    listener: int | None,
    lifeline: int | None,
) -> None:
    """Run Gatebook until told to stop, with Ctrl-C or SIGTERM.

    Without PROCESS all three are run, once for a data folder, and started again when they end: the
    gateway, which agents call; the integrator, which publishes the log; the notary, which signs it.
    Each can also be run alone, under another account or on another machine.

    The gateway is run by a supervisor, as often as --workers or the settings say. On SIGHUP it
    starts others with the settings as they are then, and those before end once their calls have.
    With --worker it is one bare process, for a supervisor of yours.
    """
    from gatebook.app.child import Lifeline
    from gatebook.app.log_lines import log_to_stderr

    if process != "gateway" and (number is not None or (process and workers is not None)):
        raise Invalid("not_a_worker", "Only gateways are workers.", "gatebook serve --help")
    load = partial(_load, session, workers)
    who = process or "supervisor"
    if process == "gateway":
        who = "supervisor" if number is None else load().workers.role(number)
    log_to_stderr(who, load().telemetry.log_format)
    line = None if lifeline is None else Lifeline(lifeline)

    def ready(address: str) -> None:
        if line is not None:
            line.ready(address)
        elif process is not None:
            logging.getLogger(process).info("The %s is ready at %s.", process, address)

    if process is None:
        _serve_all(load, session, ready)
    elif process != "gateway":
        import_module(f"gatebook.app.{process}").run(session.config, ready)
    elif number is None:
        _supervise([], load, session, ready)
    else:
        run = import_module("gatebook.app.gate_process").run
        run(load(), ready, number=number, inherited=listener)


def _load(session: Session, workers: int | None) -> "Config":
    """The settings as they are now, with what was said beside them."""
    from msgspec.structs import replace

    config = session.load().config
    if workers is None:
        return config
    return replace(config, workers=replace(config.workers, count=workers))


def _serve_all(
    load: "Callable[[], Config]", session: Session, ready: Callable[[str], None]
) -> None:
    from gatebook.app.init import create
    from gatebook.app.supervisor import alone_in
    from gatebook.core.ids import system_entropy

    config = load()
    create(config, system_entropy)  # the keys; the integrator, started before the gate, migrates
    with alone_in(config.data):
        beside = ["notary", "integrator"] if config.notary.embedded else ["integrator"]
        _supervise(beside, load, session, ready)


def _supervise(
    beside: list[str],
    load: "Callable[[], Config]",
    session: Session,
    ready: Callable[[str], None],
) -> None:
    from gatebook.app.supervisor import Supervisor
    from gatebook.core.clock import SystemClock

    Supervisor(beside, load, session.loaded.arguments, ready=ready, clock=SystemClock()).run()

"""Run Gatebook, or one of its processes."""

import logging
from collections.abc import Callable
from importlib import import_module

import click

from gatebook.cli.session import Session

PROCESSES = ("gateway", "integrator", "notary")


@click.command(
    epilog="""\b
Examples:
  gatebook serve
  gatebook --config /etc/gatebook/gatebook.toml serve gateway"""
)
@click.argument("process", type=click.Choice(PROCESSES), required=False)
@click.option("--lifeline", type=int, hidden=True)
@click.pass_obj
def command(session: Session, process: str | None, lifeline: int | None) -> None:
    """Run Gatebook until told to stop, with Ctrl-C or SIGTERM.

    Without PROCESS all three are run, once for a data folder, and started again when they end: the
    gateway, which agents call; the integrator, which publishes the log; the notary, which signs it.
    Each can also be run alone, under another account or on another machine.
    """
    from gatebook.app.child import Lifeline
    from gatebook.app.log_lines import log_to_stderr

    log_to_stderr(process or "supervisor", session.config.telemetry.log_format)
    line = None if lifeline is None else Lifeline(lifeline)

    def ready(address: str) -> None:
        if line is not None:
            line.ready(address)
        elif process is not None:
            logging.getLogger(process).info("The %s is ready at %s.", process, address)

    if process is None:
        _supervise(session, ready)
    else:
        import_module(f"gatebook.app.{process}").run(session.config, ready)


def _supervise(session: Session, ready: Callable[[str], None]) -> None:
    from gatebook.app.init import create
    from gatebook.app.supervisor import Supervisor, alone_in
    from gatebook.core.clock import SystemClock
    from gatebook.core.ids import system_entropy

    config = session.config
    create(config, system_entropy)  # the keys; the integrator, started before the gate, migrates
    names = ["notary", "integrator", "gateway"]
    if not config.notary.embedded:
        names.remove("notary")
    supervisor = Supervisor(
        names,
        session.loaded.arguments,
        ready=ready,
        drain_seconds=config.gateway.drain_seconds + 5,
        clock=SystemClock(),
    )
    with alone_in(config.data):
        supervisor.run()

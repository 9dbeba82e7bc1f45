"""Rehearses the kill switch: a stop that is about nobody goes the way of all stops.

Every gate of this machine has to say, in the book, that it has it in force; gates of others that
say so are counted too. Who is expected is known from the locks that gates hold, not from what they
say: one that hangs says nothing.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from gatebook.app.config import Config
from gatebook.app.emergency import WAIT_SECONDS, open_folder, post, record
from gatebook.app.gate_locks import gates
from gatebook.app.tail import Tail
from gatebook.app.wiring import operator
from gatebook.control.apply import Answer, Control, Order, carry_out, log_of
from gatebook.control.commands.complete_drill import CompleteDrill
from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.ids import Entropy
from gatebook.ledger.events.stop import StopApplied
from gatebook.storage.database import Database

GOAL_MS: Final = 1000

_PAUSE_SECONDS: Final = 0.2


class Drill(NamedTuple):
    """How a drill went; gates are named by the ids of their processes."""

    answer: Answer
    answers: dict[str, int]
    """Milliseconds until each had the stop in force."""
    missing: dict[str, int]
    """Process numbers of those that were there and did not answer."""

    @property
    def passed(self) -> bool:
        """Whether all answered in time, as the book has it."""
        return self.answer.values["result"] == "passed"


def rehearse(
    config: Config,
    database: Database,
    open_control: Callable[[], AbstractContextManager[Control]],
    *,
    seconds: float,
    clock: Clock,
    entropy: Entropy,
) -> Drill:
    """Send a stop, wait for answers for so long, and record the result; raises Unavailable."""
    expected = gates(config.data)
    folder = open_folder(config, entropy)
    tail = Tail(database, log_of(config.ledger.origin, None), None)
    tail.last(1)
    order = post(folder, {"kind": "drill"}, "", clock=clock, entropy=entropy)
    record(folder, order, open_control, seconds=WAIT_SECONDS, clock=clock)
    stop = order.idempotency_key
    answers: dict[str, int] = {}
    until_us = clock.monotonic_us() + int(seconds * SECOND_US)
    while not expected.keys() <= answers.keys() and clock.monotonic_us() < until_us:
        time.sleep(_PAUSE_SECONDS)
        answers |= _answers(tail, stop)
    missing = {process: pid for process, pid in expected.items() if process not in answers}
    command = CompleteDrill(
        stop=stop, goal_ms=GOAL_MS, answers=answers, missing=tuple(sorted(missing))
    )
    with open_control() as control:
        answer = carry_out(control, Order(command=command, by=operator()))
    return Drill(answer, answers, missing)


def _answers(tail: Tail, stop: str) -> Iterator[tuple[str, int]]:
    """Who has said since the last look to have the stop in force, and after how long."""
    for line in tail.more():
        if line.event == StopApplied.name and line.data["stop"] == stop:
            yield line.data["process"], line.data["delay_ms"]

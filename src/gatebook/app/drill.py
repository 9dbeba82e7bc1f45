"""Rehearses the kill switch: a stop that is about nobody goes the way of all stops.

Every gateway that runs has to say, in the book, that it has the stop in force. Who runs is known
from the names that gateways hold at the database, not from what they say: one that hangs says
nothing, and holds its name.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final, Literal, NamedTuple

from gatebook.app.config import Config
from gatebook.app.emergency import WAIT_SECONDS, open_folder, order_of, record
from gatebook.app.tail import Tail
from gatebook.app.wiring import operator
from gatebook.control.apply import Answer, Control, Order, carry_out, log_of
from gatebook.control.commands.complete_drill import CompleteDrill
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.ids import Entropy
from gatebook.ledger.events.stop import StopApplied
from gatebook.storage.database import Database
from gatebook.storage.gateways import look
from gatebook.storage.seat import is_held

GOAL_MS: Final = 1000

_PAUSE_SECONDS: Final = 0.2


class Drill(NamedTuple):
    """How a drill went, by the names of gateways."""

    answer: Answer
    answers: dict[str, int]
    """Milliseconds until each had the stop in force."""
    missing: dict[str, str]
    """Where those run that did not answer: host and process number."""
    skewed: dict[str, str]
    """Whose clock is `behind` or `ahead` of this machine's by more than its answer took."""

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
    expected = _running(database)
    folder = open_folder(config, entropy)
    tail = Tail(database, log_of(config.ledger.origin, None), None)
    tail.last(1)
    began_us = clock.monotonic_us()
    order = order_of(EngageStop(kind="drill"), "", clock=clock, entropy=entropy)
    folder.post(order)
    record(folder, order, open_control, seconds=WAIT_SECONDS, clock=clock)
    stop = order.idempotency_key
    answers: dict[str, int] = {}
    skewed: dict[str, str] = {}
    until_us = clock.monotonic_us() + int(seconds * SECOND_US)
    while not expected.keys() <= answers.keys() and clock.monotonic_us() < until_us:
        time.sleep(_PAUSE_SECONDS)
        for name, delay_ms in _answers(tail, stop):
            answers[name] = delay_ms
            if how := skew(delay_ms, (clock.monotonic_us() - began_us) // 1000):
                skewed[name] = how
    missing = {name: place for name, place in expected.items() if name not in answers}
    command = CompleteDrill(
        stop=stop, goal_ms=GOAL_MS, answers=answers, missing=tuple(sorted(missing))
    )
    with open_control() as control:
        answer = carry_out(control, Order(command=command, by=operator()))
    return Drill(answer, answers, missing, skewed)


def skew(delay_ms: int, most_ms: int) -> Literal["", "behind", "ahead"]:
    """How the clock that an answer was taken by must differ from ours; it took `most_ms` at most.

    Empty: by less than can be seen.
    """
    if delay_ms < 0:
        return "behind"
    return "ahead" if delay_ms > most_ms else ""


def _running(database: Database) -> dict[str, str]:
    """Host and process number of every gateway that holds its name, by that."""
    return {
        each.name: f"{each.host} pid {each.pid}"
        for each in look(database).gateways
        if is_held(database, each.name)
    }


def _answers(tail: Tail, stop: str) -> Iterator[tuple[str, int]]:
    """Who has said since the last look to have the stop in force, and after how long."""
    for line in tail.more():
        if line.event == StopApplied.name and line.data["stop"] == stop:
            yield line.data["gateway"], line.data["delay_ms"]

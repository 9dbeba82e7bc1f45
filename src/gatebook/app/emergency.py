"""Stops calls from the command line: first in this machine's gates, then in the database.

The first step takes a file; the database is asked before only what a name means, and not for long.
The second reaches other machines and the book; it is tried for a while, and a gate of this machine
takes it over from whoever gives up.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from typing import Final, cast

from msgspec.structs import replace

from gatebook.app import stop_folder
from gatebook.app.config import Config
from gatebook.app.keyring import load_keyring
from gatebook.app.stop_folder import StopFolder
from gatebook.app.wiring import look_into, operator
from gatebook.control.apply import Answer, Control, Order, carry_out, check_order
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import (
    Conflict,
    GatebookError,
    Invalid,
    Misconfigured,
    NotFound,
    Unavailable,
)
from gatebook.core.ids import Entropy, new_id
from gatebook.storage.directory import SqlRecords

WAIT_SECONDS: Final = 20
"""How long the database is waited for."""

SETTLE_SECONDS: Final = 0.5
"""How long it is waited for when it is only asked what a name means."""

_PAUSE_SECONDS: Final = 0.5


def open_folder(config: Config, entropy: Entropy) -> StopFolder:
    """The orders of this machine; raises Misconfigured without an installation and its keys."""
    key = load_keyring(config, entropy).stops
    return StopFolder(config.data / stop_folder.NAME, key, entropy)


def settle(
    command: EngageStop, look: Callable[[EngageStop], EngageStop], *, seconds: float
) -> EngageStop:
    """The order with the organization that it is about, where the database tells it in time.

    Where it does not, the order is as it was said. Raises NotFound or Invalid if it does, and the
    order names nothing or several things.
    """
    found: Future[EngageStop] = Future()

    def ask() -> None:
        try:
            found.set_result(look(command))
        except GatebookError as error:
            found.set_exception(error)

    threading.Thread(target=ask, name="settle", daemon=True).start()
    try:
        return found.result(seconds)
    except (NotFound, Invalid):
        raise
    except (GatebookError, TimeoutError):
        return command


def meaning(config: Config, command: EngageStop) -> EngageStop:
    """The order as the database has what it names; may block, and raises as `settled` does.

    Raises Unavailable if the database cannot be asked.
    """
    with ExitStack() as stack:
        try:
            database = stack.enter_context(look_into(config))
            connection = stack.enter_context(database.reading())
        except (NotFound, Misconfigured) as error:
            raise Unavailable(error.code, error.detail, error.hint) from error
        return command.settled(SqlRecords(connection))


def order_of(command: EngageStop, reason: str, *, clock: Clock, entropy: Entropy) -> Order:
    """The order to stop something now; raises Invalid if it could not be recorded later.

    Once it is posted in their folder, the gates of this machine obey within moments.
    """
    id_ = new_id("stp", entropy)
    command = replace(command, stop=id_, engaged_at=clock.now_us())
    order = Order(command=command, by=operator(), reason=reason, idempotency_key=id_)
    check_order(order)
    return order


def engage(control: Control, order: Order) -> list[Answer]:
    """Put an order into the database and the book; raises NotFound if it names nothing.

    If it names things of several organizations, each gets a stop of its own, in its own log: what
    was stopped by the order stays so until somebody answers for each release.
    """
    command = cast("EngageStop", order.command)  # nothing else is an order to stop
    with control.book.reading() as records:
        parts = command.parts(records) or [command]
    return [
        carry_out(control, replace(order, command=part, idempotency_key=part.stop))
        for part in parts
    ]


def record(
    folder: StopFolder,
    order: Order,
    open_control: Callable[[], AbstractContextManager[Control]],
    *,
    seconds: float,
    clock: Clock,
) -> list[Answer]:
    """Put a stop into the database and the book, and so before the gates of other machines.

    Raises Unavailable if that could not be done in time: it is ordered here all the same.
    Raises NotFound if it names nothing: then it is taken back.
    """
    until_us = clock.monotonic_us() + int(seconds * SECOND_US)
    while True:
        try:
            with open_control() as control:
                return engage(control, order)
        except NotFound:
            folder.remove(order.idempotency_key)
            raise
        except (Conflict, Unavailable) as error:  # a gate may be doing the same
            if clock.monotonic_us() > until_us:
                raise Unavailable(
                    "stop_unrecorded",
                    f"{order.idempotency_key} is ordered on this machine and on no other, and is"
                    f" not in the book yet: {error.detail}",
                    "A gate of this machine records it as soon as the database answers; its log"
                    " says so if it knows nothing of that name.",
                ) from error
        time.sleep(_PAUSE_SECONDS)

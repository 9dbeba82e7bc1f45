"""Stops calls from the command line: first in this machine's gates, then in the database.

The first step needs no database, and takes a file. The second reaches other machines and the book;
it is tried for a while, and a gate of this machine takes it over from whoever gives up.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from gatebook.app import stop_folder
from gatebook.app.config import Config
from gatebook.app.keyring import load_keyring
from gatebook.app.stop_folder import StopFolder
from gatebook.app.wiring import operator
from gatebook.control.apply import Answer, Control, Order, carry_out
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.control.inputs import read_command
from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import Conflict, Invalid, NotFound, Unavailable
from gatebook.core.ids import Entropy, new_id

WAIT_SECONDS: Final = 20
"""How long the database is waited for."""

_PAUSE_SECONDS: Final = 0.5


def open_folder(config: Config, entropy: Entropy) -> StopFolder:
    """The orders of this machine; raises Misconfigured without an installation and its keys."""
    key = load_keyring(config, entropy).stops
    return StopFolder(config.data / stop_folder.NAME, key, entropy)


def post(
    folder: StopFolder, values: dict[str, Any], reason: str, *, clock: Clock, entropy: Entropy
) -> Order:
    """Have the gates of this machine stop something; they do within moments of the return."""
    id_ = new_id("stp", entropy)
    given = {**values, "stop": id_, "engaged_at": clock.now_us()}
    command = read_command(EngageStop, given)
    order = Order(command=command, by=operator(), reason=reason, idempotency_key=id_)
    folder.post(order)
    return order


def record(
    folder: StopFolder,
    order: Order,
    open_control: Callable[[], AbstractContextManager[Control]],
    *,
    seconds: float,
    clock: Clock,
) -> Answer:
    """Put a stop into the database and the book, and so before the gates of other machines.

    Raises Unavailable if that could not be done in time: the stop is in force here all the same.
    Raises NotFound or Invalid if it names nothing: then it is taken back.
    """
    until_us = clock.monotonic_us() + int(seconds * SECOND_US)
    while True:
        try:
            with open_control() as control:
                return carry_out(control, order)
        except (NotFound, Invalid):
            folder.remove(order.idempotency_key)
            raise
        except (Conflict, Unavailable) as error:  # a gate may be doing the same
            if clock.monotonic_us() > until_us:
                raise Unavailable(
                    "stop_unrecorded",
                    f"{order.idempotency_key} is in force on this machine and in no other, and is"
                    f" not in the book yet: {error.detail}",
                    "A gate of this machine records it as soon as the database answers.",
                ) from error
        time.sleep(_PAUSE_SECONDS)

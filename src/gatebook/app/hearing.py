"""Which gateways have heard of the last administrative change, for whoever just made it.

A gateway tells so as soon as it decides on a newer revision; one that hangs tells nothing.
"""

import time
from typing import Final

from gatebook.core.clock import SECOND_US, Clock
from gatebook.storage.database import Database
from gatebook.storage.gateways import SILENT_US, look

_PAUSE_SECONDS: Final = 0.1


def heard(database: Database, *, seconds: float, clock: Clock) -> dict[str, bool]:
    """Whether each gateway that was heard of lately has the last change, by name.

    They are waited for so many seconds at most; raises Unavailable.
    """
    until_us = clock.monotonic_us() + int(seconds * SECOND_US)
    while True:
        seen = look(database)
        found = {
            each.name: each.revision >= seen.revision
            for each in seen.gateways
            if seen.now - each.beat_at <= SILENT_US
        }
        if all(found.values()) or clock.monotonic_us() >= until_us:
            return found
        time.sleep(_PAUSE_SECONDS)

"""A gate of its own, to be killed: `python -m tests.fault.limited_gate <database url> <began>`.

Several of them share a database, and a clock that stood at noon when the host's showed `began`.
Prints its port when it is ready. Ends in order on SIGTERM.
"""

import json
import os
import sys
import tempfile
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from gatebook.app.binding import bind_to
from gatebook.app.config import Config
from gatebook.app.folders import dialects
from gatebook.app.gate_parts import open_gate
from gatebook.app.gate_server import serve
from gatebook.app.gate_surroundings import Surroundings
from gatebook.app.presence import Presence
from gatebook.app.serving import address_of
from gatebook.app.snapshots import SqlSource
from gatebook.app.stop_folder import StopFolder
from gatebook.app.stop_keeper import StopKeeper
from gatebook.app.watched_store import WatchedStore
from gatebook.control.apply import Control
from gatebook.core.clock import SystemClock
from gatebook.core.envelope import LocalKek
from gatebook.core.ids import new_id, system_entropy
from gatebook.gateway.asgi import GateApplication
from gatebook.gateway.settings import GatewaySettings
from gatebook.gateway.unsigned import Unsigned
from gatebook.identity.keys import Peppers
from gatebook.policy.limits.settings import LimitSettings
from gatebook.storage.book import SqlStore
from gatebook.storage.database import open_database
from gatebook.storage.health import SqlHealth
from gatebook.storage.leases import SqlLeases
from gatebook.storage.seat import Seat
from tests.gates import STOPS
from tests.guard import inspector
from tests.office import ORIGIN
from tests.simulators.certifier import LocalCertifier
from tests.simulators.clock import NOON_US


class SharedClock:
    """Runs as the host's does, from the noon at which other clocks of tests stand."""

    def __init__(self, began_us: int) -> None:
        self._began_us = began_us
        self._host = SystemClock()

    def now_us(self) -> int:
        """Microseconds since the Unix epoch."""
        return NOON_US + self._host.monotonic_us() - self._began_us

    def monotonic_us(self) -> int:
        """Microseconds since the host started."""
        return self._host.monotonic_us()


def _no_control() -> AbstractContextManager[Control]:
    raise LookupError("nothing is stopped here")


def main(url: str, began_us: str, limits: str) -> None:
    """Be a gate until told to stop, or killed."""
    clock = SharedClock(int(began_us))
    certifier = LocalCertifier(clock)
    gateway = GatewaySettings(port=0, snapshot_poll_ms=50, drain_seconds=2)
    config = Config(gateway=gateway, limits=LimitSettings(**json.loads(limits)))
    database, writers_database = open_database(url), open_database(url)
    listener = bind_to("127.0.0.1", 0)
    address = address_of(listener)
    seat = Seat(database, f"gateway-{os.getpid()}")
    seat.take()
    presence = Presence(database, seat, 1, address)
    store = WatchedStore(SqlStore(writers_database, clock))
    given = Surroundings(
        source=SqlSource(
            database,
            kek=LocalKek(bytes(32), system_entropy),
            peppers=Peppers({1: bytes(range(32))}),
            origin=ORIGIN,
        ),
        leases=SqlLeases(
            database,
            new_id("hld", system_entropy),
            now_us=lambda _: clock.now_us(),
            lease_seconds=config.limits.lease_seconds,
        ),
        presence=presence,
        store=store,
        certifier=certifier,
        unsigned=Unsigned(store.committed, certifier.reach, settings=config.ledger, clock=clock),
        dialects=dialects(),
        health=SqlHealth(database),
        inspector=inspector(),
        keeper=StopKeeper(
            StopFolder(Path(tempfile.mkdtemp(prefix="gatebook-stops-")), STOPS, system_entropy),
            _no_control,
            gateway=presence.name,
            config=config,
            clock=clock,
        ),
        config=config,
        clock=clock,
        entropy=system_entropy,
    )
    serve(
        GateApplication(partial(open_gate, given)),
        config,
        lambda: print(address, flush=True),
        listener=listener,
        is_shared=False,
        on_drain=presence.drain,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The gate as a process, from its settings to a socket that listens.

One event loop, and the ledger's writer as a thread beside it.
"""

import socket
from collections.abc import Callable
from contextlib import closing
from functools import partial

from gatebook.app.binding import bind_to
from gatebook.app.config import Config
from gatebook.app.descriptors import make_room
from gatebook.app.garbage import search_seldom
from gatebook.app.gate_parts import open_gate
from gatebook.app.gate_server import serve
from gatebook.app.gate_surroundings import surroundings_of
from gatebook.app.presence import Presence
from gatebook.app.serving import address_of
from gatebook.app.tls import open_tls
from gatebook.core.clock import SystemClock
from gatebook.core.ids import system_entropy
from gatebook.gateway.asgi import GateApplication
from gatebook.storage.database import Database, check_schema, open_database
from gatebook.storage.seat import Seat


def run(
    config: Config, ready: Callable[[str], None], *, number: int = 1, inherited: int | None = None
) -> None:
    """Be one gate until told to stop; `ready` is told its address once it takes calls.

    `number` tells it from others of its name; `inherited` is the descriptor of a socket that is
    bound already. Raises Misconfigured; Conflict while another one runs under its name; Unavailable
    if database or notary do not answer at the start; Tampered if the database is older than what
    the notary has signed. It neither makes keys nor migrates: the process that calls come to needs
    no right to either.
    """
    make_room(config.gateway.connection_limit)
    clock, entropy = SystemClock(), system_entropy
    tls = open_tls(config, clock)
    with (
        _listener(config, inherited) as listener,
        closing(_database(config)) as database,
        # The writer drops all its connections when a commit is in doubt: they are no one else's.
        closing(_database(config)) as writers_database,
        closing(Seat(database, config.workers.role(number))) as seat,
    ):
        check_schema(database)
        seat.take()
        address = address_of(listener, "https" if tls else "http")
        presence = Presence(database, seat, number, address)
        given = surroundings_of(
            config, database, writers_database, presence, clock=clock, entropy=entropy
        )
        search_seldom()
        serve(
            GateApplication(partial(open_gate, given)),
            config,
            lambda: ready(address),
            tls=tls,
            listener=listener,
            is_shared=inherited is not None and config.workers.count > 1,
            on_drain=presence.drain,
        )


def _listener(config: Config, inherited: int | None) -> socket.socket:
    if inherited is None:
        return bind_to(config.gateway.host, config.gateway.port)
    return socket.socket(fileno=inherited)


def _database(config: Config) -> Database:
    return open_database(config.database_url, wait_seconds=config.storage.wait_seconds)

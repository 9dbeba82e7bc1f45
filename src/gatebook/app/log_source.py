"""Where published entries are read from: a folder of logs, or a host that serves them."""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

from gatebook.core.errors import Unavailable
from gatebook.ledger.entry import MAX_ENTRY_BYTES
from gatebook.ledger.tiles import TileSource
from gatebook.storage.folder import LogFolder
from gatebook.web.blocking_client import HTTP, ask

_TIMEOUT_SECONDS: Final = 10
_LARGEST_BYTES: Final = 256 * (2 + MAX_ENTRY_BYTES) + 64 * 1024
"""A full tile of the largest entries there can be (C2SP tlog-tiles, "Log entries"), and a head."""


def log_source(location: str) -> Callable[[str], TileSource]:
    """Gives the log of an origin out of a folder or from http://host:port."""
    if location.startswith(HTTP):
        return lambda origin: HttpLog(location, origin)
    return lambda origin: LogFolder(Path(location) / origin)


class HttpLog:
    """A log as `app/log_server.py` serves it."""

    def __init__(self, address: str, origin: str) -> None:
        self._address = address
        self._prefix = f"/{origin.rpartition('/')[2]}/"

    def read(self, path: str) -> bytes | None:
        """The whole file, None where there is none; raises Unavailable for anything else."""
        try:
            reply = ask(
                self._address,
                "GET",
                self._prefix + path,
                seconds=_TIMEOUT_SECONDS,
                limit=_LARGEST_BYTES,
            )
        except OSError as error:
            raise _unavailable(f"{type(error).__name__}") from error
        if reply.status == HTTPStatus.NOT_FOUND:
            return None
        if reply.status != HTTPStatus.OK:
            raise _unavailable(f"status {reply.status}")
        return reply.body


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(
        "log_unavailable",
        f"The published log cannot be read ({reason}).",
        "See that the integrator runs, and that [notary] log names its address.",
    )

"""Where published entries are read from: a folder of logs, or a host that serves them."""

import http.client
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

from gatebook.core.errors import Unavailable
from gatebook.ledger.tiles import TileSource
from gatebook.storage.folder import LogFolder

_SCHEME: Final = "http://"
_TIMEOUT_SECONDS: Final = 10


def log_source(location: str) -> Callable[[str], TileSource]:
    """Gives the log of an origin out of a folder or from http://host:port."""
    if location.startswith(_SCHEME):
        address = location.removeprefix(_SCHEME)
        return lambda origin: HttpLog(address, origin)
    return lambda origin: LogFolder(Path(location) / origin)


class HttpLog:
    """A log as `app/log_server.py` serves it."""

    def __init__(self, address: str, origin: str) -> None:
        self._address = address
        self._prefix = f"/{origin.rpartition('/')[2]}/"

    def read(self, path: str) -> bytes | None:
        """The whole file, None where there is none; raises Unavailable for anything else."""
        connection = http.client.HTTPConnection(self._address, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", self._prefix + path)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise _unavailable(f"{type(error).__name__}") from error
        finally:
            connection.close()
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        if response.status != HTTPStatus.OK:
            raise _unavailable(f"status {response.status}")
        return body


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(
        "log_unavailable",
        f"The published log cannot be read ({reason}).",
        "See that the integrator runs, and that [notary] log names its address.",
    )

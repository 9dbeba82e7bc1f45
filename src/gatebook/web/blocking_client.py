"""One request and its whole answer, for code that waits in a thread: our own processes' HTTP.

The rules are those of `client.py`: nothing is followed or sent twice, a name is resolved here, and
what is connected to is the address that was checked. One deadline holds for everything after that.
"""

import socket
import time
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httptools

from gatebook.core.addresses import may_reach, read_host
from gatebook.web.client import Broken, NotCalled

UNIX: Final = "unix:"
HTTP: Final = "http://"

_PORT: Final = 80
_PART_BYTES: Final = 64 * 1024


class Response(NamedTuple):
    """A whole response."""

    status: int
    body: bytes


def ask(
    address: str, method: str, target: str, body: bytes = b"", *, seconds: float, limit: int
) -> Response:
    """The answer of a server at `unix:/path` or `http://host:port`.

    Raises OSError if it has not come in whole after so many seconds, or has more bytes than
    `limit`, head and all.
    """
    until = time.monotonic() + seconds
    reading = _Reading()
    with _connected(address, until) as line:
        host = "localhost" if address.startswith(UNIX) else address.removeprefix(HTTP)
        line.settimeout(_left(until))
        line.sendall(
            f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode("ascii")
            + body
        )
        size = 0
        while not reading.is_complete:
            line.settimeout(_left(until))
            data = line.recv(_PART_BYTES)
            size += len(data)
            if not data or size > limit:
                raise Broken("the answer breaks off" if not data else "the answer is too large")
            reading.feed(data)
    return Response(reading.status, bytes(reading.body))


class _Reading:
    """The response as far as it has come."""

    def __init__(self) -> None:
        self.status = 0
        self.body = bytearray()
        self.is_complete = False
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Bytes came; raises Broken."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            raise Broken("the answer is not HTTP/1") from None

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self.body += body

    def on_message_complete(self) -> None:
        """Called by the parser."""
        self.is_complete = True


def _connected(address: str, until: float) -> socket.socket:
    if address.startswith(UNIX):
        return _dial(socket.AF_UNIX, address.removeprefix(UNIX), until)
    failure: OSError = Broken("the name leads nowhere")
    for family, where in _places(address):
        try:
            return _dial(family, where, until)
        except OSError as error:
            failure = error
    raise failure


def _places(address: str) -> list[tuple[socket.AddressFamily, Any]]:
    """What to connect to, every address checked."""
    try:
        parts = urlsplit(address)
        host, port = read_host(parts.hostname or ""), parts.port or _PORT
    except ValueError:
        raise NotCalled(f"{address} is spelled in a way that not everybody reads alike") from None
    found = socket.getaddrinfo(str(host), port, type=socket.SOCK_STREAM)
    for *_, where in found:
        if not may_reach(str(where[0])):
            raise NotCalled(f"{host} leads to {where[0]}")
    return [(family, where) for family, _, _, _, where in found]


def _dial(family: socket.AddressFamily, where: Any, until: float) -> socket.socket:
    line = socket.socket(family, socket.SOCK_STREAM)
    try:
        line.settimeout(_left(until))
        line.connect(where)
    except OSError:
        line.close()
        raise
    return line


def _left(until: float) -> float:
    """Seconds until then; raises TimeoutError if there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left

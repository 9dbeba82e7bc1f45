"""Reads the body of a request, never more of it than its limit."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gatebook.core.errors import GatebookError
from gatebook.web.server import EdgeProtocol

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Disconnected(ConnectionError):
    """The peer left before its request was complete; there is nobody to answer."""


async def read_body(
    receive: Receive,
    connection: EdgeProtocol,
    declared: bytes | None,
    limit: int,
    too_large: GatebookError,
) -> bytes:
    """The whole body; raises `too_large` beyond `limit` bytes, Invalid if it is late or broken.

    `declared` is the Content-Length: a body that says it is too large is not read at all.
    """
    if declared is not None and int(declared) > limit:
        raise too_large
    parts = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        if connection.fault is not None:
            raise connection.fault
        part = message["body"]
        size += len(part)
        if size > limit:
            raise too_large
        parts.append(part)
        more = message["more_body"]
    return parts[0] if len(parts) == 1 else b"".join(parts)

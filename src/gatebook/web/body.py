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
    whole = bytearray()  # of one piece: many small ones take a multiple of what they hold
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        if connection.fault is not None:
            raise connection.fault
        part: bytes = message["body"]
        if len(whole) + len(part) > limit:
            raise too_large
        if not whole and not message["more_body"]:
            return part
        whole += part
        if not message["more_body"]:
            return bytes(whole)

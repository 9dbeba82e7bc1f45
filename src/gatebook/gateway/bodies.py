"""Bounds the bytes of request bodies held over all connections; each body has a limit of its own.

Without it, one agent that opens every connection there is and sends almost all of a body on each
takes all memory. A body counts from its first byte to the end of its call, as long as it is held.

It counts once, as received. On its way it may exist several times: as it grows, whole, edited, and
in the request to the provider. So the peak of the memory is a small multiple of the limit.
"""

from collections.abc import MutableMapping
from typing import Any

from gatebook.core.errors import Unavailable
from gatebook.web.body import Receive


class Bodies:
    """The bytes of request bodies that are held now, and how many there may be."""

    __slots__ = ("held", "limit")

    def __init__(self, limit: int) -> None:
        self.held = 0
        self.limit = limit


class Hold:
    """What one request holds of its body, until it is released."""

    __slots__ = ("_bodies", "_held", "_receive")

    def __init__(self, bodies: Bodies, receive: Receive) -> None:
        self._bodies = bodies
        self._held = 0
        self._receive = receive

    async def receive(self) -> MutableMapping[str, Any]:
        """The next message; raises Unavailable if there is no room for its part of the body."""
        message = await self._receive()
        size = len(message.get("body", b""))
        bodies = self._bodies
        if bodies.held + size > bodies.limit:
            raise Unavailable(
                "gate_busy",
                "The requests of other calls take all the room there is.",
                "Retry after a moment, or have `memory.bodies_limit_bytes` raised.",
                retry_after_seconds=1,
            )
        bodies.held += size
        self._held += size
        return message

    def release(self) -> None:
        """The call has ended, in whatever way; asked for once."""
        self._bodies.held -= self._held

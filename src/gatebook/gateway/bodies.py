"""Bounds the bytes of bodies held over all calls: of requests, and of replies that come whole.

Each has a limit of its own. Without this one, a few agents that send almost all of a body on every
connection there is, or ask for long replies at one time, take all memory. A body counts from its
first byte until its agent has read the answer, but for the little that sockets hold.

It counts once, as received. On its way it may exist several times: as it grows, whole, edited, and
in the request to the provider. So the peak of the memory is a small multiple of the limit.
"""

from collections.abc import MutableMapping
from typing import Any

from gatebook.core.errors import Unavailable
from gatebook.web.body import Receive


class Bodies:
    """The bytes of bodies that are held now, and how many there may be."""

    __slots__ = ("held", "limit", "spare")

    def __init__(self, limit: int, spare: int) -> None:
        """`spare` is what requests leave: a call without room for its reply was made in vain."""
        self.held = 0
        self.limit = limit
        self.spare = spare


class Hold:
    """What one call holds, until it is released."""

    __slots__ = ("_bodies", "_held", "_receive")

    def __init__(self, bodies: Bodies, receive: Receive) -> None:
        self._bodies = bodies
        self._held = 0
        self._receive = receive

    async def receive(self) -> MutableMapping[str, Any]:
        """The next message; raises Unavailable if there is no room for its part of the body."""
        message = await self._receive()
        if not self._takes(len(message.get("body", b"")), self._bodies.spare):
            raise Unavailable(
                "gate_busy",
                "The bodies of other calls take all the room there is.",
                "Retry after a moment, or have `memory.bodies_limit_bytes` raised.",
                retry_after_seconds=1,
            )
        return message

    def reply(self, size: int) -> None:
        """A part of a reply came; raises Unavailable if there is no room for it."""
        if not self._takes(size, 0):
            raise Unavailable(
                "reply_not_held",
                "The bodies of other calls leave no room for the provider's reply.",
                "The call may have been executed; look before sending it again, or have"
                " `memory.bodies_limit_bytes` raised.",
            )

    def release(self) -> None:
        """The call has ended, in whatever way; asked for once."""
        self._bodies.held -= self._held

    def _takes(self, size: int, spare: int) -> bool:
        has_room = self._bodies.held + size + spare <= self._bodies.limit
        if size and has_room:
            self._bodies.held += size
            self._held += size
        return has_room or not size

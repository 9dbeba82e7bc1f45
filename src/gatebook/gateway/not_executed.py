"""Whose word an error is, and whether it says that the call was not carried out.

A server between us and the vendor cannot know that. Envoy, and Istio with it, answers 503 both when
it did not get through and when the connection broke after the vendor had the request.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from gatebook.gateway.upstream import Reply

_NOT_TAKEN: Final = (429, 529)
"""Too many, and Anthropic's overloaded: nobody says so of a call that was taken."""
_NOT_NOW: Final = 503


class _Body(msgspec.Struct):
    """What the errors of OpenAI, Anthropic and Google, and of who speaks like them, have."""

    error: dict[str, Any]


_BODY: Final = msgspec.json.Decoder(_Body)


async def is_not_executed(reply: Reply, limit: int, hold: Callable[[int], None]) -> bool:
    """Whether a reply says that the call was not carried out; raises Unavailable as `whole` does.

    The body is read for that where the status alone does not tell.
    """
    if reply.status in _NOT_TAKEN:
        return True
    return reply.status == _NOT_NOW and is_vendors(reply, await reply.whole(limit, hold))


def is_vendors(reply: Reply, body: bytes) -> bool:
    """Whether an error is in the vendor's own words."""
    if b"envoy" in reply.header(b"server").lower():
        return False
    if reply.header(b"x-amzn-errortype"):
        return True
    try:
        _BODY.decode(body)
    except msgspec.DecodeError:
        return False
    return True

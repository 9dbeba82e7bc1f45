"""The list of a vendor's models, `{"data": [{"id": ...}, ...]}`: an agent sees its own.

Source: OpenAI and Anthropic API references. The members beside `data`, which say where the next
page begins, stay as they are whatever is on this one.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from gatebook.core import json_text
from gatebook.core.errors import Invalid
from gatebook.formats import Call, Stream, Terms, Usage, unreadable

_MODELS: Final = msgspec.json.Decoder(list[msgspec.Raw])


class _Model(msgspec.Struct):
    id: str


_MODEL: Final = msgspec.json.Decoder(_Model)


class Models:
    """A format; see `gatebook.formats.Format`."""

    stream_type = b""

    def read(self, call: Call) -> Call:
        """The call as it is: there is no body."""
        return call

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call as it is: there are no tokens and there is no state."""
        del terms
        return call

    def usage(self, body: bytes) -> Usage:
        """None; raises Unavailable if the reply cannot be read."""
        try:
            msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, RecursionError):
            raise unreadable() from None
        return Usage()

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """The list without those an agent may not call; raises Unavailable if it is none."""
        try:
            span = json_text.members(body)["data"]
            models = _MODELS.decode(body[span.start : span.end])
            kept = [bytes(raw) for raw in models if may_see(_MODEL.decode(raw).id)]
        except (Invalid, KeyError, msgspec.DecodeError):
            raise unreadable() from None
        return json_text.replaced(body, span, b"[" + b",".join(kept) + b"]")

    def stream(self, call: Call) -> Stream:
        """There is none: `stream_type` is empty, so that nothing is read as one."""
        raise NotImplementedError

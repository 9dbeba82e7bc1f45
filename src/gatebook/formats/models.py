"""The list of a vendor's models, `{"data": [{"id": ...}, ...]}`, of which an agent sees its own.

Source: OpenAI and Anthropic API references. The members beside `data`, which say where the next
page begins, stay as they are whatever is on this one. One model by its name is a reply of its own.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.core.errors import Invalid
from gatebook.formats import Call, Unstreamed, check_model, unreadable

_MODELS: Final = msgspec.json.Decoder(list[msgspec.Raw])


class _Model(msgspec.Struct):
    id: str


_MODEL: Final = msgspec.json.Decoder(_Model)


class Models(Unstreamed):
    """A format; see `gatebook.formats.Format`."""

    def read(self, call: Call) -> Call:
        """The call, which generates nothing: there is no body."""
        return replace(call, max_tokens=0)

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """The list without those an agent may not call; raises Unavailable if it is none."""
        try:
            span = json_text.members(body)["data"]
            models = _MODELS.decode(body[span.start : span.end])
            kept = [bytes(raw) for raw in models if may_see(_MODEL.decode(raw).id)]
        except (Invalid, KeyError, msgspec.DecodeError):
            raise unreadable() from None
        return json_text.replaced(body, span, b"[" + b",".join(kept) + b"]")


class Model(Unstreamed):
    """A format: what is known of the model that the path names, asked for as a call of it would."""

    def read(self, call: Call) -> Call:
        """The call, which generates nothing; raises Invalid for what no model is named."""
        check_model(call.model)
        return replace(call, max_tokens=0)

"""The list of a vendor's models, `{"data": [{"id": ...}, ...]}`, of which an agent sees its own.

Source: OpenAI and Anthropic API references. The members beside `data` that say where another page
begins name what is shown of this one, and end the list where nothing is. One model by its name is a
reply of its own.
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
            spans = json_text.members(body)
            models = _MODELS.decode(body[spans["data"].start : spans["data"].end])
            named = [(_MODEL.decode(raw).id, bytes(raw)) for raw in models]
        except (Invalid, KeyError, msgspec.DecodeError):
            raise unreadable() from None
        kept = [(name, raw) for name, raw in named if may_see(name)]
        shown = [msgspec.json.encode(name) for name, _ in kept] or [b"null"]
        told = {"data": b"[%b]" % b",".join([raw for _, raw in kept]), "first_id": shown[0]}
        told |= {"last_id": shown[-1]} if kept else {"last_id": b"null", "has_more": b"false"}
        for name in spans.keys() & told.keys():
            body = json_text.with_member(body, name, told[name])
        return body


class Model(Unstreamed):
    """A format: what is known of the model that the path names, asked for as a call of it would."""

    def read(self, call: Call) -> Call:
        """The call, which generates nothing; raises Invalid for what no model is named."""
        check_model(call.model)
        return replace(call, max_tokens=0)

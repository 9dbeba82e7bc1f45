"""Google's models, one or `{"models": [{"name": "models/..."}, ...]}`: an agent sees its own.

Source: Gemini API reference. The page that `nextPageToken` names is filtered when it is asked for.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.core.errors import Invalid
from gatebook.formats import Call, Unstreamed, check_model, unreadable

_PREFIX: Final = "models/"


class _Model(msgspec.Struct):
    name: str


_MODEL: Final = msgspec.json.Decoder(_Model)
_MODELS: Final = msgspec.json.Decoder(list[msgspec.Raw])


class GoogleModels(Unstreamed):
    """A format; see `gatebook.formats.Format`."""

    def read(self, call: Call) -> Call:
        """The call, which generates nothing; raises Invalid for what no model is named."""
        if call.operation.path.endswith("{model}"):
            check_model(call.model)
        return replace(call, max_tokens=0)

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """The model, or the list without those an agent may not call; raises Unavailable."""
        try:
            spans = json_text.members(body)
            if "name" in spans and may_see(_name(body)):
                return body
            span = spans.get("models")
            if span is None and not spans.keys() - {"nextPageToken"}:
                return body  # an empty list is left out
            if span is None:
                raise unreadable()
            models = _MODELS.decode(body[span.start : span.end])
            kept = [bytes(raw) for raw in models if may_see(_name(raw))]
        except (Invalid, msgspec.DecodeError):
            raise unreadable() from None
        return json_text.replaced(body, span, b"[" + b",".join(kept) + b"]")


def _name(model: bytes | msgspec.Raw) -> str:
    return _MODEL.decode(model).name.removeprefix(_PREFIX)

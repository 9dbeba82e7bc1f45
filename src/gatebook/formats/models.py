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
            return _with(body, [raw for raw in _listed(body) if may_see(_name(raw))])
        except (Invalid, KeyError, msgspec.DecodeError):
            raise unreadable() from None


def joined(first: bytes, second: bytes) -> bytes:
    """One list of two that could be read: the models of the second behind those of the first."""
    return _with(first, [*_listed(first), *_listed(second)])


class Model(Unstreamed):
    """A format: what is known of the model that the path names, asked for as a call of it would."""

    def read(self, call: Call) -> Call:
        """The call, which generates nothing; raises Invalid for what no model is named."""
        check_model(call.model)
        return replace(call, max_tokens=0)


def _listed(body: bytes) -> list[bytes]:
    """The models of a list as they stand there; raises Invalid, KeyError and DecodeError."""
    data = json_text.members(body)["data"]
    return [bytes(raw) for raw in _MODELS.decode(body[data.start : data.end])]


def _name(model: bytes) -> str:
    return _MODEL.decode(model).id


def _with(body: bytes, models: list[bytes]) -> bytes:
    """The list with these models in place of its own; all else keeps its bytes."""
    ends = [msgspec.json.encode(_name(raw)) for raw in models] or [b"null"]
    told = {"data": b"[%b]" % b",".join(models), "first_id": ends[0], "last_id": ends[-1]}
    if not models:
        told["has_more"] = b"false"
    for name in json_text.members(body).keys() & told.keys():
        body = json_text.with_member(body, name, told[name])
    return body

"""Moderations: texts and images, about which the vendor says whether they are harmful.

Source: OpenAI API reference and the types of the openai-python package.
"""

from typing import Final

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.formats import Call, Unstreamed
from gatebook.formats.asking import Asking, check_members, unknown_kind
from gatebook.formats.grammar import MODERATION

_DEFAULT: Final = "omni-moderation-latest"
"""The model that is asked where none is named, as the reference has it."""
_KNOWN: Final = frozenset(("model", "input"))
_OF_PART: Final = frozenset(("type", "text", "image_url"))
_OF_IMAGE: Final = frozenset(("url",))


class _Asked(msgspec.Struct):
    input: msgspec.Raw
    model: str | None = None


_ASKED: Final = msgspec.json.Decoder(_Asked)
_TEXTS: Final = msgspec.json.Decoder(str | list[str])


class Moderations(Unstreamed):
    """A format; see `gatebook.formats.Format`."""

    asks = MODERATION

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        check_members(json_text.check_unique(call.body, _KNOWN), _KNOWN, ())
        asked = json_text.decode(_ASKED, call.body)
        model = call.model or asked.model or _DEFAULT
        asking = Asking()
        asking.ask(model)
        _take_input(asking, asked.input)
        return replace(asking.of(call), model=model, max_tokens=0)


def _take_input(asking: Asking, given: msgspec.Raw) -> None:
    """Texts, or parts that are texts and images; raises Invalid for neither."""
    try:
        _TEXTS.decode(given)
    except msgspec.DecodeError:
        for part in json_text.objects(given, _OF_PART):
            kind = json_text.text_of(part.get("type"))
            if kind == "image_url":
                image = json_text.object_of(part.get("image_url"), _OF_IMAGE)
                asking.show(json_text.text_of(image.get("url")))
            elif kind != "text":
                raise unknown_kind("content", kind) from None

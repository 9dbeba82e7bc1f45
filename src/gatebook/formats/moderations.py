"""Moderations: texts and images, about which the vendor says whether they are harmful.

Source: OpenAI API reference and the types of the openai-python package.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.formats import Call, Unstreamed, check_members, check_model, is_inline

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

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        check_members(json_text.check_unique(call.body, _KNOWN), _KNOWN)
        asked = json_text.decode(_ASKED, call.body)
        model = call.model or asked.model or _DEFAULT
        check_model(model)
        elsewhere = _is_elsewhere(asked.input)
        return replace(call, model=model, max_tokens=0, has_references=elsewhere)


def _is_elsewhere(given: msgspec.Raw) -> bool:
    """Whether an image is not in the body; raises Invalid for neither texts nor their parts."""
    try:
        _TEXTS.decode(given)
    except msgspec.DecodeError:
        wholes = [_is_whole(part) for part in json_text.objects(given, _OF_PART)]
        return not all(wholes)
    return False


def _is_whole(part: Mapping[str, msgspec.Raw]) -> bool:
    if json_text.text_of(part.get("type")) == "text":
        return True
    if not json_text.begins(part.get("image_url"), b"{"):
        return False
    image = json_text.check_unique(bytes(part["image_url"]), _OF_IMAGE)
    return is_inline(json_text.text_of(image.get("url")))

"""The generation of images from a text.

Source: OpenAI API reference and the types of the openai-python package. Images that come in parts
are not taken: one event of theirs is larger than what is held of a stream.
"""

from typing import Final

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.core.errors import Invalid
from gatebook.formats import Call, Count, Unstreamed, check_model
from gatebook.formats.asking import check_members
from gatebook.formats.grammar import IMAGE, IMAGE_REPLY

_KNOWN: Final = frozenset(("model", "prompt", "n", "stream"))
_WORDS: Final = frozenset(
    (
        *("background", "complexity", "moderation", "output_format", "quality"),
        *("response_format", "safety_identifier", "size", "style", "user"),
    )
)


class _Asked(msgspec.Struct):
    prompt: str
    model: str | None = None
    n: Count | None = None
    stream: bool | None = None


_ASKED: Final = msgspec.json.Decoder(_Asked)


class Images(Unstreamed):
    """A format; see `gatebook.formats.Format`."""

    asks = IMAGE
    answers = IMAGE_REPLY

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        check_members(json_text.check_unique(call.body, _KNOWN), _KNOWN, _WORDS)
        asked = json_text.decode(_ASKED, call.body)
        if asked.stream:
            raise Invalid(
                "stream_refused", "Images are not passed on in parts.", "Leave `stream` out."
            )
        model = call.model or asked.model or ""
        check_model(model)
        return replace(call, model=model, choices=asked.n or 1)

"""Embeddings: texts, or the numbers of their tokens, for which numbers come back.

Source: OpenAI API reference and the types of the openai-python package.
"""

from typing import Final

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.core.errors import Invalid
from gatebook.formats import Call, Unstreamed, check_model
from gatebook.formats.asking import check_members
from gatebook.formats.grammar import EMBEDDING, EMBEDDING_REPLY

_KNOWN: Final = frozenset(("model", "input"))
_WORDS: Final = frozenset(
    # OpenAI's; the others are of Mistral, NVIDIA, Voyage, Cohere and Jina.
    ("encoding_format", "user", "output_dtype", "input_type", "truncate", "task")
)


class _Asked(msgspec.Struct):
    input: str | list[str | int | list[int]]
    model: str | None = None


_ASKED: Final = msgspec.json.Decoder(_Asked)


class Embeddings(Unstreamed):
    """A format; see `gatebook.formats.Format`."""

    asks = EMBEDDING
    answers = EMBEDDING_REPLY

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        check_members(json_text.check_unique(call.body, _KNOWN), _KNOWN, _WORDS)
        asked = json_text.decode(_ASKED, call.body)
        if not asked.input:
            raise Invalid("input_missing", "There is nothing to embed.", "Send a text as input.")
        model = call.model or asked.model or ""
        check_model(model)
        return replace(call, model=model, max_tokens=0, is_text=True)

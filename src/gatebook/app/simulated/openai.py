"""OpenAI's side of the simulated provider, but for chat and responses: models, numbers, pictures.

What several of them need stands here too: ids, the time, the text that is always answered.
"""

import re
import struct
from base64 import b64encode
from typing import Any, Final

import msgspec

from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.ids import Entropy, base62
from gatebook.web.problem import Answer, Headers

MODELS: Final = ("gpt-4o", "gpt-4o-mini", "o4-mini", "text-embedding-3-small")

_JSON: Final = (b"content-type", b"application/json")
_PIXEL: Final = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
_HARMS: Final = {
    "harassment": ["text"],
    "harassment/threatening": ["text"],
    "hate": ["text"],
    "hate/threatening": ["text"],
    "illicit": ["text"],
    "illicit/violent": ["text"],
    "self-harm": ["text"],
    "self-harm/instructions": ["text"],
    "self-harm/intent": ["text"],
    "sexual": ["text"],
    "sexual/minors": ["text"],
    "violence": ["text"],
    "violence/graphic": ["text"],
}


class Maker:
    """Makes what is in every answer to one request."""

    def __init__(self, clock: Clock, entropy: Entropy, text: str, body: bytes) -> None:
        self.text = text
        self.words = re.findall(r"\S+\s*", text)
        """The text cut where a model might cut it."""
        self.now = clock.now_us() // SECOND_US
        self.tokens_in = len(body) // 4
        self._entropy = entropy

    def id(self, prefix: str) -> str:
        """A new id."""
        return prefix + base62(int.from_bytes(self._entropy(16)), 22)


class Embedded(msgspec.Struct):
    """What is read of a request for embeddings."""

    model: str | None
    input: str | list[str | int | list[int]]
    encoding_format: str = "float"
    dimensions: int = 4


class Pictured(msgspec.Struct):
    """What is read of a request for images."""

    model: str | None
    prompt: str
    n: int | None = None


class Judged(msgspec.Struct):
    """What is read of a request for a moderation."""

    input: Any
    model: str = "omni-moderation-latest"


def embeddings(request: Embedded, maker: Maker) -> dict[str, Any]:
    """As many numbers for each text; the Python package asks for them in base64."""
    given = request.input if isinstance(request.input, list) else [request.input]
    texts = [given] if given and isinstance(given[0], int) else given
    numbers = [1 / (at + 2) for at in range(request.dimensions)]
    vector: Any = numbers
    if request.encoding_format == "base64":
        vector = b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": vector}
            for index in range(len(texts))
        ],
        "model": request.model,
        "usage": {"prompt_tokens": maker.tokens_in, "total_tokens": maker.tokens_in},
    }


def moderation(request: Judged, maker: Maker) -> dict[str, Any]:
    """Nothing is harmful here."""
    inputs = request.input if isinstance(request.input, list) else [request.input]
    count = len(inputs) if isinstance(inputs[0], str) else 1
    result = {
        "flagged": False,
        "categories": dict.fromkeys(_HARMS, False),
        "category_scores": dict.fromkeys(_HARMS, 0.001),
        "category_applied_input_types": _HARMS,
    }
    return {"id": maker.id("modr-"), "model": request.model, "results": [result] * count}


def images(request: Pictured, maker: Maker) -> dict[str, Any]:
    """One pixel, as often as it is asked for."""
    count = request.n or 1
    return {
        "created": maker.now,
        "background": "opaque",
        "output_format": "gif",
        "quality": "low",
        "size": "1024x1024",
        "data": [{"b64_json": _PIXEL}] * count,
        "usage": {
            "input_tokens": maker.tokens_in,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": maker.tokens_in},
            "output_tokens": count,
            "total_tokens": maker.tokens_in + count,
        },
    }


def model(id_: str) -> dict[str, Any]:
    """What is known of a model."""
    return {"id": id_, "object": "model", "created": 1_700_000_000, "owned_by": "simulated"}


def models() -> dict[str, Any]:
    """The list of models."""
    return {"object": "list", "data": [model(id_) for id_ in MODELS]}


def answer(body: dict[str, Any], maker: Maker) -> Answer:
    """A whole answer."""
    return Answer(200, [_JSON, *headers(maker)], msgspec.json.encode(body))


def headers(maker: Maker) -> Headers:
    """What OpenAI says beside the body."""
    return [
        (b"openai-processing-ms", b"1"),
        (b"openai-version", b"2020-10-01"),
        (b"x-ratelimit-limit-requests", b"10000"),
        (b"x-ratelimit-remaining-requests", b"9999"),
        (b"x-ratelimit-reset-requests", b"6ms"),
        (b"x-request-id", maker.id("req_").encode()),
        (b"set-cookie", b"__cf_bm=simulated; path=/"),
    ]


def failure(status: int, code: str, message: str) -> Answer:
    """An error in OpenAI's envelope."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"message": message, "type": kind, "param": None, "code": code}
    given = [_JSON] + ([(b"retry-after-ms", b"20")] if status in (429, 503) else [])
    return Answer(status, given, msgspec.json.encode({"error": error}))

"""What the vendor that fails has to say in each dialect, made as the simulated provider's."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec

from gatebook.app.simulated import (
    anthropic as simulated_anthropic,
    bedrock as simulated_bedrock,
    chat as simulated_chat,
    gemini as simulated_gemini,
    responses as simulated_responses,
)
from gatebook.app.simulated.openai import Maker
from gatebook.core.amazon_events import encode
from gatebook.core.clock import SystemClock
from gatebook.core.ids import system_entropy

_TEXT: Final = "Well. And so on."
_NOT_NOW: Final = "Not now."
_IN_PATH: Final = re.compile(r"/(?:models?|deployments)/([^/:]+)[/:]")
_EVENTS: Final = "text/event-stream"
_MESSAGES: Final = "application/vnd.amazon.eventstream"


class Words(NamedTuple):
    """All that can be said to one request."""

    model: str
    is_streamed: bool
    whole: bytes
    events: list[bytes]
    stream_type: str
    error: Callable[[int], bytes]
    """The body of an answer with this status."""
    error_event: bytes
    """A failure told in the middle of a stream."""
    error_headers: tuple[str, ...] = ()


def words(path: str, body: Mapping[str, Any]) -> Words:
    """What to say at this address to this body."""
    named = _IN_PATH.search(path)
    model = unquote(named[1]) if named else str(body.get("model", ""))
    asked = {"model": model, **body}
    for end, made in _MADE.items():
        if end in path:
            return made(model, asked, path)
    return _chat(model, asked)


def _maker(body: Mapping[str, Any]) -> Maker:
    return Maker(SystemClock(), system_entropy, _TEXT, msgspec.json.encode(body))


def _openai_error(status: int) -> bytes:
    error = {"type": f"simulated_{status}", "message": _NOT_NOW, "param": None, "code": None}
    return msgspec.json.encode({"error": error})


def _chat(model: str, body: dict[str, Any], _path: str = "") -> Words:
    request, maker = msgspec.convert(body, simulated_chat.Request), _maker(body)
    return Words(
        model,
        bool(request.stream),
        msgspec.json.encode(simulated_chat.completion(request, maker)),
        [*simulated_chat.events(request, maker)],
        _EVENTS,
        _openai_error,
        b"data: " + _openai_error(500) + b"\n\n",
    )


def _responses(model: str, body: dict[str, Any], _path: str) -> Words:
    request, maker = msgspec.convert(body, simulated_responses.Request), _maker(body)
    failed = {"type": "error", "code": "server_error", "message": _NOT_NOW, "param": None}
    return Words(
        model,
        bool(request.stream),
        msgspec.json.encode(simulated_responses.response(request, maker)),
        [*simulated_responses.events(request, maker)],
        _EVENTS,
        _openai_error,
        b"event: error\ndata: " + msgspec.json.encode(failed) + b"\n\n",
    )


def _messages(model: str, body: dict[str, Any], _path: str) -> Words:
    request = msgspec.convert(body, simulated_anthropic.Request)
    error = simulated_anthropic.error("api_error", _NOT_NOW)
    return Words(
        model,
        bool(request.stream),
        simulated_anthropic.message(request, "msg_1", _TEXT).body,
        [*simulated_anthropic.events(request, "msg_1", _TEXT)],
        _EVENTS,
        lambda _: error,
        b"event: error\ndata: " + error + b"\n\n",
    )


def _contents(model: str, body: dict[str, Any], path: str) -> Words:
    request = msgspec.convert(body, simulated_gemini.Request)
    at = simulated_gemini.Asked(model, "generateContent")
    return Words(
        model,
        "streamGenerateContent" in path,
        simulated_gemini.whole(request, at, _TEXT).body,
        [*simulated_gemini.events(request, at, _TEXT)],
        _EVENTS,
        lambda status: simulated_gemini.error(status, _NOT_NOW),
        b"data: " + simulated_gemini.error(503, _NOT_NOW) + b"\n\n",
    )


def _converse(model: str, body: dict[str, Any], path: str) -> Words:
    request = msgspec.convert(body, simulated_bedrock.Request)
    error = msgspec.json.encode({"message": _NOT_NOW})
    kind = {":exception-type": "throttlingException", ":message-type": "exception"}
    return Words(
        model,
        path.endswith("/converse-stream"),
        simulated_bedrock.whole(request, model, _TEXT).body,
        [*simulated_bedrock.events(request, model, _TEXT)],
        _MESSAGES,
        lambda _: error,
        encode({**kind, ":content-type": "application/json"}, error),
        ("x-amzn-ErrorType: ServiceUnavailableException",),
    )


_MADE: Final[dict[str, Callable[[str, dict[str, Any], str], Words]]] = {
    "/converse": _converse,
    "enerateContent": _contents,
    "/messages": _messages,
    "/responses": _responses,
}
"""By what is in the address; anything else is chat completions."""

"""Amazon's side of the simulated provider: Converse, whole and streamed.

The names of models mean what they mean in `provider.py`; `sim-overloaded` begins a stream
and reports an exception in the middle of it, `sim-no-metadata` ends one without its tokens.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec

from gatebook.app.simulated.ways import Ways
from gatebook.core.amazon_events import encode
from gatebook.web.exchange import Exchange
from gatebook.web.problem import Answer

_PATH: Final = re.compile(rb"/model/([^/]+)/(converse|converse-stream)")
_JSON: Final = (b"content-type", b"application/json")
_REQUEST_ID: Final = (b"x-amzn-requestid", b"5e3a1d9c-0000-4000-8000-simulated000")
_EVENTS: Final = (b"content-type", b"application/vnd.amazon.eventstream")
_THOUGHT: Final = "Words will do."
_SIGNATURE: Final = "c2lnbmVkIGJ5IG5vYm9keQ=="
_TYPES: Final = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}


class Asked(NamedTuple):
    """What an address asks for."""

    model: str
    streams: bool


class Request(msgspec.Struct, rename="camel"):
    """What is read of a request."""

    messages: list[Any]
    tool_config: dict[str, Any] | None = None
    additional_model_request_fields: dict[str, Any] | None = None


def asked(path: bytes) -> Asked | None:
    """The model of an address, and whether it streams; None for one that is not Converse's."""
    match = _PATH.fullmatch(path)
    return match and Asked(unquote(match[1].decode()), match[2] == b"converse-stream")


async def answer(
    exchange: Exchange, at: Asked, headers: dict[str, str], body: bytes, ways: Ways
) -> None:
    """Answer one request."""
    if not headers.get("authorization", "").startswith(("Bearer ", "AWS4-HMAC-SHA256 ")):
        await exchange.answer(failure(403, "Missing Authentication Token"))
        return
    try:
        request = msgspec.json.decode(body, type=Request)
    except msgspec.DecodeError as error:
        await exchange.answer(failure(400, str(error)))
        return
    status = await ways.as_named(at.model)
    if status:
        await exchange.answer(failure(status, "As the model's name asks."))
    elif at.streams:
        messages = events(request, at.model, ways.text)
        await ways.send(exchange, at.model, messages, [_EVENTS, _REQUEST_ID])
    else:
        await exchange.answer(whole(request, at.model, ways.text))


def whole(request: Request, model: str, text: str) -> Answer:
    """A whole message."""
    blocks = [block for block, _ in _blocks(request, text)]
    message: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": blocks}},
        "stopReason": _stop_reason(request),
        "metrics": {"latencyMs": 1},
    }
    if model != "sim-usage-none":
        message["usage"] = _usage(request, text)
    return Answer(200, [_JSON, _REQUEST_ID], msgspec.json.encode(message))


def failure(status: int, text: str) -> Answer:
    """An error as restJson1 has it: its type is in a header."""
    kind = _TYPES.get(status, "InternalServerException")
    type_ = (b"x-amzn-errortype", f"{kind}:http://internal.amazon.com/coral/".encode())
    body = msgspec.json.encode({"message": text})
    return Answer(status, [_JSON, type_, _REQUEST_ID], body)


def events(request: Request, model: str, text: str) -> Iterator[bytes]:
    """The messages of a stream."""
    yield _event("messageStart", {"role": "assistant"})
    for index, (block, deltas) in enumerate(_blocks(request, text)):
        if "toolUse" in block:
            use = {"toolUseId": block["toolUse"]["toolUseId"], "name": block["toolUse"]["name"]}
            start = {"contentBlockIndex": index, "start": {"toolUse": use}}
            yield _event("contentBlockStart", start)
        for delta in deltas:
            yield _event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})
            if model == "sim-overloaded":
                yield _exception("throttlingException", "Slow down.")
                return
        yield _event("contentBlockStop", {"contentBlockIndex": index})
    yield _event("messageStop", {"stopReason": _stop_reason(request)})
    if model != "sim-no-metadata":
        usage = {} if model == "sim-usage-none" else {"usage": _usage(request, text)}
        yield _event("metadata", {**usage, "metrics": {"latencyMs": 1}})


def _event(kind: str, data: dict[str, Any]) -> bytes:
    headers = {
        ":event-type": kind,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return encode(headers, msgspec.json.encode({**data, "p": "abcdefgh"}))


def _exception(kind: str, text: str) -> bytes:
    headers = {
        ":exception-type": kind,
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return encode(headers, msgspec.json.encode({"message": text}))


def _blocks(request: Request, text: str) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The blocks of content, each with the deltas in which it streams."""
    if "thinking" in (request.additional_model_request_fields or {}):
        thought = {"reasoningText": {"text": _THOUGHT, "signature": _SIGNATURE}}
        parts = [{"text": _THOUGHT}, {"signature": _SIGNATURE}]
        yield {"reasoningContent": thought}, [{"reasoningContent": part} for part in parts]
    names = _offered(request)
    if names:
        use = {"toolUseId": "tooluse_simulated", "name": names[0], "input": {}}
        yield {"toolUse": use}, [{"toolUse": {"input": piece}} for piece in ("", "{", "}")]
    else:
        yield {"text": text}, [{"text": word} for word in re.findall(r"\S+\s*", text)]


def _offered(request: Request) -> list[str]:
    tools = (request.tool_config or {}).get("tools", ())
    return [tool["toolSpec"]["name"] for tool in tools if "toolSpec" in tool]


def _stop_reason(request: Request) -> str:
    return "tool_use" if _offered(request) else "end_turn"


def _usage(request: Request, text: str) -> dict[str, int]:
    tokens_in, tokens_out = len(msgspec.json.encode(request.messages)) // 4, len(text.split())
    return {
        "inputTokens": tokens_in,
        "outputTokens": tokens_out,
        "totalTokens": tokens_in + tokens_out + 7,
        "cacheReadInputTokens": 4,
        "cacheWriteInputTokens": 3,
    }

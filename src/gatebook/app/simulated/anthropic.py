"""Anthropic's side of the simulated provider: messages, whole and streamed, counts and models.

The names of models mean what they mean in `provider.py`; `sim-overloaded` begins a stream
and reports `overloaded_error` in the middle of it.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from gatebook.web.problem import Answer

MODELS: Final = ("claude-opus-5-5", "claude-haiku-5-5")

_JSON: Final = (b"content-type", b"application/json")
_HEADERS: Final = [
    (b"request-id", b"req_simulated"),
    (b"anthropic-ratelimit-requests-limit", b"50"),
    (b"anthropic-ratelimit-requests-remaining", b"49"),
    (b"anthropic-organization-id", b"the-account-behind-our-credential"),
]
_FOUND: Final = {
    "type": "web_search_result",
    "title": "Words",
    "url": "https://example.com/",
    "encrypted_content": "c2VhbGVk",
    "page_age": None,
}
_THOUGHT: Final = "Words will do."
_SIGNATURE: Final = "c2lnbmVkIGJ5IG5vYm9keQ=="


class Tool(msgspec.Struct):
    """A tool that the agent offers; one with a type may be the vendor's own."""

    name: str
    type: str | None = None


class Request(msgspec.Struct):
    """What is read of a request."""

    model: str
    messages: list[dict[str, Any]]
    max_tokens: int | None = None
    stream: bool | None = None
    tools: list[Tool] | None = None
    thinking: Any = None


def message(request: Request, id_: str, text: str) -> Answer:
    """A whole message."""
    whole = {**_envelope(request, id_), "content": _blocks(request, text)}
    whole |= {"stop_reason": "tool_use" if _tool(request) else "end_turn"}
    if request.model != "sim-usage-none":
        whole["usage"] = _usage(request, text)
    return Answer(200, [_JSON, *_HEADERS], msgspec.json.encode(whole))


def counted(request: Request) -> Answer:
    """The number of input tokens."""
    count = {"input_tokens": _input_tokens(request)}
    return Answer(200, [_JSON, *_HEADERS], msgspec.json.encode(count))


def models() -> Answer:
    """The list of models, on one page."""
    data = [_model(id_) for id_ in MODELS]
    page = {"data": data, "first_id": MODELS[0], "has_more": False, "last_id": MODELS[-1]}
    return Answer(200, [_JSON, *_HEADERS], msgspec.json.encode(page))


def model(id_: str) -> Answer:
    """What is known of a model."""
    return Answer(200, [_JSON, *_HEADERS], msgspec.json.encode(_model(id_)))


def failure(status: int, kind: str, text: str) -> Answer:
    """An error in Anthropic's envelope."""
    headers = [_JSON, *_HEADERS] + ([(b"retry-after", b"0")] if status in (429, 503, 529) else [])
    return Answer(status, headers, error(kind, text))


def error(kind: str, text: str) -> bytes:
    """The body of an error."""
    said = {"type": "error", "error": {"type": kind, "message": text}, "request_id": None}
    return msgspec.json.encode(said)


def events(request: Request, id_: str, text: str) -> Iterator[bytes]:
    """The events of a streamed message."""
    start = {**_envelope(request, id_), "content": [], "stop_reason": None}
    if request.model != "sim-usage-none":
        start["usage"] = {**_usage(request, ""), "output_tokens": 1}
    yield _event({"type": "message_start", "message": start})
    yield _event({"type": "ping"})
    for index, block in enumerate(_blocks(request, text)):
        yield _event(
            {"type": "content_block_start", "index": index, "content_block": _empty(block)}
        )
        for delta in _deltas(block):
            yield _event({"type": "content_block_delta", "index": index, "delta": delta})
            if request.model == "sim-overloaded":
                yield b"event: error\ndata: " + error("overloaded_error", "Overloaded") + b"\n\n"
                return
        yield _event({"type": "content_block_stop", "index": index})
    end: dict[str, Any] = {"type": "message_delta"}
    end["delta"] = {"stop_reason": "tool_use" if _tool(request) else "end_turn"}
    end["delta"]["stop_sequence"] = None
    end["usage"] = {} if request.model == "sim-usage-none" else _usage(request, text)
    yield _event(end)
    yield _event({"type": "message_stop"})


def _event(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


def _model(id_: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": id_,
        "display_name": id_,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
    }


def _envelope(request: Request, id_: str) -> dict[str, Any]:
    return {
        "id": id_,
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "stop_sequence": None,
    }


def _blocks(request: Request, text: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if request.thinking:
        blocks.append({"type": "thinking", "thinking": _THOUGHT, "signature": _SIGNATURE})
    if any((tool.type or "").startswith("web_search") for tool in request.tools or ()):
        use = {"id": "srvtoolu_simulated", "name": "web_search", "input": {"query": "words"}}
        blocks.append({"type": "server_tool_use", **use})
        found = {"tool_use_id": use["id"], "content": [_FOUND]}
        blocks.append({"type": "web_search_tool_result", **found})
    name = _tool(request)
    if name:
        blocks.append({"type": "tool_use", "id": "toolu_simulated", "name": name, "input": {}})
    else:
        blocks.append({"type": "text", "text": text})
    return blocks


def _tool(request: Request) -> str:
    """The first tool that the agent runs itself, until its result is in the conversation."""
    said = request.messages[-1].get("content") if request.messages else ""
    if isinstance(said, list) and any(block.get("type") == "tool_result" for block in said):
        return ""
    ours = [tool.name for tool in request.tools or () if tool.type in (None, "custom")]
    return ours[0] if ours else ""


def _empty(block: dict[str, Any]) -> dict[str, Any]:
    """A block as it begins."""
    empty: dict[str, Any] = {"thinking": "", "signature": "", "text": "", "input": {}}
    return {**block, **{name: value for name, value in empty.items() if name in block}}


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    match block["type"]:
        case "thinking":
            yield {"type": "thinking_delta", "thinking": block["thinking"]}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case "tool_use" | "server_tool_use":
            written = msgspec.json.encode(block["input"]).decode()
            for piece in ("", written[:1], written[1:]):
                yield {"type": "input_json_delta", "partial_json": piece}
        case "web_search_tool_result":
            pass  # comes whole
        case _:
            for word in re.findall(r"\S+\s*", block["text"]):
                yield {"type": "text_delta", "text": word}


def _usage(request: Request, text: str) -> dict[str, Any]:
    return {
        "input_tokens": _input_tokens(request),
        "cache_creation_input_tokens": 3,
        "cache_read_input_tokens": 4,
        "output_tokens": len(text.split()),
    }


def _input_tokens(request: Request) -> int:
    return len(msgspec.json.encode(request.messages)) // 4

"""Responses of the simulated provider, whole and as the events of a stream.

If reasoning is asked for, it comes first, then a search of the web if that tool is offered, then
the call of the first function that is, until its answer is in the conversation, or else a text.
`sim-failed` ends in a failure, `sim-overloaded` reports an error in the middle of the stream.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from gatebook.app.simulated.openai import Maker

_THOUGHT: Final = "Words will do."
_SEALED: Final = "c2VhbGVkIGJ5IG5vYm9keQ=="


class Request(msgspec.Struct):
    """What is read of a request."""

    model: str | None
    input: str | list[dict[str, Any]] = ""
    stream: bool | None = None
    tools: list[dict[str, Any]] = []
    tool_choice: Any = "auto"
    reasoning: dict[str, Any] | None = None
    instructions: str | None = None
    max_output_tokens: int | None = None
    previous_response_id: str | None = None


def response(request: Request, maker: Maker) -> dict[str, Any]:
    """A whole response."""
    return _ended(request, maker, _begun(request, maker), _items(request, maker))


def counted(maker: Maker) -> dict[str, Any]:
    """The number of input tokens."""
    return {"object": "response.input_tokens", "input_tokens": maker.tokens_in}


def events(request: Request, maker: Maker) -> Iterator[bytes]:
    """The events of a streamed response, numbered."""
    for number, event in enumerate(_events(request, maker)):
        text = msgspec.json.encode({**event, "sequence_number": number})
        yield b"event: %b\ndata: %b\n\n" % (event["type"].encode(), text)


def _events(request: Request, maker: Maker) -> Iterator[dict[str, Any]]:
    begun, items = _begun(request, maker), _items(request, maker)
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(items):
        yield {"type": "response.output_item.added", "output_index": index, "item": _empty(item)}
        for event in _of_item(item, maker):
            yield {**event, "output_index": index, "item_id": item["id"]}
            if request.model == "sim-overloaded":
                yield {"type": "error", "code": "server_error", "message": "Busy.", "param": None}
                return
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    ended = _ended(request, maker, begun, items)
    yield {"type": f"response.{ended['status']}", "response": ended}


def _begun(request: Request, maker: Maker) -> dict[str, Any]:
    return {
        "id": maker.id("resp_"),
        "object": "response",
        "created_at": maker.now,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "metadata": {},
        "model": request.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": request.previous_response_id,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": request.tool_choice,
        "tools": request.tools,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "user": None,
    }


def _ended(
    request: Request, maker: Maker, begun: dict[str, Any], items: list[dict[str, Any]]
) -> dict[str, Any]:
    tokens_out = len(maker.words)
    usage = {
        "input_tokens": maker.tokens_in,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
        "output_tokens": tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": maker.tokens_in + tokens_out,
    }
    ended = {**begun, "status": "completed", "output": items}
    if request.model == "sim-failed":
        error = {"code": "server_error", "message": "As the model's name asks."}
        ended |= {"status": "failed", "error": error}
    return ended if request.model == "sim-usage-none" else {**ended, "usage": usage}


def _items(request: Request, maker: Maker) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if request.reasoning:
        thought = {"type": "summary_text", "text": _THOUGHT}
        items.append(
            {
                "id": maker.id("rs_"),
                "type": "reasoning",
                "summary": [thought],
                "encrypted_content": _SEALED,
            }
        )
    if any(tool["type"].startswith("web_search") for tool in request.tools):
        action = {"type": "search", "query": "words"}
        items.append(
            {
                "id": maker.id("ws_"),
                "type": "web_search_call",
                "status": "completed",
                "action": action,
            }
        )
    function = _function(request)
    if function:
        called = {"call_id": maker.id("call_"), "name": function, "arguments": "{}"}
        return [
            *items,
            {"id": maker.id("fc_"), "type": "function_call", "status": "completed", **called},
        ]
    content = {"type": "output_text", "text": maker.text, "annotations": [], "logprobs": []}
    message = {"id": maker.id("msg_"), "type": "message", "status": "completed"}
    return [*items, {**message, "role": "assistant", "content": [content]}]


def _function(request: Request) -> str:
    """The name of the function to call, unless none is to be called or one was."""
    names = [tool["name"] for tool in request.tools if tool["type"] == "function"]
    last = request.input[-1] if isinstance(request.input, list) and request.input else {}
    if not names or request.tool_choice == "none" or last.get("type") == "function_call_output":
        return ""
    return str(names[0])


def _empty(item: dict[str, Any]) -> dict[str, Any]:
    """An item as it begins."""
    empty: dict[str, Any] = {"content": [], "summary": [], "arguments": ""}
    begun = {**item, **{name: value for name, value in empty.items() if name in item}}
    return {**begun, "status": "in_progress"} if "status" in item else begun


def _of_item(item: dict[str, Any], maker: Maker) -> Iterator[dict[str, Any]]:
    """The events by which an item comes."""
    match item["type"]:
        case "reasoning":
            yield from _of_summary(item["summary"][0])
        case "web_search_call":
            for step in ("in_progress", "searching", "completed"):
                yield {"type": f"response.web_search_call.{step}"}
        case "function_call":
            kind = "response.function_call_arguments"
            yield {"type": f"{kind}.delta", "delta": item["arguments"]}
            yield {"type": f"{kind}.done", "arguments": item["arguments"]}
        case _:
            yield from _of_text(item["content"][0], maker)


def _of_summary(summary: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind, at = "response.reasoning_summary", {"summary_index": 0}
    yield {"type": f"{kind}_part.added", **at, "part": {**summary, "text": ""}}
    yield {"type": f"{kind}_text.delta", **at, "delta": summary["text"]}
    yield {"type": f"{kind}_text.done", **at, "text": summary["text"]}
    yield {"type": f"{kind}_part.done", **at, "part": summary}


def _of_text(part: dict[str, Any], maker: Maker) -> Iterator[dict[str, Any]]:
    at = {"content_index": 0}
    yield {"type": "response.content_part.added", **at, "part": {**part, "text": ""}}
    for word in maker.words:
        yield {"type": "response.output_text.delta", **at, "delta": word, "logprobs": []}
    yield {"type": "response.output_text.done", **at, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **at, "part": part}

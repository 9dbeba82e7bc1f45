"""Chat completions, and the older completions of text, of the simulated provider.

The first tool that is offered is called, until its answer is in the conversation.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import msgspec

from gatebook.app.simulated.openai import Maker


class _Tool(msgspec.Struct):
    name: str = ""


class _ToolEntry(msgspec.Struct):
    function: _Tool | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class Request(msgspec.Struct):
    """What is read of a request for either."""

    model: str | None = None
    messages: list[dict[str, Any]] = []
    prompt: Any = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = None
    tools: list[_ToolEntry] | None = None
    tool_choice: Any = None


def completion(request: Request, maker: Maker) -> dict[str, Any]:
    """A whole chat completion."""
    choices = []
    for index in range(request.n or 1):
        message: dict[str, Any] = {"role": "assistant", "refusal": None, "annotations": []}
        tool = _tool(request)
        if tool:
            call = {"id": maker.id("call_"), "type": "function", "function": tool}
            message |= {"content": None, "tool_calls": [call]}
        else:
            message |= {"content": maker.text}
        choices.append(
            {
                "index": index,
                "message": message,
                "logprobs": None,
                "finish_reason": "tool_calls" if tool else "stop",
            }
        )
    whole = {**_envelope(request, maker, "chat.completion"), "choices": choices}
    return _with_usage(whole, request, maker)


def events(request: Request, maker: Maker) -> Iterator[bytes]:
    """The events of a streamed chat completion."""
    return _events(_chunks(request, maker))


def text_completion(request: Request, maker: Maker) -> dict[str, Any]:
    """A whole completion of text; each prompt has `n`."""
    prompts = request.prompt if isinstance(request.prompt, list) else [request.prompt]
    count = (request.n or 1) * (1 if isinstance(prompts[0], int) else len(prompts))
    choices = [_text_choice(index, maker.text, "stop") for index in range(count)]
    whole = {**_text_envelope(request, maker), "choices": choices}
    return _with_usage(whole, request, maker)


def text_events(request: Request, maker: Maker) -> Iterator[bytes]:
    """The events of a streamed completion of text."""
    return _events(_text_chunks(request, maker))


def _events(chunks: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    written = (b"data: " + msgspec.json.encode(chunk) + b"\n\n" for chunk in chunks)
    return chain(written, [b"data: [DONE]\n\n"])


def _chunks(request: Request, maker: Maker) -> Iterator[dict[str, Any]]:
    """The chunks of a stream; with include_usage each has a usage, null but in the last."""
    envelope = _envelope(request, maker, "chat.completion.chunk")
    asked = bool(request.stream_options and request.stream_options.include_usage)
    if asked:
        envelope["usage"] = None
    tool = _tool(request)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None if tool else ""}]
    if tool:
        call = {"index": 0, "id": maker.id("call_"), "type": "function", "function": tool}
        deltas.append({"tool_calls": [call]})
    else:
        deltas += [{"content": word} for word in maker.words]
    for index in range(request.n or 1):
        for delta in deltas:
            yield {**envelope, "choices": [_choice(index, delta, None)]}
        yield {**envelope, "choices": [_choice(index, {}, "tool_calls" if tool else "stop")]}
    if asked and request.model != "sim-usage-none":
        yield {**envelope, "choices": [], "usage": _usage(request, maker)}


def _text_chunks(request: Request, maker: Maker) -> Iterator[dict[str, Any]]:
    envelope = _text_envelope(request, maker)
    for index in range(request.n or 1):
        for word in maker.words:
            yield {**envelope, "choices": [_text_choice(index, word, None)]}
        yield {**envelope, "choices": [_text_choice(index, "", "stop")]}
    if request.stream_options and request.stream_options.include_usage:
        yield {**envelope, "choices": [], "usage": _usage(request, maker)}


def _envelope(request: Request, maker: Maker, kind: str) -> dict[str, Any]:
    return {
        "id": maker.id("chatcmpl-"),
        "object": kind,
        "created": maker.now,
        "model": request.model,
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
    }


def _text_envelope(request: Request, maker: Maker) -> dict[str, Any]:
    return {
        "id": maker.id("cmpl-"),
        "object": "text_completion",
        "created": maker.now,
        "model": request.model,
        "system_fingerprint": "fp_simulated",
    }


def _choice(index: int, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _text_choice(index: int, text: str, finish: str | None) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": finish}


def _tool(request: Request) -> dict[str, str] | None:
    """The call of the first tool, unless none is to be used or one was."""
    if not request.tools or request.tool_choice == "none":
        return None
    if request.messages and request.messages[-1].get("role") == "tool":
        return None
    function = request.tools[0].function
    return {"name": function.name if function else "", "arguments": "{}"}


def _with_usage(whole: dict[str, Any], request: Request, maker: Maker) -> dict[str, Any]:
    if request.model == "sim-usage-none":
        return whole
    return {**whole, "usage": _usage(request, maker)}


def _usage(request: Request, maker: Maker) -> dict[str, Any]:
    tokens_in, tokens_out = maker.tokens_in, len(maker.words) * (request.n or 1)
    return {
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }

"""A call for chat completions as one for Anthropic's messages.

Sources: OpenAI and Anthropic API references, and the types of both SDKs. Hints that are left out:
`_HINTS`. A call that names no most tokens gets `_MAX_TOKENS`, because messages has to have one.
"""

from typing import Any, Final

import msgspec
from msgspec.structs import replace

from gatebook.formats import Call, Operation
from gatebook.translation import Members, items, said, untranslatable
from gatebook.translation.from_messages import ChatByMessages

_MAX_TOKENS: Final = 4096

# They say who asks, how to bill, cache or spread the work, or ask for a best effort.
_HINTS: Final = (
    "metadata",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "seed",
    "service_tier",
    "stream_options",
    "user",
    "verbosity",
)

_CHOICES: Final = {"auto": "auto", "none": "none", "required": "any"}


def to_messages(call: Call, operation: Operation, model: str, now_seconds: int) -> Call:
    """A call for chat completions as one for messages; raises Untranslatable.

    `now_seconds` is what the reply will say of when it was made, since messages says nothing.
    """
    body = msgspec.json.encode(_request(msgspec.json.decode(call.body), model))
    spoken = ChatByMessages(now_seconds)
    return replace(
        call,
        operation=msgspec.structs.replace(operation, format=spoken),
        path=operation.path,
        query="",
        headers=(("anthropic-version", "2023-06-01"),),
        body=body,
        model=model,
        max_tokens=call.max_tokens or _MAX_TOKENS,
    )


def _request(body: object, model: str) -> dict[str, Any]:
    chat = Members(body, "the call")
    chat.drop(("model", *_HINTS))
    for name, harmless in (("n", 1), ("store", False), ("logprobs", False)):
        if chat.take(name, harmless) != harmless:
            raise untranslatable(f"the call.{name}")
    for name in ("frequency_penalty", "presence_penalty"):
        if chat.take(name, 0):
            raise untranslatable(f"the call.{name}")
    temperature = chat.take("temperature")
    if isinstance(temperature, int | float) and temperature > 1:
        raise untranslatable("the call.temperature above 1")
    stop = chat.take("stop")
    newer, older = chat.take("max_completion_tokens"), chat.take("max_tokens")
    system, messages = _messages(items(chat.take("messages"), "the call.messages"))
    request = {
        "model": model,
        "max_tokens": newer or older or _MAX_TOKENS,
        "system": system or None,
        "messages": messages,
        "temperature": temperature,
        "top_p": chat.take("top_p"),
        "stop_sequences": [stop] if isinstance(stop, str) else stop,
        "stream": chat.take("stream"),
        "tools": [_tool(each) for each in items(chat.take("tools"), "the call.tools")] or None,
        "tool_choice": _tool_choice(chat.take("tool_choice"), chat.take("parallel_tool_calls")),
        "output_config": _output(chat.take("response_format")),
    }
    chat.end()
    return said(request)


def _messages(given: list[Any]) -> tuple[list[Any], list[dict[str, Any]]]:
    """The system prompt, and the turns: what belongs to one turn here is one message there."""
    system: list[Any] = []
    turns: list[dict[str, Any]] = []
    for each in given:
        message = Members(each, "a message")
        message.drop(("name",))
        role, content = message.text("role"), message.take("content")
        if role in ("system", "developer"):
            system += _parts(content)
        elif role == "tool":
            result = {"type": "tool_result", "tool_use_id": message.text("tool_call_id")}
            _add(turns, "user", [{**result, "content": _parts(content)}])
        elif role == "user":
            _add(turns, "user", _parts(content))
        elif role == "assistant":
            message.drop(("refusal", "annotations"))
            calls = items(message.take("tool_calls"), "a message.tool_calls")
            _add(turns, "assistant", [*_parts(content), *[_use(call) for call in calls]])
        else:
            raise untranslatable(f"a message of the role {role}")
        message.end()
    return system, turns


def _add(turns: list[dict[str, Any]], role: str, content: list[Any]) -> None:
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += content
    elif content:
        turns.append({"role": role, "content": content})


def _parts(content: object) -> list[Any]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [_part(each) for each in items(content, "a message.content")]


def _part(given: object) -> dict[str, Any]:
    part = Members(given, "a part of a message")
    part.drop(("prompt_cache_breakpoint",))
    kind = part.text("type")
    if kind in ("text", "refusal"):
        result: dict[str, Any] = {"type": "text", "text": part.text(kind)}
    elif kind == "image_url":
        image = Members(part.take("image_url"), "an image")
        image.drop(("detail",))
        result = {"type": "image", "source": _source(image.text("url"))}
        image.end()
    else:
        raise untranslatable(f"a part of the type {kind}")
    part.end()
    return result


def _source(url: str) -> dict[str, Any]:
    if not url.startswith("data:"):
        return {"type": "url", "url": url}
    media_type, _, data = url.removeprefix("data:").partition(";base64,")
    return {"type": "base64", "media_type": media_type, "data": data}


def _use(given: object) -> dict[str, Any]:
    call = Members(given, "a tool call")
    if call.text("type") != "function":
        raise untranslatable("a tool call of another type than function")
    function = Members(call.take("function"), "a tool call.function")
    try:
        arguments = msgspec.json.decode(function.text("arguments") or "{}", type=dict[str, Any])
    except msgspec.DecodeError:
        raise untranslatable("a tool call.function.arguments that is no JSON object") from None
    use = {"type": "tool_use", "id": call.text("id"), "name": function.text("name")}
    function.end()
    call.end()
    return {**use, "input": arguments}


def _tool(given: object) -> dict[str, Any]:
    tool = Members(given, "a tool")
    if tool.text("type") != "function":
        raise untranslatable("a tool of another type than function")
    function = Members(tool.take("function"), "a tool.function")
    function.drop(("strict",))
    result = {
        "name": function.text("name"),
        "description": function.take("description"),
        "input_schema": function.take("parameters", {"type": "object", "properties": {}}),
    }
    function.end()
    tool.end()
    return said(result)


def _tool_choice(choice: object, parallel: object) -> dict[str, Any] | None:
    result: dict[str, Any]
    if isinstance(choice, dict):
        named = Members(choice, "tool_choice")
        if named.text("type") != "function":
            raise untranslatable("a tool_choice of another type than function")
        function = Members(named.take("function"), "tool_choice.function")
        result = {"type": "tool", "name": function.text("name")}
        function.end()
        named.end()
    elif choice is None and parallel is not False:
        return None
    elif choice is None or choice in _CHOICES:
        result = {"type": _CHOICES[str(choice or "auto")]}
    else:
        raise untranslatable("the call.tool_choice")
    if parallel is False and result["type"] != "none":
        result["disable_parallel_tool_use"] = True
    return result


def _output(given: object) -> dict[str, Any] | None:
    if given is None:
        return None
    wanted = Members(given, "response_format")
    kind = wanted.text("type")
    if kind == "text":
        return None
    if kind != "json_schema":
        raise untranslatable(f"a response_format of the type {kind}")
    schema = Members(wanted.take("json_schema"), "response_format.json_schema")
    schema.drop(("name", "description", "strict"))
    result = {"format": {"type": "json_schema", "schema": schema.take("schema", {})}}
    schema.end()
    wanted.end()
    return result

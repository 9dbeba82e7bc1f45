"""A call for Anthropic's messages as one for chat completions.

Sources: OpenAI and Anthropic API references, and the types of both SDKs. Hints that are left out:
`_HINTS`. That a tool failed (`is_error`) is left to what it says; thinking stays with its vendor.
"""

from typing import Any, Final

import msgspec
from msgspec.structs import replace

from gatebook.formats import Call, Operation
from gatebook.translation import Members, items, said, untranslatable
from gatebook.translation.from_chat import MessagesByChat

# They say who asks, how to bill, cache or spread the work, or how hard to think.
_HINTS: Final = ("cache_control", "diagnostics", "metadata", "service_tier", "speed", "thinking")
_BLOCK_HINTS: Final = ("cache_control", "citations")
_TOOL_HINTS: Final = ("cache_control", "eager_input_streaming", "input_examples", "strict", "type")

_CHOICES: Final = {"auto": "auto", "none": "none", "any": "required"}
_THINKING: Final = ("thinking", "redacted_thinking")


def to_chat(call: Call, operation: Operation, model: str) -> Call:
    """A call for messages as one for chat completions; raises Untranslatable.

    Its limit of output is not in the body yet: by which name the server knows it, and whether it
    can be asked for the usage of a stream, is seen when the call is fitted to its provider.
    """
    request = _request(msgspec.json.decode(call.body), model)
    return replace(
        call,
        operation=msgspec.structs.replace(operation, format=MessagesByChat()),
        path=operation.path,
        query="",
        headers=(),
        body=msgspec.json.encode(request),
        model=model,
        hides_usage=call.streamed,
    )


def _request(body: object, model: str) -> dict[str, Any]:
    asked = Members(body, "the call")
    asked.drop(("model", "max_tokens", *_HINTS))
    choice = asked.take("tool_choice")
    turns = items(asked.take("messages"), "the call.messages")
    if turns and isinstance(turns[-1], dict) and turns[-1].get("role") == "assistant":
        raise untranslatable("a beginning of the answer")
    system = _text_of(asked.take("system"), "the call.system")
    request = {
        "model": model,
        "messages": [
            *([{"role": "system", "content": system}] if system else []),
            *[message for turn in turns for message in _turn(turn)],
        ],
        "temperature": asked.take("temperature"),
        "top_p": asked.take("top_p"),
        "stop": asked.take("stop_sequences"),
        "stream": asked.take("stream"),
        "tools": [_tool(each) for each in items(asked.take("tools"), "the call.tools")] or None,
        "tool_choice": _tool_choice(choice),
        "parallel_tool_calls": _parallel(choice),
        "response_format": _output(asked.take("output_config")),
    }
    asked.end()
    return said(request)


def _turn(given: object) -> list[dict[str, Any]]:
    turn = Members(given, "a message")
    role, content = turn.text("role"), turn.take("content")
    turn.end()
    blocks = (
        [{"type": "text", "text": content}]
        if isinstance(content, str)
        else items(content, "a message.content")
    )
    if role == "assistant":
        return [_answer(blocks)]
    if role != "user":
        raise untranslatable(f"a message of the role {role}")
    results = [_result(block) for block in blocks if _type(block) == "tool_result"]
    parts = [_part(block) for block in blocks if _type(block) != "tool_result"]
    return [*results, *([{"role": "user", "content": parts}] if parts else [])]


def _answer(blocks: list[Any]) -> dict[str, Any]:
    texts, calls = [], []
    for each in blocks:
        block = Members(each, "a block")
        block.drop(_BLOCK_HINTS)
        kind = block.text("type")
        if kind in _THINKING:
            continue
        if kind == "text":
            texts.append(block.text("text"))
        elif kind == "tool_use":
            calls.append(_use(block))
        else:
            raise untranslatable(f"a block of the type {kind}")
        block.end()
    answer: dict[str, Any] = {"role": "assistant", "content": "".join(texts) or None}
    return {**answer, "tool_calls": calls} if calls else answer


def _use(block: Members) -> dict[str, Any]:
    block.drop(("caller",))
    given = msgspec.json.encode(block.take("input", {})).decode()
    function = {"name": block.text("name"), "arguments": given}
    return {"id": block.text("id"), "type": "function", "function": function}


def _result(given: object) -> dict[str, Any]:
    result = Members(given, "a tool_result")
    result.drop(("type", "is_error", *_BLOCK_HINTS))
    content = _text_of(result.take("content"), "a tool_result.content")
    id_ = result.text("tool_use_id")
    result.end()
    return {"role": "tool", "tool_call_id": id_, "content": content}


def _part(given: object) -> dict[str, Any]:
    block = Members(given, "a block")
    block.drop(_BLOCK_HINTS)
    kind = block.text("type")
    if kind == "text":
        part: dict[str, Any] = {"type": "text", "text": block.text("text")}
    elif kind == "image":
        part = {"type": "image_url", "image_url": {"url": _url(block.take("source"))}}
    else:
        raise untranslatable(f"a block of the type {kind}")
    block.end()
    return part


def _url(given: object) -> str:
    source = Members(given, "an image.source")
    kind = source.text("type")
    if kind == "url":
        url = source.text("url")
    elif kind == "base64":
        url = f"data:{source.text('media_type')};base64,{source.text('data')}"
    else:
        raise untranslatable(f"an image.source of the type {kind}")
    source.end()
    return url


def _text_of(content: object, where: str) -> str:
    """Text that is written as such or as blocks of it."""
    if isinstance(content, str):
        return content
    texts = []
    for each in items(content, where):
        block = Members(each, where)
        block.drop(_BLOCK_HINTS)
        if block.text("type") != "text":
            raise untranslatable(f"{where} that is no text")
        texts.append(block.text("text"))
        block.end()
    return "\n\n".join(texts)


def _tool(given: object) -> dict[str, Any]:
    if _type(given) not in (None, "custom"):
        raise untranslatable(f"a tool of the type {_type(given)}")
    tool = Members(given, "a tool")
    tool.drop(_TOOL_HINTS)
    function = {
        "name": tool.text("name"),
        "description": tool.take("description"),
        "parameters": tool.take("input_schema"),
    }
    tool.end()
    return {"type": "function", "function": said(function)}


def _tool_choice(given: object) -> object:
    kind = _type(given)
    if given is None:
        return None
    if kind == "tool":
        choice = Members(given, "tool_choice")
        return {"type": "function", "function": {"name": choice.text("name")}}
    if kind not in _CHOICES:
        raise untranslatable("the call.tool_choice")
    return _CHOICES[str(kind)]


def _parallel(choice: object) -> bool | None:
    is_single = isinstance(choice, dict) and choice.get("disable_parallel_tool_use") is True
    return False if is_single else None


def _output(given: object) -> dict[str, Any] | None:
    if given is None:
        return None
    wanted = Members(given, "output_config")
    wanted.drop(("effort",))
    form = wanted.take("format")
    wanted.end()
    if form is None:
        return None
    schema = Members(form, "output_config.format")
    if schema.text("type") != "json_schema":
        raise untranslatable("an output_config.format of another type than json_schema")
    result = {"name": "answer", "schema": schema.take("schema", {})}
    schema.end()
    return {"type": "json_schema", "json_schema": result}


def _type(block: object) -> object:
    return block.get("type") if isinstance(block, dict) else None

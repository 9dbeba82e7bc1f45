"""What the simulated provider says as chat is what the official package's types can hold."""

from typing import Any

import msgspec
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from gatebook.app.simulated.chat import Request, completion, events
from gatebook.app.simulated.openai import Maker
from gatebook.core.ids import system_entropy
from tests.published import events_of, published
from tests.simulators.clock import SetClock

MAKER = Maker(SetClock(), system_entropy, "some words", b"x" * 40)
HI = [{"role": "user", "content": "hi"}]
TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}]


def request(**fields: Any) -> Request:
    return msgspec.convert({"model": "gpt-4o", "messages": HI, **fields}, Request)


def whole(**fields: Any) -> Any:
    return published(ChatCompletion, msgspec.json.encode(completion(request(**fields), MAKER)))


def chunks(**fields: Any) -> list[Any]:
    *data, done = events_of(b"".join(events(request(**fields), MAKER)))
    assert done == b"[DONE]"
    return [published(ChatCompletionChunk, each) for each in data]


def test_a_completion_validates() -> None:
    said = whole()
    assert said.usage is not None
    assert said.usage.total_tokens > 0
    assert said.choices[0].finish_reason == "stop"
    assert said.choices[0].message.content == "some words"


def test_several_choices_and_tool_calls() -> None:
    many = whole(n=3, tools=TOOLS)
    assert [choice.index for choice in many.choices] == [0, 1, 2]
    assert [choice.finish_reason for choice in many.choices] == ["tool_calls"] * 3
    calls = many.choices[0].message.tool_calls
    assert calls
    assert calls[0].type == "function"
    assert calls[0].function.name == "look_up"


def test_a_tool_is_called_once_and_not_against_the_agents_will() -> None:
    answered = [*HI, {"role": "tool", "tool_call_id": "c", "content": "x"}]
    for fields in ({"tool_choice": "none"}, {"messages": answered}):
        assert whole(tools=TOOLS, **fields).choices[0].message.tool_calls is None


@pytest.mark.parametrize("fields", [{}, {"n": 2}, {"tools": TOOLS}])
def test_a_stream_validates(fields: dict[str, Any]) -> None:
    said = chunks(**fields)
    assert all(chunk.usage is None for chunk in said)
    assert all(chunk.choices for chunk in said)
    assert said[0].choices[0].delta.role == "assistant"
    assert said[-1].choices[0].finish_reason


def test_usage_comes_in_an_extra_chunk_if_it_is_asked_for() -> None:
    said = chunks(stream_options={"include_usage": True})
    assert [chunk.usage for chunk in said[:-1]] == [None] * (len(said) - 1)
    assert said[-1].choices == []
    assert said[-1].usage is not None

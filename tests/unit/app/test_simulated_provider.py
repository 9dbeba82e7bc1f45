"""The simulated provider speaks OpenAI's API as the official package reads it."""

import json
from typing import Any

import httpx
import pytest
from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.gates import SimulatedVendor

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}]


def ask(vendor: SimulatedVendor, **fields: Any) -> httpx.Response:
    return httpx.post(
        f"{vendor.url}/v1/chat/completions",
        json={**CHAT, **fields},
        headers={"Authorization": "Bearer sk-1"},
    )


def chunks_of(response: httpx.Response) -> list[ChatCompletionChunk]:
    events = response.text.strip().split("\n\n")
    assert events[-1] == "data: [DONE]"
    return [
        ChatCompletionChunk.model_validate_json(event.removeprefix("data: "), strict=True)
        for event in events[:-1]
    ]


def test_a_completion_is_one_to_the_official_package(vendor: SimulatedVendor) -> None:
    completion = ChatCompletion.model_validate_json(ask(vendor).text, strict=True)
    assert completion.usage is not None
    assert completion.usage.total_tokens > 0
    assert completion.choices[0].finish_reason == "stop"
    assert completion.choices[0].message.content


def test_several_choices_and_tool_calls(vendor: SimulatedVendor) -> None:
    many = ChatCompletion.model_validate_json(ask(vendor, n=3, tools=TOOLS).text, strict=True)
    assert [choice.index for choice in many.choices] == [0, 1, 2]
    assert [choice.finish_reason for choice in many.choices] == ["tool_calls"] * 3
    calls = many.choices[0].message.tool_calls
    assert calls
    assert calls[0].type == "function"
    assert calls[0].function.name == "look_up"
    none = ChatCompletion.model_validate_json(ask(vendor, tools=TOOLS, tool_choice="none").text)
    assert none.choices[0].message.tool_calls is None


@pytest.mark.parametrize("fields", [{}, {"n": 2}, {"tools": TOOLS}])
def test_a_stream_is_one_to_the_official_package(
    vendor: SimulatedVendor, fields: dict[str, Any]
) -> None:
    chunks = chunks_of(ask(vendor, stream=True, **fields))
    assert all(chunk.usage is None for chunk in chunks)
    assert all(chunk.choices for chunk in chunks)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason


def test_usage_comes_in_an_extra_chunk_if_it_is_asked_for(vendor: SimulatedVendor) -> None:
    chunks = chunks_of(ask(vendor, stream=True, stream_options={"include_usage": True}))
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_an_error_on_demand_has_openais_shape(vendor: SimulatedVendor, status: int) -> None:
    response = ask(vendor, model=f"sim-error-{status}")
    assert response.status_code == status
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_the_models_are_models_to_the_official_package(vendor: SimulatedVendor) -> None:
    response = httpx.get(f"{vendor.url}/v1/models", headers={"Authorization": "Bearer sk-1"})
    for model in response.json()["data"]:
        Model.model_validate_json(json.dumps(model), strict=True)


def test_it_wants_a_key_and_keeps_what_it_saw(vendor: SimulatedVendor) -> None:
    assert httpx.get(f"{vendor.url}/v1/models").status_code == 401
    ask(vendor)
    seen = vendor.provider.seen[-1]
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.headers["authorization"] == "Bearer sk-1"
    assert json.loads(seen.body) == CHAT

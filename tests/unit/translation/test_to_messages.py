"""A call for chat completions is asked of messages as it was meant, or not at all."""

import json
from typing import Any

import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from pydantic import TypeAdapter

from gatebook.formats import Call
from gatebook.providers.anthropic import MESSAGES
from gatebook.providers.openai import CHAT
from gatebook.translation import Untranslatable
from gatebook.translation.to_messages import to_messages

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
USE = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": "sky"}'}}


def translated(**fields: Any) -> Call:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], **fields}
    asked = Call(operation=CHAT, path=CHAT.path, body=json.dumps(body).encode())
    return to_messages(CHAT.format.read(asked), MESSAGES, "claude-sonnet-5-5", 1)


def request(**fields: Any) -> dict[str, Any]:
    """The request, once it is seen to be one that the vendor's own package could have made."""
    said: dict[str, Any] = json.loads(translated(**fields).body)
    adapter = TypeAdapter(MessageCreateParamsNonStreaming)
    # Written out again, because lists are looked into only as they are read.
    adapter.dump_json(adapter.validate_python({**said, "stream": False}))
    return said


def test_a_conversation_with_tools_keeps_its_turns() -> None:
    said = request(
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
            {"role": "user", "content": "Look."},
            {"role": "assistant", "content": "I look.", "tool_calls": [USE]},
            {"role": "tool", "tool_call_id": "c1", "content": "blue"},
            {"role": "user", "content": "And?"},
        ],
        tools=[TOOL],
        tool_choice="required",
        parallel_tool_calls=False,
        max_completion_tokens=7,
        temperature=0.5,
        stop="END",
    )
    assert said == {
        "model": "claude-sonnet-5-5",
        "max_tokens": 7,
        "system": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Look."}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": "sky"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "c1",
                        "content": [{"type": "text", "text": "blue"}],
                    },
                    {"type": "text", "text": "And?"},
                ],
            },
        ],
        "temperature": 0.5,
        "stop_sequences": ["END"],
        "tools": [{"name": "look", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
    }


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://e.com/a.png", {"type": "url", "url": "https://e.com/a.png"}),
        (
            "data:image/png;base64,aGk=",
            {"type": "base64", "media_type": "image/png", "data": "aGk="},
        ),
    ],
)
def test_images_go_along(url: str, source: dict[str, str]) -> None:
    part = {"type": "image_url", "image_url": {"url": url, "detail": "low"}}
    said = request(messages=[{"role": "user", "content": [part]}])
    assert said["messages"][0]["content"] == [{"type": "image", "source": source}]


def test_a_schema_of_the_answer_goes_along() -> None:
    schema = {"type": "object", "properties": {}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    said = request(response_format=form)
    assert said["output_config"] == {"format": {"type": "json_schema", "schema": schema}}


def test_the_call_goes_where_messages_are_and_says_the_least_that_has_to_be_said() -> None:
    call = translated(user="u", seed=1, n=1, logprobs=False, frequency_penalty=0, store=False)
    assert (call.path, call.model, call.max_tokens) == ("/v1/messages", "claude-sonnet-5-5", 4096)
    assert call.headers == (("anthropic-version", "2023-06-01"),)
    assert set(json.loads(call.body)) == {"model", "max_tokens", "messages"}
    assert translated(stream=True).streamed


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 2},
        {"logprobs": True},
        {"logit_bias": {"1": 1}},
        {"temperature": 1.5},
        {"presence_penalty": 0.1},
        {"store": True},
        {"web_search_options": {}},
        {"audio": {}},
        {"something_new": 1},
        {"response_format": {"type": "json_object"}},
        {"tools": [{"type": "custom", "custom": {"name": "x"}}]},
        {"tool_choice": {"type": "allowed_tools"}},
        {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]},
        {"messages": [{"role": "function", "name": "f", "content": "x"}]},
        {"messages": [{"role": "user", "content": "hi", "new": 1}]},
        {"messages": [{"role": "assistant", "tool_calls": [{**USE, "type": "custom"}]}]},
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [{**USE, "function": {"name": "f", "arguments": "["}}],
                }
            ]
        },
    ],
)
def test_what_messages_has_no_word_for_is_not_left_out_in_silence(fields: dict[str, Any]) -> None:
    with pytest.raises(Untranslatable):
        translated(**fields)

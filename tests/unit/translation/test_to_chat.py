"""A call for messages is asked of chat completions as it was meant, or not at all."""

import json
from typing import Any

import pytest
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter

from gatebook.formats import Call, Terms
from gatebook.providers.anthropic import MESSAGES
from gatebook.providers.openai import CHAT
from gatebook.translation import Untranslatable
from gatebook.translation.to_chat import to_chat

USE = {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "sky"}}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "AA"}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "blue", "is_error": False}


def translated(**fields: Any) -> Call:
    body = {
        "model": "claude-sonnet-5-5",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
        **fields,
    }
    asked = Call(operation=MESSAGES, path=MESSAGES.path, body=json.dumps(body).encode())
    return to_chat(MESSAGES.format.read(asked), CHAT, "gpt-4o")


def request(**fields: Any) -> dict[str, Any]:
    """The request, once it is seen to be one that the vendor's own package could have made."""
    said: dict[str, Any] = json.loads(translated(**fields).body)
    adapter = TypeAdapter(CompletionCreateParamsNonStreaming)
    # Written out again, because lists are looked into only as they are read.
    adapter.dump_json(adapter.validate_python({**said, "stream": False}))
    return said


def test_a_conversation_with_tools_keeps_its_turns_and_thinking_stays_with_its_vendor() -> None:
    said = request(
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=[
            {"role": "user", "content": "Look."},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                    {"type": "text", "text": "I look."},
                    USE,
                ],
            },
            {"role": "user", "content": [{"type": "text", "text": "And?"}, RESULT]},
        ],
        tools=[{"name": "look", "description": "d", "input_schema": {"type": "object"}}],
        tool_choice={"type": "tool", "name": "look", "disable_parallel_tool_use": True},
        stop_sequences=["END"],
    )
    function = {"name": "look", "arguments": '{"at":"sky"}'}
    assert said == {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Look."}]},
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [{"id": "t1", "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": "t1", "content": "blue"},
            {"role": "user", "content": [{"type": "text", "text": "And?"}]},
        ],
        "stop": ["END"],
        "tools": [
            {
                "type": "function",
                "function": {"name": "look", "description": "d", "parameters": {"type": "object"}},
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "parallel_tool_calls": False,
    }


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ({"type": "url", "url": "https://e.com/a.png"}, "https://e.com/a.png"),
        (
            {"type": "base64", "media_type": "image/png", "data": "aGk="},
            "data:image/png;base64,aGk=",
        ),
    ],
)
def test_images_go_along(source: dict[str, str], url: str) -> None:
    said = request(messages=[{"role": "user", "content": [{"type": "image", "source": source}]}])
    assert said["messages"][0]["content"] == [{"type": "image_url", "image_url": {"url": url}}]


def test_a_schema_of_the_answer_goes_along() -> None:
    form = {"type": "json_schema", "schema": {"type": "object"}}
    said = request(output_config={"format": form, "effort": "low"})
    assert said["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert "response_format" not in request(output_config={"effort": "low"})


def test_its_limit_and_the_usage_of_a_stream_are_asked_for_as_the_server_knows_them() -> None:
    call = translated(stream=True)
    assert call.streamed
    assert (call.path, call.headers) == ("/v1/chat/completions", ())
    for terms, asked in (
        (Terms(), {"max_completion_tokens": 9, "stream_options": {"include_usage": True}}),
        (Terms(knows=frozenset(("stream_options",))), {"max_tokens": 9}),
        (Terms(max_tokens=50, knows=frozenset()), {"max_tokens": 9}),
    ):
        fitted = call.operation.format.fitted(call, terms)
        said = json.loads(fitted.body)
        added = {name: said[name] for name in said.keys() - json.loads(call.body).keys()}
        assert fitted.max_tokens == 9
        assert {**added, **asked} == added
        assert ("stream_options" in added) is ("stream_options" in terms.knows)


def test_a_call_without_a_limit_gets_that_of_its_terms() -> None:
    call = translated(max_tokens=None)
    assert call.operation.format.fitted(call, Terms()) == call
    assert call.operation.format.fitted(call, Terms(max_tokens=50)).max_tokens == 50


@pytest.mark.parametrize(
    "fields",
    [
        {"top_k": 3},
        {"container": "c"},
        {"mcp_servers": [{"url": "https://e.com"}]},
        {"inference_geo": "eu"},
        {"something_new": 1},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tool_choice": {"type": "new"}},
        {"messages": [{"role": "user", "content": [{"type": "document", "source": PDF}]}]},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{**RESULT, "content": [{"type": "image", "source": PDF}]}],
                }
            ]
        },
        {"messages": [{"role": "assistant", "content": "The answer is"}]},
        {"messages": [{"role": "system", "content": "x"}]},
        {"messages": [{"role": "user", "content": "x", "new": 1}]},
    ],
)
def test_what_chat_has_no_word_for_is_not_left_out_in_silence(fields: dict[str, Any]) -> None:
    with pytest.raises(Untranslatable):
        translated(**fields)

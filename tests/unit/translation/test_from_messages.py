"""A message comes back as a chat completion that OpenAI's own package takes for one."""

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from gatebook.core.errors import Unavailable
from gatebook.formats import Usage
from gatebook.translation.from_messages import ChatByMessages, ChatFromMessages

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5-5",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "sky"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 5, "cache_read_input_tokens": 2, "output_tokens": 3},
}
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "ping"},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "I "}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "look."}},
    {"type": "content_block_stop", "index": 1},
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "id": "t1", "name": "look", "input": {}},
    },
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": '{"at":'},
    },
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": ' "sky"}'},
    },
    {"type": "content_block_stop", "index": 2},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 3},
    },
    {"type": "message_stop"},
]


def written(events: list[dict[str, Any]]) -> bytes:
    return b"".join([f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events])


def chunks_of(given: bytes) -> list[ChatCompletionChunk]:
    """The chunks of a stream, each seen to be one, once its end is seen to be one."""
    *events, done, rest = given.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    return [
        ChatCompletionChunk.model_validate_json(event.removeprefix(b"data: "), strict=True)
        for event in events
    ]


def test_a_whole_message_is_a_whole_completion() -> None:
    given = ChatByMessages(7).delivered(json.dumps(MESSAGE).encode(), lambda _: True)
    completion = ChatCompletion.model_validate_json(given, strict=True)
    (choice,) = completion.choices
    assert (completion.id, completion.created, completion.model) == ("msg_1", 7, MESSAGE["model"])
    assert choice.message.content == "I look."
    assert choice.message.tool_calls is not None
    (call,) = choice.message.tool_calls
    assert call.type == "function"
    assert (call.id, call.function.name, call.function.arguments) == ("t1", "look", '{"at":"sky"}')
    assert choice.finish_reason == "tool_calls"
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (7, 3)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("refusal", "content_filter"),
        ("stop_sequence", "stop"),
        ("something_new", "stop"),
    ],
)
def test_why_it_ended_is_said_in_the_other_words(reason: str, finish: str) -> None:
    body = json.dumps({**MESSAGE, "content": [], "stop_reason": reason}).encode()
    (choice,) = json.loads(ChatByMessages(7).delivered(body, lambda _: True))["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == (finish, None)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"", b'{"content":3}', b"<html>"])
def test_a_reply_that_cannot_be_read_is_not_made_up(body: bytes) -> None:
    with pytest.raises(Unavailable):
        ChatByMessages(7).delivered(body, lambda _: True)


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
@pytest.mark.parametrize("tells_usage", [True, False])
def test_a_streamed_message_is_a_streamed_completion(size: int, *, tells_usage: bool) -> None:
    stream, sent = ChatFromMessages(7, tells_usage=tells_usage), written(EVENTS)
    given = b"".join([stream.feed(sent[at : at + size]) for at in range(0, len(sent), size)])
    assert stream.is_complete
    chunks = chunks_of(given + stream.end())
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert deltas[0].role == "assistant"
    assert "".join([delta.content or "" for delta in deltas]) == "I look."
    calls = [call for delta in deltas for call in delta.tool_calls or ()]
    assert [call.id for call in calls if call.id] == ["t1"]
    arguments = [call.function.arguments or "" for call in calls if call.function]
    assert json.loads("".join(arguments)) == {"at": "sky"}
    ends = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
    assert [end for end in ends if end] == ["tool_calls"]
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    assert [(u.prompt_tokens, u.completion_tokens) for u in usages] == (
        [(7, 3)] if tells_usage else []
    )
    assert stream.usage == Usage(7, 3, 2)


def test_a_stream_that_is_cut_ends_as_a_filter_of_content_ends_it() -> None:
    stream = ChatFromMessages(7, tells_usage=False)
    assert stream.cut() == b""
    stream.feed(written(EVENTS[:7]))
    (chunk,) = chunks_of(stream.cut())
    assert chunk.choices[0].finish_reason == "content_filter"


def test_an_error_in_the_stream_is_one_there_too() -> None:
    stream = ChatFromMessages(7, tells_usage=False)
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    given = stream.feed(written([*EVENTS[:1], error]))
    assert json.loads(given.split(b"data: ")[-1])["error"]["message"] == "Overloaded"
    assert stream.has_failed


def test_an_event_that_cannot_be_read_ends_the_stream() -> None:
    with pytest.raises(Unavailable):
        ChatFromMessages(7, tells_usage=False).feed(written([{"type": "message_start"}]))

"""A chat completion comes back as a message that Anthropic's own package takes for one."""

import json
from typing import Any

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from gatebook.core.errors import Unavailable
from gatebook.formats import Usage
from gatebook.translation.from_chat import MessagesByChat, MessagesFromChat

CALL = {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"at":"sky"}'}}
COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "I look.", "tool_calls": [CALL]},
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3},
}
EVENT: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)


def chunk(delta: dict[str, Any], finish: str | None = None, **fields: Any) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "c1", "created": 1, "model": "gpt-4o", "choices": choices, **fields}


def arguments(number: int, text: str, **fields: Any) -> dict[str, Any]:
    function = {"arguments": text, **fields.pop("function", {})}
    return chunk({"tool_calls": [{"index": number, "function": function, **fields}]})


CHUNKS = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "I "}),
    chunk({"content": "look."}),
    arguments(0, "", id="t1", type="function", function={"name": "look"}),
    arguments(0, '{"at":'),
    arguments(0, ' "sky"}'),
    arguments(1, "{}", id="t2", type="function", function={"name": "wait"}),
    chunk({}, "tool_calls"),
    {**chunk({}), "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}},
]


def written(chunks: list[dict[str, Any]], end: bytes = b"data: [DONE]\n\n") -> bytes:
    return b"".join([b"data: %b\n\n" % json.dumps(c).encode() for c in chunks]) + end


def events_of(given: bytes) -> list[Any]:
    """The events of a stream, each seen to be one and named by its type."""
    events = []
    for text in given.split(b"\n\n")[:-1]:
        name, data = text.split(b"\n")
        event = EVENT.validate_json(data.removeprefix(b"data: "))
        assert name == b"event: " + event.type.encode()
        events.append(event)
    return events


def test_a_whole_completion_is_a_whole_message() -> None:
    given = MessagesByChat().delivered(json.dumps(COMPLETION).encode(), lambda _: True)
    message = Message.model_validate_json(given, strict=True)
    assert [block.type for block in message.content] == ["text", "tool_use"]
    assert json.loads(given)["content"][1]["input"] == {"at": "sky"}
    assert (message.stop_reason, message.role) == ("tool_use", "assistant")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (7, 3)


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("something_new", "end_turn"),
    ],
)
def test_why_it_ended_is_said_in_the_other_words(finish: str, reason: str) -> None:
    choice = {"index": 0, "message": {"content": "a"}, "finish_reason": finish}
    body = json.dumps({**COMPLETION, "choices": [choice]}).encode()
    assert json.loads(MessagesByChat().delivered(body, lambda _: True))["stop_reason"] == reason


@pytest.mark.parametrize("body", [b"{}", b"[]", b"", b'{"choices":[]}', b"<html>"])
def test_a_reply_that_cannot_be_read_is_not_made_up(body: bytes) -> None:
    with pytest.raises(Unavailable):
        MessagesByChat().delivered(body, lambda _: True)


def test_arguments_that_are_no_json_object_are_not_made_up() -> None:
    call = {**CALL, "function": {"name": "look", "arguments": "["}}
    choice = {"index": 0, "message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}
    with pytest.raises(Unavailable):
        MessagesByChat().delivered(
            json.dumps({**COMPLETION, "choices": [choice]}).encode(), lambda _: True
        )


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_a_streamed_completion_is_a_streamed_message(size: int) -> None:
    stream, sent = MessagesFromChat(), written(CHUNKS)
    given = b"".join([stream.feed(sent[at : at + size]) for at in range(0, len(sent), size)])
    assert stream.is_complete
    events = events_of(given + stream.end())
    assert [event.type for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert [e.index for e in events if e.type == "content_block_start"] == [0, 1, 2]
    assert [e.index for e in events if e.type == "content_block_stop"] == [0, 1, 2]
    delta = events[-2]
    assert delta.delta.stop_reason == "tool_use"
    assert (delta.usage.input_tokens, delta.usage.output_tokens) == (7, 3)
    assert stream.usage == Usage(7, 3)


def test_a_stream_that_is_cut_ends_as_a_refusal_of_the_model() -> None:
    stream = MessagesFromChat()
    assert stream.cut() == b""
    stream.feed(written(CHUNKS[:2], b""))
    events = events_of(stream.cut())
    assert [e.type for e in events] == ["content_block_stop", "message_delta", "message_stop"]
    assert events[1].delta.stop_reason == "refusal"


def test_an_error_in_the_stream_is_one_there_too() -> None:
    stream = MessagesFromChat()
    given = stream.feed(written([{"error": {"message": "Overloaded"}}], b""))
    assert given.startswith(b"event: error\n")
    assert json.loads(given.split(b"data: ")[1])["error"]["message"] == "Overloaded"
    assert stream.has_failed


@pytest.mark.parametrize("bad", [{"choices": [{"delta": 3}]}, arguments(0, "{}")])
def test_a_chunk_that_cannot_be_read_ends_the_stream(bad: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        MessagesFromChat().feed(written([bad], b""))

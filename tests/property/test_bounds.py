"""What bounds the tokens of a call, in every format: text by its bytes, anything else by nothing.

A call that is not seen to be all text must not be taken for one, whatever stands in it.
"""

import json
from typing import Any, Final

import pytest
from hypothesis import given, strategies as st

from gatebook.formats import Call, Operation, Stream
from gatebook.providers import anthropic, openai

PIXEL: Final = "data:image/png;base64,iVBORw0KGgo="
OPERATIONS: Final = {
    "chat": openai.CHAT,
    "completions": openai.COMPLETIONS,
    "responses": openai.RESPONSES,
    "embeddings": openai.EMBEDDINGS,
    "messages": anthropic.MESSAGES,
}


def read(operation: Operation, **body: Any) -> Call:
    """The call that a body makes."""
    content = json.dumps({"model": "m", **body}).encode()
    return operation.format.read(Call(operation=operation, path=operation.path, body=content))


def said(*parts: Any, role: str = "user") -> list[dict[str, Any]]:
    """One message of these parts."""
    return [{"role": role, "content": list(parts)}]


TEXTS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("chat", {"messages": [{"role": "user", "content": "hi"}]}),
    ("chat", {"messages": said({"type": "text", "text": "hi"})}),
    ("chat", {"messages": [{"role": "assistant", "content": None, "tool_calls": []}]}),
    ("completions", {"prompt": ["a", "b"]}),
    ("responses", {"input": "hi"}),
    ("responses", {"input": said({"type": "input_text", "text": "hi"})}),
    ("responses", {"input": [{"type": "function_call_output", "output": "42"}]}),
    ("embeddings", {"input": ["a", "b"]}),
    ("messages", {"messages": [{"role": "user", "content": "hi"}], "system": "be kind"}),
    ("messages", {"messages": said({"type": "tool_result", "content": "42"})}),
    ("messages", {"messages": said({"type": "thinking", "thinking": "hm", "signature": "x"})}),
]
OTHERS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("chat", {"messages": said({"type": "image_url", "image_url": {"url": PIXEL}})}),
    ("chat", {"messages": said({"type": "image_url", "image_url": {"url": "https://x.y/z"}})}),
    ("chat", {"messages": said({"type": "input_audio", "input_audio": {"data": "AA"}})}),
    ("chat", {"messages": said({"type": "file", "file": {"file_data": "data:x;base64,AA"}})}),
    ("chat", {"messages": said({"type": "file", "file": {"file_id": "file-1"}})}),
    ("chat", {"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}),
    ("responses", {"input": said({"type": "input_image", "image_url": PIXEL})}),
    ("responses", {"input": said({"type": "input_file", "file_data": "AA"})}),
    ("responses", {"input": said({"type": "input_audio", "input_audio": {"data": "AA"}})}),
    ("responses", {"input": [{"type": "image_generation_call", "result": "AA"}]}),
    ("responses", {"input": [{"type": "item_reference", "id": "msg_1"}]}),
    ("responses", {"input": "hi", "previous_response_id": "resp_1"}),
    ("responses", {"input": "hi", "conversation": "conv_1"}),
    ("responses", {"input": "hi", "prompt": {"id": "pmpt_1"}}),
    (
        "messages",
        {"messages": said({"type": "image", "source": {"type": "base64", "data": "AA"}})},
    ),
    (
        "messages",
        {"messages": said({"type": "document", "source": {"type": "url", "url": "https://x.y"}})},
    ),
    (
        "messages",
        {
            "messages": said(
                {
                    "type": "tool_result",
                    "content": [{"type": "image", "source": {"type": "base64", "data": "AA"}}],
                }
            )
        },
    ),
]


@pytest.mark.parametrize(("format_", "body"), TEXTS)
def test_text_is_bounded_by_its_size(format_: str, body: dict[str, Any]) -> None:
    assert read(OPERATIONS[format_], **body).is_text


@pytest.mark.parametrize(("format_", "body"), OTHERS)
def test_what_is_not_all_text_is_not(format_: str, body: dict[str, Any]) -> None:
    assert not read(OPERATIONS[format_], **body).is_text


def event(data: dict[str, Any], name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def chat_chunk(delta: dict[str, Any]) -> bytes:
    return event({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})


def followed(operation: Operation, *events: bytes) -> Stream:
    stream = operation.format.stream(Call(operation=operation, path=operation.path, streamed=True))
    for each in events:
        stream.feed(each)
    return stream


@given(st.text())
def test_text_that_came_counts_at_least_its_bytes_in_every_format(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    streams = (
        followed(openai.CHAT, chat_chunk({"content": text})),
        followed(openai.COMPLETIONS, event({"choices": [{"index": 0, "text": text}]})),
        followed(
            openai.RESPONSES,
            event({"type": "response.output_text.delta", "sequence_number": 1, "delta": text}),
        ),
        followed(
            anthropic.MESSAGES,
            event({"type": "content_block_delta", "index": 0, "delta": {"text": text}}),
        ),
    )
    for stream in streams:
        assert stream.text_bytes >= size
        assert stream.chunks == 1


def test_arguments_of_tools_count_and_what_stands_around_them_hardly() -> None:
    call = {"index": 0, "function": {"arguments": '{"city":"Bern"}'}}
    stream = followed(openai.CHAT, chat_chunk({"tool_calls": [call]}))
    assert 15 <= stream.text_bytes <= 30
    part = {"type": "input_json_delta", "partial_json": '{"city"'}
    stream = followed(
        anthropic.MESSAGES, event({"type": "content_block_delta", "index": 0, "delta": part})
    )
    assert stream.text_bytes == len(json.dumps(part["partial_json"])) - 2


def test_what_says_nothing_counts_nothing() -> None:
    stream = followed(openai.CHAT, chat_chunk({"role": "assistant", "content": None}))
    assert stream.text_bytes == 0

"""Anthropic's messages: only what is acted on is read, and what cannot be read is refused."""

import json
from typing import Any

import pytest

from gatebook.core.errors import Invalid, Unavailable
from gatebook.formats import Call, Operation, Usage
from gatebook.formats.messages import MessageStream
from gatebook.providers.anthropic import COUNT, MESSAGES

START = (
    b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":5,'
    b'"cache_read_input_tokens":7,"output_tokens":1}}}\n\n'
)
SIGNED = (
    b'event: content_block_delta\ndata: { "type":"content_block_delta", "delta" : {"type":'
    b'"signature_delta","signature":"c2ln"} }\n\n'
)
DELTA = b'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":9}}\n\n'
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def read(operation: Operation, body: bytes) -> Call:
    return operation.format.read(Call(operation=operation, path=operation.path, body=body))


def messages(**fields: Any) -> Call:
    body = {"model": "claude-opus-5-5", "max_tokens": 1, "messages": [], **fields}
    return read(MESSAGES, json.dumps(body).encode())


def test_the_body_passes_byte_for_byte() -> None:
    body = b'{ "model":"claude-opus-5-5", "new_field" : {"a": 1.50e3}, "stream": true }'
    call = read(MESSAGES, body)
    assert (call.body, call.model, call.streamed) == (body, "claude-opus-5-5", True)


def test_only_messages_stream() -> None:
    assert messages(stream=True).streamed
    assert not messages(stream=None).streamed
    assert not read(COUNT, b'{"model":"m","stream":true}').streamed


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_missing"),
        (b"[]", "invalid_value"),
        (b"{}", "invalid_model"),
        (b'{"model":1}', "invalid_value"),
        (b'{"model":"a b"}', "invalid_model"),
        (b'{"model":"m","stream":"yes"}', "invalid_value"),
        (b'{"model":"m","model":"n"}', "json_duplicate_member"),
        (b'{"model":"m","stream":true,"stream":false}', "json_duplicate_member"),
        (b'{"model":"m","MODEL":"n"}', "json_member_case"),
        (b'{"model":"m","x":"\xff"}', "json_utf8"),
        (b'{"model":"m","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "json_too_deep"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(MESSAGES, body)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"usage":{"input_tokens":3,"output_tokens":5}}', Usage(3, 5)),
        (
            b'{"usage":{"input_tokens":3,"cache_creation_input_tokens":10,"output_tokens":0}}',
            Usage(13, 0, 0, 10),
        ),
        (b'{"usage":{"input_tokens":-1,"output_tokens":1.5}}', Usage()),
        (b'{"usage":{"input_tokens":true,"output_tokens":9007199254740992}}', Usage()),
        (b'{"usage":[1]}', Usage()),
        (b'{"input_tokens":14}', Usage()),
    ],
)
def test_tokens_are_what_the_provider_reported_or_nothing(body: bytes, expected: Usage) -> None:
    assert MESSAGES.format.usage(body) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"usage":'])
def test_a_reply_that_cannot_be_read_is_not_passed_on(body: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        MESSAGES.format.usage(body)


@pytest.mark.parametrize("cut", range(1, len(START + SIGNED + DELTA + STOP), 7))
def test_a_stream_passes_byte_for_byte_and_its_end_waits(cut: int) -> None:
    whole, stream = START + SIGNED + DELTA + STOP, MessageStream()
    given = stream.feed(whole[:cut]) + stream.feed(whole[cut:])
    assert given == START + SIGNED + DELTA
    assert stream.is_complete
    assert stream.end() == STOP
    assert stream.usage == Usage(12, 9, 7)
    assert not stream.has_failed
    assert stream.feed(b"data: more\n\n") == b""


def test_events_of_kinds_to_come_and_comments_pass() -> None:
    later = b'event: later\ndata: {"type":"later","x":1}\n\n: a comment\n\n'
    assert MessageStream().feed(later) == later


def test_an_error_in_the_stream_passes_and_is_noted() -> None:
    stream, event = MessageStream(), b'event: error\ndata: {"type":"error","error":{}}\n\n'
    assert stream.feed(START + event) == START + event
    assert stream.has_failed
    assert not stream.is_complete


@pytest.mark.parametrize("event", [b"data: {\n\n", b'data: {"usage":1}\n\n', b"data: [DONE]\n\n"])
def test_an_event_that_cannot_be_read_ends_the_stream(event: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        MessageStream().feed(event)


BLOCK = b'event: content_block_start\ndata: {"type":"content_block_start","index":%d}\n\n'
BLOCK_END = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'


def test_a_stream_that_is_cut_ends_as_a_refusal_of_the_model_ends_it() -> None:
    stream = MessageStream()
    stream.feed(START + BLOCK % 0 + BLOCK_END % 0 + BLOCK % 1)
    closed, delta, stop, rest = stream.cut().split(b"\n\n")
    assert closed + b"\n\n" == BLOCK_END % 1
    said = json.loads(delta.removeprefix(b"event: message_delta\ndata: "))
    assert said["delta"]["stop_reason"] == "refusal"
    assert said["usage"] == {"output_tokens": 1}
    assert (stop + b"\n\n", rest) == (STOP, b"")


def test_there_is_nothing_to_cut_before_the_message_has_begun() -> None:
    assert MessageStream().cut() == b""

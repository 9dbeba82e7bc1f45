"""Anthropic's wire format: only what is acted on is read, and what cannot be read is refused."""

import json
from typing import Any

import pytest

from gatebook.core.errors import (
    Exhausted,
    GatebookError,
    Invalid,
    NotFound,
    Refused,
    Unavailable,
    Unidentified,
)
from gatebook.providers import Call, Usage
from gatebook.providers.anthropic import (
    COUNT,
    MESSAGES,
    MODELS,
    MessageStream,
    authorization,
    delivered,
    error_body,
    error_event,
    read,
    usage,
)

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
        (b"{}", "invalid_value"),
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


def test_our_credential_is_an_api_key() -> None:
    assert authorization("sk-ant-1") == ("x-api-key", "sk-ant-1")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"usage":{"input_tokens":3,"output_tokens":5}}', Usage(3, 5)),
        (
            b'{"usage":{"input_tokens":3,"cache_creation_input_tokens":10,"output_tokens":0}}',
            Usage(13, 0),
        ),
        (b'{"usage":{"input_tokens":-1,"output_tokens":1.5}}', Usage()),
        (b'{"usage":{"input_tokens":true,"output_tokens":9007199254740992}}', Usage()),
        (b'{"usage":[1]}', Usage()),
        (b'{"input_tokens":14}', Usage()),
    ],
)
def test_tokens_are_what_the_provider_reported_or_nothing(body: bytes, expected: Usage) -> None:
    assert usage(body) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"usage":'])
def test_a_reply_that_cannot_be_read_is_not_passed_on(body: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        usage(body)


def test_an_agent_sees_the_models_it_may_call_and_no_others() -> None:
    body = b'{"data":[{"id":"a", "x":1}, {"id":"b"}],"first_id":"a","has_more":true,"last_id":"b"}'
    shown = delivered(read(MODELS, b""), body, lambda model: model == "a")
    assert shown == b'{"data":[{"id":"a", "x":1}],"first_id":"a","has_more":true,"last_id":"b"}'
    assert delivered(messages(), body, lambda _: False) is body


@pytest.mark.parametrize("cut", range(1, len(START + SIGNED + DELTA + STOP), 7))
def test_a_stream_passes_byte_for_byte_and_its_end_waits(cut: int) -> None:
    whole, stream = START + SIGNED + DELTA + STOP, MessageStream()
    given = stream.feed(whole[:cut]) + stream.feed(whole[cut:])
    assert given == START + SIGNED + DELTA
    assert stream.is_complete
    assert stream.end() == STOP
    assert stream.usage == Usage(12, 9)
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


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Invalid("a", "A."), "invalid_request_error"),
        (Invalid("body_too_large", "A."), "request_too_large"),
        (NotFound("a", "A."), "not_found_error"),
        (Unidentified("a", "A."), "authentication_error"),
        (Refused("a", "A."), "permission_error"),
        (Exhausted("a", "A."), "rate_limit_error"),
        (Unavailable("a", "A."), "api_error"),
        (Unavailable("upstream_timeout", "A."), "timeout_error"),
        (Unavailable("upstream_unavailable", "A."), "overloaded_error"),
        (GatebookError("a", "A."), "api_error"),
    ],
)
def test_errors_have_anthropics_shape(error: GatebookError, kind: str) -> None:
    said = {"type": kind, "message": "A.", "code": error.code}
    expected = {"type": "error", "error": said, "request_id": "s.1"}
    assert json.loads(error_body(error, "s.1")) == expected
    assert json.loads(error_body(error, ""))["request_id"] is None
    assert error_event(error, "s.1") == b"event: error\ndata: " + error_body(error, "s.1") + b"\n\n"

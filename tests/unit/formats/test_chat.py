"""Chat completions: only what is acted on is read, and what cannot be read is refused."""

import json
from typing import Any

import pytest

from gatebook.core.errors import Invalid, Unavailable
from gatebook.formats import Call, Usage
from gatebook.formats.chat import ChatStream
from gatebook.providers.openai import CHAT

_STREAM = b'{"model":"gpt-4o","stream":true,"stream_options":%b}'


def read(body: bytes) -> Call:
    return CHAT.format.read(Call(operation=CHAT, path=CHAT.path, body=body))


def chat(**fields: Any) -> Call:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], **fields}
    return read(json.dumps(body).encode())


def code_of(body: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        read(body)
    return caught.value.code


def test_unknown_fields_pass_byte_for_byte() -> None:
    body = b'{ "model":"gpt-4o", "new_field" : {"a": 1.50e3}, "messages": [] }'
    assert read(body).body == body


def test_a_call_that_streams_asks_for_usage_and_remembers_who_did_not() -> None:
    assert not chat().streamed
    assert not chat(stream=None).streamed
    assert chat(stream=True).hides_usage
    assert chat(stream=True, stream_options=None).hides_usage
    assert chat(stream=True, stream_options={"include_usage": False}).hides_usage
    asked = chat(stream=True, stream_options={"include_usage": True})
    assert not asked.hides_usage
    assert json.loads(asked.body)["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_missing"),
        (b"{", "json_malformed"),
        (b"[]", "invalid_value"),
        (b"{}", "invalid_model"),
        (b'{"model":1}', "invalid_value"),
        (b'{"model":"gpt-4o","stream":"yes"}', "invalid_value"),
        (b'{"model":"gpt-4o","stream_options":3}', "invalid_value"),
        (b'{"model":""}', "invalid_model"),
        (b'{"model":"a b"}', "invalid_model"),
        (b'{"model":"../x"}', "invalid_model"),
        (b'{"model":"gpt\\u0000"}', "invalid_model"),
        (b'{"model":"' + b"a" * 129 + b'"}', "invalid_model"),
        (b'{"model":"gpt-4o","x":"\xff"}', "json_utf8"),
        (b'{"model":"gpt-4o","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "json_too_deep"),
        (b'{"model":"gpt-4o","model":"gpt-4"}', "json_duplicate_member"),
        (b'{"model":"gpt-4o","mod\\u0065l":"gpt-4"}', "json_duplicate_member"),
        (b'{"model":"gpt-4o","stream":true,"stream":false}', "json_duplicate_member"),
        (_STREAM % b'{"include_usage":false,"include_usage":true}', "json_duplicate_member"),
        (b'{"model":"gpt-4o","MODEL":"gpt-4"}', "json_member_case"),
        (b'{"MODEL":"gpt-4","model":"gpt-4o","stream":true}', "json_member_case"),
        (b'{"model":"gpt-4o","Stream":true}', "json_member_case"),
        (b'{"model":"gpt-4o","\\u017ftream":true}', "json_member_case"),
        (b'{"model":"gpt-4o","Stream_Options":{}}', "json_member_case"),
        (b'{"model":"gpt-4o","stream":true,"seed":1,"\xc5\xbfeed":2}', "json_member_case"),
        (b'{"model":"gpt-4o","n":1,"N":2}', "json_member_case"),
        (_STREAM % b'{"Include_Usage":false}', "json_member_case"),
        (_STREAM % b'{"x":1,"X":1}', "json_member_case"),
        (b'{"Model":"gpt-4o"}', "json_member_case"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(body: bytes, code: str) -> None:
    assert code_of(body) == code


@pytest.mark.parametrize(
    "model", ["gpt-4o", "ft:gpt-4o:acme::7qTvM5a", "meta-llama/Llama-3.1-70B", "o4-mini"]
)
def test_the_names_of_real_models_are_taken(model: str) -> None:
    assert chat(model=model).model == model


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"usage":{"prompt_tokens":3,"completion_tokens":5}}', Usage(3, 5)),
        (b'{"usage":null}', Usage()),
        (b"{}", Usage()),
        (b'{"usage":{"prompt_tokens":-1,"completion_tokens":1.5}}', Usage()),
        (b'{"usage":{"prompt_tokens":true,"completion_tokens":9007199254740992}}', Usage()),
        (b'{"usage":[1]}', Usage()),
    ],
)
def test_tokens_are_what_the_provider_reported_or_nothing(body: bytes, expected: Usage) -> None:
    assert CHAT.format.usage(body) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"usage":'])
def test_a_reply_that_cannot_be_read_is_not_passed_on(body: bytes) -> None:
    with pytest.raises(Unavailable) as caught:
        CHAT.format.usage(body)
    assert caught.value.code == "upstream_broken"
    assert caught.value.retry_after_seconds is None


CONTENT = b'data: {"choices":[{"delta":{"content":"a"}}],"usage":null}\n\n'
LAST = b'data: {"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":7}}\n\n'
DONE = b"data: [DONE]\n\n"


def test_the_end_of_a_stream_is_held_back() -> None:
    follower = CHAT.format.stream(chat(stream=True, stream_options={"include_usage": True}))
    assert follower.feed(CONTENT + LAST + DONE) == CONTENT + LAST
    assert follower.is_complete
    assert follower.end() == DONE
    assert follower.usage == Usage(2, 7)
    assert follower.chunks == 2


def test_the_usage_chunk_is_hidden_from_an_agent_that_did_not_ask() -> None:
    follower = CHAT.format.stream(chat(stream=True))
    assert follower.feed(CONTENT + LAST + DONE) == CONTENT
    assert follower.usage == Usage(2, 7)


def test_usage_beside_content_is_not_hidden() -> None:
    both = b'data: {"choices":[{"delta":{}}],"usage":{"completion_tokens":1}}\n\n'
    follower = ChatStream(hides_usage=True)
    assert follower.feed(both) == both
    assert follower.usage.tokens_out == 1


def test_comments_pass_and_nothing_passes_behind_the_end() -> None:
    follower = ChatStream(hides_usage=False)
    assert follower.feed(b": ka\n\n" + CONTENT) == b": ka\n\n" + CONTENT
    assert follower.feed(DONE + CONTENT) == b""
    assert follower.end() == DONE


def test_an_error_in_the_stream_passes_and_is_noticed() -> None:
    follower = ChatStream(hides_usage=True)
    event = b'data: {"error":{"message":"overloaded"}}\n\n'
    assert follower.feed(event) == event
    assert follower.has_failed
    quiet = ChatStream(hides_usage=True)
    quiet.feed(b'data: {"choices":[],"error":null}\n\n')
    assert not quiet.has_failed


@pytest.mark.parametrize("data", [b"data: {\n\n", b"data: hello\n\n", b"data: " + b"a" * 1_048_577])
def test_an_event_that_cannot_be_read_is_not_passed_on(data: bytes) -> None:
    with pytest.raises(Unavailable) as caught:
        ChatStream(hides_usage=True).feed(data)
    assert caught.value.code == "upstream_broken"


@pytest.mark.parametrize(
    ("came", "open_choices"),
    [
        (CONTENT, [0]),
        (b'data: {"choices":[{"index":1},{"index":0}]}\n\n', [0, 1]),
        (b'data: {"choices":[{"index":0,"finish_reason":"stop"},{"index":2}]}\n\n', [2]),
    ],
)
def test_a_stream_that_is_cut_ends_as_a_filter_of_content_ends_it(
    came: bytes, open_choices: list[int]
) -> None:
    follower = ChatStream(hides_usage=True)
    follower.feed(came.replace(b"{", b'{"id":"c1","created":3,"model":"m",', 1))
    last, done, rest = follower.cut().split(b"\n\n")
    chunk = json.loads(last.removeprefix(b"data: "))
    assert (chunk["id"], chunk["created"], chunk["model"]) == ("c1", 3, "m")
    assert {c["finish_reason"] for c in chunk["choices"]} == {"content_filter"}
    assert [c["index"] for c in chunk["choices"]] == open_choices
    assert (done, rest) == (b"data: [DONE]", b"")


def test_there_is_nothing_to_cut_before_the_first_chunk() -> None:
    assert ChatStream(hides_usage=True).cut() == b""

"""A stream of chat is followed to its end, and what came of it is counted and can be cut off."""

import json
from typing import Any

import pytest
from openai.types import Completion

from gatebook.core.errors import Unavailable
from gatebook.formats import Call, Usage
from gatebook.formats.chat_stream import ChatStream
from gatebook.providers.openai import CHAT, COMPLETIONS


def followed(**options: Any) -> ChatStream:
    body = {"model": "m", "messages": [], "stream": True, **options}
    call = Call(operation=CHAT, path=CHAT.path, body=json.dumps(body).encode())
    stream = CHAT.format.stream(CHAT.format.read(call))
    assert isinstance(stream, ChatStream)
    return stream


CONTENT = b'data: {"choices":[{"delta":{"content":"a"}}],"usage":null}\n\n'
LAST = b'data: {"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":7}}\n\n'
DONE = b"data: [DONE]\n\n"


def test_the_end_of_a_stream_is_held_back() -> None:
    follower = followed(stream_options={"include_usage": True})
    assert follower.feed(CONTENT + LAST + DONE) == CONTENT + LAST
    assert follower.is_complete
    assert follower.end() == DONE
    assert follower.usage == Usage(2, 7)
    assert follower.chunks == 2


def test_the_usage_chunk_is_hidden_from_an_agent_that_did_not_ask() -> None:
    follower = followed()
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


def test_a_stream_whose_choices_have_ended_is_cut_by_its_end_alone() -> None:
    follower = ChatStream(hides_usage=True)
    follower.feed(b'data: {"choices":[{"index":0,"finish_reason":"stop"}]}\n\n')
    assert follower.cut() == DONE


def test_there_is_nothing_to_cut_before_the_first_chunk() -> None:
    assert ChatStream(hides_usage=True).cut() == b""


def test_completions_of_text_end_like_those_of_chat() -> None:
    call = Call(operation=COMPLETIONS, path=COMPLETIONS.path)
    follower = COMPLETIONS.format.stream(call)
    follower.feed(b'data: {"id":"c","choices":[{"text":"a","index":0,"logprobs":null}]}\n\n')
    chunk = json.loads(follower.cut().split(b"\n\n")[0].removeprefix(b"data: "))
    (ended,) = Completion.model_validate(chunk, strict=True).choices
    assert (ended.text, ended.finish_reason) == ("", "content_filter")


@pytest.mark.parametrize(
    ("delta", "written"),
    [
        ({"content": "abc"}, 3),
        ({"content": None, "reasoning_content": "abcd"}, 4),
        ({"refusal": "ab", "content": ""}, 2),
        ({"function_call": {"arguments": "abc"}}, 17),
        ({"audio": {"data": "AAAA"}}, 13),
        ({"tool_calls": [{"index": 0, "function": {"arguments": "abc"}}]}, 3),
        ({"brand_new": "abc"}, 3),
        ({}, 0),
    ],
)
def test_all_that_a_chunk_brings_is_counted(delta: dict[str, Any], written: int) -> None:
    follower = ChatStream(hides_usage=False)
    chunk = json.dumps({"choices": [{"index": 0, "delta": delta}]}, separators=(",", ":"))
    follower.feed(f"data: {chunk}\n\n".encode())
    assert follower.text_bytes == written


DETAILED = b'{"usage":{"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":%b}}'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"usage":{"prompt_tokens":3,"completion_tokens":5}}', Usage(3, 5)),
        (DETAILED % b'{"cached_tokens":4,"cache_write_tokens":3}', Usage(9, 5, 4, 3)),
        (DETAILED % b"null", Usage(9, 5)),
        (b'{"usage":null}', Usage()),
        (b"{}", Usage()),
        (b'{"usage":{"prompt_tokens":-1,"completion_tokens":1.5}}', Usage()),
        (b'{"usage":{"prompt_tokens":true,"completion_tokens":9007199254740992}}', Usage()),
        (b'{"usage":[1]}', Usage()),
    ],
)
def test_tokens_are_what_the_provider_reported_or_nothing(body: bytes, expected: Usage) -> None:
    assert CHAT.format.usage(body) == expected

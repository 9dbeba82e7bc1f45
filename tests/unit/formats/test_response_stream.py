"""A stream of a response is followed to its end, and can be cut off in its own terms."""

import json
from typing import Any

import openai
import pytest
from openai.types.responses import ResponseIncompleteEvent

from gatebook.core.errors import Unavailable
from gatebook.formats import Usage
from gatebook.formats.response_stream import ResponseStream


def event(kind: str, number: int, **fields: Any) -> bytes:
    data = json.dumps({"type": kind, "sequence_number": number, **fields})
    return f"event: {kind}\ndata: {data}\n\n".encode()


RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "gpt-4o",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "status": "in_progress",
    "incomplete_details": None,
    "brand_new": {"a": 1},
}
USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
    "output_tokens": 5,
}
CREATED = event("response.created", 0, response=RESPONSE)
DELTA = event("response.output_text.delta", 1, delta="a", obfuscation="xyz")
COMPLETED = event("response.completed", 2, response={**RESPONSE, "usage": USAGE})


@pytest.mark.parametrize("cut", range(1, len(CREATED + DELTA + COMPLETED), 23))
def test_a_stream_passes_byte_for_byte_and_its_end_waits(cut: int) -> None:
    whole, stream = CREATED + DELTA + COMPLETED, ResponseStream()
    assert stream.feed(whole[:cut]) + stream.feed(whole[cut:]) == CREATED + DELTA
    assert stream.is_complete
    assert not stream.has_failed
    assert stream.end() == COMPLETED
    assert stream.usage == Usage(9, 5, 4, 3)
    assert stream.chunks == 3
    assert stream.feed(b"data: [DONE]\n\n") == b""


@pytest.mark.parametrize("kind", ["response.failed", "response.incomplete"])
def test_each_way_to_end_is_an_end(kind: str) -> None:
    stream, last = ResponseStream(), event(kind, 2, response={**RESPONSE, "usage": USAGE})
    assert stream.feed(CREATED + last) == CREATED
    assert (stream.is_complete, stream.end()) == (True, last)
    assert stream.has_failed is (kind == "response.failed")
    assert stream.usage.tokens_out == 5


def test_an_error_in_the_stream_passes_and_is_noted() -> None:
    for data in (event("error", 1, message="x", code=None, param=None), b'data: {"error":{}}\n\n'):
        stream = ResponseStream()
        assert stream.feed(CREATED + data) == CREATED + data
        assert stream.has_failed
        assert not stream.is_complete


@pytest.mark.parametrize("data", [b"data: {\n\n", b"data: 1\n\n", b'data: {"type":1}\n\n'])
def test_an_event_that_cannot_be_read_ends_the_stream(data: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        ResponseStream().feed(data)


def test_done_alone_is_no_end_and_a_terminal_event_without_usage_is_one() -> None:
    stream = ResponseStream()
    assert stream.feed(b"data: [DONE]\n\n") == b"data: [DONE]\n\n"
    ends = [stream.is_complete]
    stream.feed(event("response.completed", 1, response={**RESPONSE, "usage": None}))
    assert [*ends, stream.is_complete] == [False, True]
    assert stream.usage == Usage()


def test_a_stream_that_is_cut_ends_as_a_filter_of_content_ends_it() -> None:
    stream = ResponseStream()
    stream.feed(CREATED + event("response.in_progress", 1, response=RESPONSE) + DELTA)
    first, rest = stream.cut().split(b"\n", 1)
    assert first == b"event: response.incomplete"
    said = ResponseIncompleteEvent.model_validate_json(rest.removeprefix(b"data: "), strict=True)
    assert said.sequence_number == 2
    assert said.response.status == "incomplete"
    assert said.response.incomplete_details is not None
    assert said.response.incomplete_details.reason == "content_filter"
    assert json.loads(rest.removeprefix(b"data: "))["response"]["brand_new"] == {"a": 1}


def test_there_is_nothing_to_cut_before_the_response_has_begun() -> None:
    assert ResponseStream().cut() == b""


def test_an_error_of_ours_is_the_vendors_event_with_the_error_in_it() -> None:
    stream = ResponseStream()
    stream.feed(CREATED + DELTA)
    error = {"message": "m", "type": "server_error", "param": None, "code": "c"}
    kind, data, *_ = stream.error_event(json.dumps({"error": error}).encode()).split(b"\n")
    assert kind == b"event: error"
    said = json.loads(data.removeprefix(b"data: "))
    flat = {"type": "error", "code": "c", "message": "m", "param": None, "sequence_number": 2}
    assert said == {**flat, "error": error}
    assert openai.types.responses.ResponseErrorEvent.model_validate(said).code == "c"

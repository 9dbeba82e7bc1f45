"""A stream of Google's is complete with its end, once every candidate has one."""

import json
from typing import Any

import pytest

from gatebook.core.errors import Unavailable
from gatebook.formats import Usage
from gatebook.formats.content_stream import ContentStream


def event(*candidates: dict[str, Any], **more: Any) -> bytes:
    said: dict[str, Any] = {"candidates": list(candidates)} if candidates else {}
    return b"data: " + json.dumps({**said, **more}).encode() + b"\r\n\r\n"


WORD = event({"content": {"parts": [{"text": "a"}]}}, usageMetadata={"promptTokenCount": 5})
LAST = event({"finishReason": "STOP"}, usageMetadata={"candidatesTokenCount": 9})
AFTER = event(usageMetadata={"promptTokenCount": 5, "candidatesTokenCount": 10})


@pytest.mark.parametrize("cut", range(1, len(WORD + WORD + LAST), 7))
def test_a_stream_passes_byte_for_byte_and_its_end_waits(cut: int) -> None:
    whole, stream = WORD + WORD + LAST, ContentStream()
    assert stream.feed(whole[:cut]) + stream.feed(whole[cut:]) == WORD + WORD
    was_complete = stream.is_complete
    assert stream.close() == b""
    assert (was_complete, stream.is_complete) == (False, True)
    assert stream.end() == LAST
    assert (stream.usage, stream.chunks) == (Usage(5, 9), 3)


def test_what_follows_the_last_candidate_waits_with_it() -> None:
    stream = ContentStream()
    assert stream.feed(WORD + LAST + AFTER + b": ka\n\n") == WORD
    assert stream.close() == b""
    assert stream.end() == LAST + AFTER + b": ka\n\n"
    assert stream.usage == Usage(5, 10)


def test_what_the_model_wrote_is_counted_as_it_comes() -> None:
    stream = ContentStream()
    parts = [{"text": "abcd", "thought": True}, {"functionCall": {"name": "f"}}]
    stream.feed(event({"content": {"parts": parts}}, {"finishReason": "STOP"}) + WORD)
    assert stream.text_bytes == 4 + len('{"name": "f"}') + 1


def test_a_model_that_finishes_with_every_event_is_not_cut_short() -> None:
    stream = ContentStream()
    assert [stream.feed(LAST) for _ in range(3)] == [b"", LAST, LAST]
    stream.close()
    assert stream.end() == LAST


def test_a_stream_is_not_over_while_one_candidate_is_open() -> None:
    stream = ContentStream()
    first, second = event({"index": 0, "finishReason": "STOP"}), event({"index": 1})
    assert stream.feed(first) == b""
    assert stream.feed(second) == first + second
    assert stream.feed(first) == first
    assert stream.close() == b""
    assert not stream.is_complete


def test_a_last_event_without_its_line_end_counts() -> None:
    stream = ContentStream()
    stream.feed(WORD + LAST[:-4])
    assert stream.close() == b""
    assert stream.end() == LAST[:-4] + b"\n\n"


def test_a_prompt_that_is_refused_is_the_end() -> None:
    stream, blocked = ContentStream(), event(promptFeedback={"blockReason": "SAFETY"})
    assert stream.feed(blocked) == b""
    stream.close()
    assert (stream.is_complete, stream.end()) == (True, blocked)


@pytest.mark.parametrize("end", [b"", b"\n\n"])
def test_a_stream_that_just_stops_is_not_complete(end: bytes) -> None:
    stream = ContentStream()
    stream.feed(WORD + end)
    stream.close()
    assert not stream.is_complete


@pytest.mark.parametrize("error", [b'data: {"error":{}}\n\n', b'{\n"error": {\n}\n}\n\n'])
def test_an_error_in_the_stream_passes_and_is_noted(error: bytes) -> None:
    stream = ContentStream()
    assert stream.feed(LAST + error) == LAST + error
    stream.close()
    assert (stream.has_failed, stream.is_complete) == (True, False)


@pytest.mark.parametrize(
    "data", [b"data: {\n\n", b"data: [DONE]\n\n", b'data: {"candidates":1}\n\n']
)
def test_an_event_that_cannot_be_read_ends_the_stream(data: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        ContentStream().feed(data)


def test_an_endless_event_ends_the_stream() -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        ContentStream().feed(b"data: " + b"a" * 9_000_000)


def test_a_stream_that_is_cut_ends_as_a_filter_of_content_ends_it() -> None:
    stream = ContentStream()
    assert stream.cut() == b""
    stream.feed(event({"index": 0}, {"index": 1}, modelVersion="m", responseId="r"))
    stream.feed(event({"index": 0, "finishReason": "STOP"}, modelVersion="m", responseId="r"))
    assert json.loads(stream.cut().removeprefix(b"data: ")) == {
        "candidates": [{"index": 1, "finishReason": "SAFETY"}],
        "modelVersion": "m",
        "responseId": "r",
    }

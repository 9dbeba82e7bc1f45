"""Events that are like the last one are read as quickly as they can be, and no other way."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from gatebook.core.errors import Invalid
from gatebook.core.json_strings import rewritten
from gatebook.formats import Format
from gatebook.formats.chat import Chat
from gatebook.formats.content import Blind, Span
from gatebook.formats.converse import Converse
from gatebook.formats.events import Piece
from gatebook.formats.generate_content import GenerateContent
from gatebook.formats.messages import Messages
from gatebook.formats.responses import Responses

CHAT = Chat()
FORMATS: list[Format] = [
    CHAT,
    Messages(may_stream=True),
    Responses(may_answer=True),
    Converse(streams=True),
    GenerateContent(generates=True, streams=True),
]


def chunk(text: str, index: Any = 0, **others: Any) -> bytes:
    choice = {"index": index, "delta": {"content": text}, "finish_reason": None}
    return json.dumps({"id": "c1", "choices": [choice], **others}, ensure_ascii=False).encode()


def test_a_piece_of_a_text_has_a_lane_and_what_stands_alone_has_none() -> None:
    assert CHAT.reader().read(chunk("hi")).pieces == [
        Piece("", Span("c1", "other", 1)),
        Piece("0.text", Span("hi", "assistant", 6)),
    ]


def test_an_edited_piece_goes_back_where_it_stood() -> None:
    reader = CHAT.reader()
    for text in ("hi", "ho", 'a "b"'):
        event = chunk(text)
        (_, (lane, span)) = reader.read(event).pieces
        assert (lane, span.text) == ("0.text", text)
        assert rewritten(event, {(span.at, span.inner): "x"}) == chunk("x")


def test_what_is_no_json_says_nothing_and_what_is_broken_is_refused() -> None:
    reader = CHAT.reader()
    assert reader.read(b" [DONE]") == ([], [])
    reader.read(chunk("hi"))
    for broken in (b"{", chunk("hi")[:-1], chunk("hi") + b"}", b'{"choices":[],"choices":[]}'):
        with pytest.raises(Invalid):
            reader.read(broken)


@pytest.mark.parametrize(
    "held", [b'a"', b'a","refusal":"b', b"a\\", b"a\nb", b"\xff", b'a", "x": "b', b'\\"}']
)
def test_a_text_that_ends_early_is_not_taken_for_one(held: bytes) -> None:
    reader = CHAT.reader()
    reader.read(chunk("MARK"))
    event = chunk("MARK").replace(b"MARK", held)
    try:
        expected = CHAT.reader().read(event)
    except Invalid:
        with pytest.raises(Invalid):
            reader.read(event)
    else:
        assert reader.read(event) == expected


def test_texts_that_go_on_by_turns_keep_their_lanes() -> None:
    reader = CHAT.reader()
    lanes = [reader.read(chunk(f"word {n}", n % 3)).pieces[1].lane for n in range(12)]
    assert lanes == ["0.text", "1.text", "2.text"] * 4


def test_padding_that_changes_and_counts_that_go_on_are_read() -> None:
    reader = CHAT.reader()
    for number in range(5):
        event = chunk(f"w{number}", obfuscation="x" * (number + 1), sequence_number=number)
        assert [span.text for _, span in reader.read(event).pieces] == [
            "c1",
            f"w{number}",
            "x" * (number + 1),
        ]


def test_what_no_rule_knows_has_a_lane_by_its_place() -> None:
    event = {"type": "response.new.delta", "output_index": 2, "delta": "sec", "item_id": "i"}
    pieces = Responses(may_answer=True).reader().read(json.dumps(event).encode()).pieces
    assert [(lane, span.text) for lane, span in pieces] == [
        ("", "response.new.delta"),
        ("other.response.new.delta.2.delta", "sec"),
        ("", "i"),
    ]


def test_what_nobody_sees_of_an_event_is_told() -> None:
    delta = {"type": "signature_delta", "signature": "c2VhbGVk"}
    event = {"type": "content_block_delta", "index": 0, "delta": delta}
    found = Messages(may_stream=True).reader().read(json.dumps(event).encode())
    assert found == ([], [Blind("encrypted", "assistant", 7, 8)])


texts = st.text(max_size=8) | st.sampled_from(['"', "\\", '"}', "\n", "\u2028", "word"])
indexes = st.integers(0, 2)


def event_of(kind: int, text: str, index: int, padding: str, count: int) -> Any:
    """An event of one of the formats, or of none, with that text."""
    delta = {"type": "text_delta", "text": text}
    part = {"text": text, "thought": True} if index else {"text": text}
    candidate = {"index": index, "content": {"role": "model", "parts": [part]}}
    numbered = {"sequence_number": count, "output_index": index, "obfuscation": padding}
    call = {"index": index, "function": {"arguments": text}}
    return [
        {"id": "c", "choices": [{"index": index, "delta": {"content": text}}], "p": padding},
        {"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": [call]}}]},
        {"type": "content_block_delta", "index": index, "delta": delta},
        {"type": "response.output_text.delta", "delta": text, **numbered},
        {"type": "response.output_text.done", "text": text, **numbered},
        {"contentBlockIndex": index, "delta": {"text": text}, "p": padding},
        {"candidates": [candidate], "usageMetadata": {"totalTokenCount": count}},
        {"type": text, "delta": padding},
    ][kind]


events = st.builds(event_of, st.integers(0, 7), texts, indexes, texts, st.integers(0, 99))


@given(st.lists(events, min_size=2, max_size=12), st.booleans())
@pytest.mark.parametrize("spoken", FORMATS)
def test_a_stream_is_read_as_each_of_its_events_by_itself(
    spoken: Format, said: list[Any], ascii_only: bool
) -> None:
    reader = spoken.reader()
    for each in said:
        data = json.dumps(each, ensure_ascii=ascii_only).encode()
        assert reader.read(data) == spoken.reader().read(data)

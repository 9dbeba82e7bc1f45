"""Events end where the standard says, and an endless one is not gathered for ever."""

import pytest

from gatebook.core.errors import Invalid
from gatebook.core.event_stream import MAX_EVENT_BYTES, EventSplitter, data_of, with_data


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n"])
def test_an_empty_line_ends_an_event_whatever_the_line_end(end: bytes) -> None:
    text = b"data: a" + end + b"data: b" + end
    assert EventSplitter().feed(text + b"data: c") == [b"data: a" + end, b"data: b" + end]


def test_a_carriage_return_may_be_half_a_line_end() -> None:
    splitter = EventSplitter()
    assert splitter.feed(b"data: a\r\n\r") == []
    assert splitter.feed(b"\ndata: b") == [b"data: a\r\n\r\n"]


def test_an_event_that_does_not_end_is_refused_once_it_is_too_large() -> None:
    splitter = EventSplitter()
    splitter.feed(b"data: " + b"a" * (MAX_EVENT_BYTES - 6))
    with pytest.raises(Invalid) as caught:
        splitter.feed(b"a")
    assert caught.value.code == "event_too_large"


def test_a_comment_has_no_data() -> None:
    assert data_of(b": keep-alive\n\n") is None
    assert data_of(b"event: ping\n\n") is None


def test_data_lines_are_joined_and_one_space_is_left_out() -> None:
    assert data_of(b"event: x\ndata: a\ndata:  b\r\ndata\n\n") == b"a\n b\n"
    assert data_of(b"data: {}\n\n") == b"{}"


@pytest.mark.parametrize("data", [b"{}", b"", b"a\n b\n"])
def test_other_data_are_put_into_an_event_and_all_else_stays(data: bytes) -> None:
    changed = with_data(b"event: x\r\ndata: a\r\n: note\r\ndata: b\r\nid: 1\r\n\r\n", data)
    assert EventSplitter().feed(changed) == [changed]
    assert data_of(changed) == data
    assert changed.startswith(b"event: x\n: note\nid: 1\ndata: ")


def test_what_the_end_cuts_off_is_an_event_and_nothing_is_none() -> None:
    splitter = EventSplitter()
    splitter.feed(b"data: a\n\ndata: b")
    assert splitter.close() == [b"data: b\n\n"]
    assert splitter.close() == []
    splitter.feed(b"\n")
    assert splitter.close() == []


def test_an_event_may_be_as_large_as_its_reader_says() -> None:
    with pytest.raises(Invalid):
        EventSplitter(10).feed(b"data: 12345")
    assert EventSplitter(11).feed(b"data: 12345") == []

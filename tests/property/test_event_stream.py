"""However the network cuts a stream, the same events come out of it, byte for byte."""

from itertools import pairwise

import msgspec
from hypothesis import given, strategies as st

from gatebook.core.event_stream import EventSplitter, data_of
from gatebook.formats.chat_stream import ChatStream

ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
lines = st.binary(max_size=12).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b""))
line_texts = st.builds(
    lambda field, text: field + text,
    st.sampled_from([b"data:", b"data: ", b": ", b"event: ", b"id:", b""]),
    lines,
).filter(bool)


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """One event: lines and the empty line, all with one kind of line end."""
    end = draw(ends)  # mixed ones would run together: CR and LF are one line end
    return b"".join([line + end for line in draw(st.lists(line_texts, min_size=1))]) + end


@st.composite
def cuts(draw: st.DrawFn, text: bytes) -> list[bytes]:
    """The text in pieces."""
    at = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    bounds = [0, *at, len(text)]
    return [text[a:b] for a, b in pairwise(bounds)]


def split(pieces: list[bytes]) -> list[bytes]:
    splitter = EventSplitter()
    return [event for piece in pieces for event in splitter.feed(piece)]


@given(st.data())
def test_random_cuts_give_the_same_events(data: st.DataObject) -> None:
    text = b"".join(data.draw(st.lists(events(), max_size=6))) + b"data: unfinished"
    assert split(data.draw(cuts(text))) == split([text])


@given(st.data())
def test_no_byte_is_lost_or_made_up(data: st.DataObject) -> None:
    whole = data.draw(st.lists(events(), max_size=6))
    text = b"".join(whole)
    assert b"".join(split([*data.draw(cuts(text)), b"x"])) == text


@given(text=st.binary(max_size=60), data=st.data())
def test_random_bytes_cut_anywhere_give_the_same_events(text: bytes, data: st.DataObject) -> None:
    assert split([*data.draw(cuts(text)), b"x"]) == split([text + b"x"])


@given(values=st.lists(st.binary(max_size=8), min_size=1, max_size=4), end=ends)
def test_the_data_of_an_event_is_that_of_all_its_data_lines(
    values: list[bytes], end: bytes
) -> None:
    values = [value.replace(b"\r", b"").replace(b"\n", b"") for value in values]
    event = b"".join([b"data: " + value + end for value in values]) + end
    assert data_of(event) == b"\n".join(values)


chunks = st.builds(
    lambda texts, usage: (
        {"id": "c", "choices": [{"delta": {"content": t}} for t in texts]} | ({"usage": usage})
    ),
    st.lists(st.text(max_size=6), min_size=1, max_size=2),
    st.none(),
)


@given(texts=st.lists(chunks, max_size=6), hides=st.booleans(), data=st.data())
def test_cuts_change_nothing_of_what_an_agent_gets(
    texts: list[object], hides: bool, data: st.DataObject
) -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": len(texts)}}
    frames = [b"data: " + msgspec.json.encode(chunk) + b"\n\n" for chunk in texts]
    last = b"data: " + msgspec.json.encode(usage) + b"\n\n"
    done = b"data: [DONE]\n\n"
    text = b"".join([*frames, last, done])
    stream = ChatStream(hides_usage=hides)
    given_on = b"".join([stream.feed(piece) for piece in data.draw(cuts(text))])
    assert given_on == b"".join(frames if hides else [*frames, last])
    assert stream.is_complete
    assert stream.end() == done
    assert stream.usage.tokens_out == len(texts)
    assert stream.chunks == len(texts) + 1

"""Nothing that a body says passes unseen, and nothing but what is rewritten changes."""

import json
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from gatebook.app.folders import dialects
from gatebook.core import json_strings
from gatebook.core.amazon_events import MessageSplitter
from gatebook.core.event_stream import data_of
from gatebook.formats import Format
from gatebook.formats.closed import Closed
from gatebook.formats.content import Blind, Span
from gatebook.formats.names import NAMES, WORD_MEMBERS, WORDS
from tests.exchanges import VENDORS, recorded
from tests.property.test_json_text import styles, written

FORMATS: dict[str, Format] = {
    f"{operation.dialect} {operation.name}": operation.format
    for dialect in dialects().values()
    for operation in dialect.OPERATIONS
    if not isinstance(operation.format, Closed)
}
CANARY = "canary-7f3a secret"

known = st.sampled_from(
    [
        *("messages", "content", "text", "type", "role", "tools", "input", "arguments", "source"),
        *("contents", "parts", "data", "system", "instructions", "function", "tool_calls", "delta"),
        *("choices", "message", "output", "candidates", "response", "item", "part", "toolUse"),
        *("inlineData", "image_url", "url", "bytes", "signature", "thinking", "prompt", "logprobs"),
    ]
)
texts = st.text(max_size=12) | st.sampled_from(
    [
        *("user", "assistant", "text", "tool_result", "tool_use", "image", "reasoning", "document"),
        *('{"a": "b"}', "[1]", '{"a":1,"a":"x"}', "data:text/plain;base64,aGkgdGhlcmU="),
        *("https://example.com/a", "aGkgdGhlcmU=", "iVBORw0KGgo=", "function_call"),
    ]
)
names = known | st.text(max_size=6)
bodies = st.recursive(
    texts
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False, width=16),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=25,
)


def strings_of(value: Any, around: str = "") -> Iterator[tuple[str, str | None]]:
    """Each string in the order of the text, and the name that it is the value of, if it is one."""
    if isinstance(value, str):
        yield value, around
    for name, held in value.items() if isinstance(value, dict) else ():
        yield name, None
        yield from strings_of(held, name)
    for held in value if isinstance(value, list) else ():
        yield from strings_of(held)


def readings(spoken: Format, body: bytes) -> Iterator[tuple[list[Span], list[Blind]]]:
    """What a format says of a body that it takes for a request, for a reply and for an event."""
    yield spoken.said(body)
    yield spoken.answered(body)
    found = spoken.reader().read(body)
    yield [piece.span for piece in found.pieces], found.blind


@given(body=bodies.filter(lambda body: body not in ("", "[DONE]")), style=styles)
@pytest.mark.parametrize("spoken", {type(each): each for each in FORMATS.values()}.values())
def test_every_string_is_seen_or_told_or_a_word_of_the_vendors(
    spoken: Format, body: Any, style: Any
) -> None:
    text = written(body, style)
    for spans, blind in readings(spoken, text):
        seen = {span.at for span in spans} | {part.at for part in blind if part.kind != "tokens"}
        for at, (string, name) in enumerate(strings_of(body)):
            is_word = string in NAMES if name is None else name in WORD_MEMBERS and string in WORDS
            assert at in seen or not string or is_word


@given(body=bodies, style=styles)
def test_a_span_that_is_not_fixed_is_the_string_with_its_number(body: Any, style: Any) -> None:
    text = written(body, style)
    strings = [string for string, _ in strings_of(body)]
    for spans, _ in readings(FORMATS["openai chat.completions"], text):
        for span in spans:
            if span.inner == json_strings.WHOLE and not span.is_fixed:
                assert strings[span.at] == span.text
            elif not span.is_fixed:
                inner = [string for string, _ in strings_of(json.loads(strings[span.at]))]
                assert inner[span.inner] == span.text


@given(body=bodies, style=styles, new=st.text(max_size=20), data=st.data())
def test_rewriting_changes_the_one_string_and_no_other_byte(
    body: Any, style: Any, new: str, data: st.DataObject
) -> None:
    text = written(body, style)
    assert json_strings.rewritten(text, {}) == text
    strings = list(strings_of(body))
    if not strings:
        return
    at = data.draw(st.integers(0, len(strings) - 1))
    changed = json_strings.rewritten(text, {(at, json_strings.WHOLE): new})
    pairs: list[Any] = json.loads(changed, object_pairs_hook=lambda pairs: {"pairs": pairs})
    before: Any = json.loads(text, object_pairs_hook=lambda pairs: {"pairs": pairs})
    expected = [string for string, _ in strings]
    expected[at] = new
    assert [*paired(pairs)] == expected
    assert [*paired(before)] == [string for string, _ in strings]
    token = written(strings[at][0], style)
    before_it, after_it = prefix(text, changed), prefix(text[::-1], changed[::-1])
    assert before_it + after_it + len(token) >= len(text)


def paired(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from paired(each)
    elif isinstance(value, dict):
        for name, held in value["pairs"]:
            yield name
            yield from paired(held)


def prefix(one: bytes, other: bytes) -> int:
    """How many bytes two texts begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


# -- a canary in every string of every recorded exchange -------------------------------------------


Case = tuple[str, Format, bytes]


def cases() -> Iterator[tuple[str, Format, dict[str, Any]]]:
    for vendor in VENDORS:
        for name, case in recorded(vendor):
            operation = case["expected"]["operation"]
            yield f"{vendor} {name}", FORMATS[f"{vendor} {operation}"], case


def requests() -> Iterator[Case]:
    for name, spoken, case in cases():
        if body := case["request"]["body"]:
            yield name, spoken, body.encode()


def replies() -> Iterator[Case]:
    for name, spoken, case in cases():
        if "body" in case["reply"]:
            yield name, spoken, case["reply"]["body"].encode()


def streams() -> Iterator[tuple[str, Format, list[bytes]]]:
    for name, spoken, case in cases():
        found = [data_of(event.encode()) for event in case["reply"].get("events", ())]
        for message in case["reply"].get("messages_base64", ()):
            found += [each.payload for each in MessageSplitter().feed(b64decode(message))]
        if found:
            yield name, spoken, [data for data in found if data and data != b"[DONE]"]


def events() -> Iterator[Case]:
    for name, spoken, found in streams():
        for number, data in enumerate(found):
            yield f"{name} {number}", spoken, data


def each_of(found: Iterator[tuple[str, Format, Any]]) -> list[Any]:
    return [pytest.param(spoken, body, id=name) for name, spoken, body in found]


def canaries(body: bytes) -> Iterator[bytes]:
    """The body, each time with another of its strings replaced by a canary."""
    for at in range(json_strings.count(body)):
        yield json_strings.rewritten(body, {(at, json_strings.WHOLE): CANARY})


def shows(spans: list[Span], blind: list[Blind], at: int) -> bool:
    return any(span.text == CANARY for span in spans) or any(part.at == at for part in blind)


@pytest.mark.parametrize(("spoken", "body"), each_of(requests()))
def test_a_canary_in_any_string_of_a_request_is_seen_or_told(spoken: Format, body: bytes) -> None:
    for at, changed in enumerate(canaries(body)):
        assert shows(*spoken.said(changed), at), changed


@pytest.mark.parametrize(("spoken", "body"), each_of(replies()))
def test_a_canary_in_any_string_of_a_reply_is_seen_or_told(spoken: Format, body: bytes) -> None:
    for at, changed in enumerate(canaries(body)):
        assert shows(*spoken.answered(changed), at), changed


@pytest.mark.parametrize(("spoken", "data"), each_of(events()))
def test_a_canary_in_any_string_of_an_event_is_seen_or_told(spoken: Format, data: bytes) -> None:
    reader = spoken.reader()
    for at, changed in enumerate(canaries(data)):
        found = reader.read(changed)
        assert shows([piece.span for piece in found.pieces], found.blind, at), changed


@pytest.mark.parametrize(("spoken", "found"), each_of(streams()))
def test_the_pieces_of_a_lane_are_the_text_that_the_model_wrote(
    spoken: Format, found: list[bytes]
) -> None:
    reader = spoken.reader()
    texts: dict[str, str] = defaultdict(str)
    for data in found:
        for lane, span in reader.read(data).pieces:
            texts[lane] += span.text
    told = {text for lane, text in texts.items() if lane and not lane.startswith("other")}
    assert told <= {"Words made up.", "Words will do.", "{}"}
    assert told or b"response.failed" in found[-1]

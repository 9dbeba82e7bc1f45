"""Whatever is sent to Google's or Amazon's formats: it is read in one way, or refused."""

import json
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from gatebook.app.folders import dialects
from gatebook.app.simulated import (
    bedrock as simulated_bedrock,
    gemini as simulated_gemini,
)
from gatebook.core.amazon_events import encode
from gatebook.core.errors import Invalid, Unavailable
from gatebook.formats import Call, Operation, Terms
from gatebook.formats.closed import Closed
from gatebook.providers.bedrock import CONVERSE, CONVERSE_STREAM
from gatebook.providers.gemini import OPERATIONS

SERVED = [
    operation
    for name in ("bedrock", "gemini")
    for operation in dialects()[name].OPERATIONS
    if operation.has_body and not isinstance(operation.format, Closed)
]
GENERATE, STREAM = (
    next(each for each in OPERATIONS if each.name == name)
    for name in ("generateContent", "streamGenerateContent")
)
FEW = settings(max_examples=30)
"""For each of several formats, which have much in common."""
TERMS = Terms(max_tokens=50, is_stateless=True)
NAMES = [
    *("model", "contents", "content", "parts", "text", "requests", "generateContentRequest"),
    *("systemInstruction", "system_instruction", "tools", "functionDeclarations", "googleSearch"),
    *("mcpServers", "streamableHttpTransport", "url", "generationConfig", "generation_config"),
    *("maxOutputTokens", "max_output_tokens", "candidateCount", "cachedContent", "fileData"),
    *("messages", "role", "system", "inferenceConfig", "maxTokens", "toolConfig", "toolSpec"),
    *("systemTool", "name", "source", "image", "s3Location", "additionalModelRequestFields"),
    *("promptVariables", "toolResult", "functionResponse", "Text", "x"),
]
WORDS = ["models/gemini-a", "gemini-a", "https://a.example/", "hi", ""]
scalars = st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.sampled_from(WORDS)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=25,
)
bodies = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)


def read(operation: Operation, body: bytes) -> Call:
    query = "alt=sse" if "alt" in operation.query else ""
    call = Call(operation=operation, path="/p", query=query, model="gemini-a", body=body)
    return operation.format.read(call)


@pytest.mark.parametrize("operation", SERVED, ids=lambda each: each.path)
@FEW
@given(body=bodies)
def test_a_body_is_read_or_refused_and_fits_its_terms(
    operation: Operation, body: dict[str, Any]
) -> None:
    try:
        call = read(operation, json.dumps(body).encode())
    except Invalid:
        return
    fitted = operation.format.fitted(call, TERMS)
    again = read(operation, fitted.body)
    assert (again.max_tokens, again.hosted_tools) == (fitted.max_tokens, call.hosted_tools)
    assert (again.state, again.choices, again.is_text) == (call.state, call.choices, call.is_text)
    if call.max_tokens is not None:
        assert fitted is call
    elif operation.meter == "tokens":
        assert fitted.max_tokens == 50
    sent = json.loads(fitted.body)
    changed = {name for name in sent if name not in body or sent[name] != body[name]}
    changed -= {name for name in changed if body.get(name) != body.get(name)}  # not a number
    assert changed <= {"generationConfig", "generation_config", "inferenceConfig"}
    assert not call.is_text or not any(each.startswith("fetch:") for each in call.hosted_tools)


@pytest.mark.parametrize("operation", SERVED, ids=lambda each: each.path)
@FEW
@given(body=st.binary(max_size=100) | values.map(lambda value: json.dumps(value).encode()))
def test_bytes_of_any_kind_are_read_or_refused(operation: Operation, body: bytes) -> None:
    with suppress(Invalid):
        read(operation, body)
    with suppress(Unavailable):
        operation.format.usage(body)


def spelled(word: str, which: list[bool]) -> str:
    """A word in which some letters are written as escapes."""
    letters = [
        f"\\u{ord(letter):04x}" if escaped else letter
        for letter, escaped in zip(word, which, strict=False)
    ]
    return "".join(letters) + word[len(letters) :]


@pytest.mark.parametrize(
    ("operation", "body", "kind", "name"),
    [
        (GENERATE, '{"tools":[%s]}', "googleSearch", "googleSearch"),
        (GENERATE, '{"tools":%s}', "google_search", "googleSearch"),
        (CONVERSE, '{"toolConfig":{"tools":[%s]}}', "newTool", "newTool"),
    ],
)
@FEW
@given(
    which=st.lists(st.booleans(), max_size=10),
    before=st.sampled_from(["", " ", "\n\t"]),
    own=st.booleans(),
)
def test_a_tool_that_the_vendor_runs_is_seen_however_it_is_written(
    operation: Operation, body: str, kind: str, name: str, which: list[bool], before: str, own: bool
) -> None:
    other = "functionDeclarations" if operation is GENERATE else "toolSpec"
    member = f'"{spelled(kind, which)}"{before}:{before}{{}}'
    tool = "{" + ",".join([f'"{other}":[]', member] if own else [member]) + "}"
    assert read(operation, (body % tool).encode()).hosted_tools == (name,)


GEMINI = simulated_gemini.events(
    simulated_gemini.Request(contents=[], generation_config={"candidateCount": 2}),
    simulated_gemini.Asked("m", "streamGenerateContent"),
    "some words that go on",
)
BEDROCK = simulated_bedrock.events(
    simulated_bedrock.Request(messages=[]), "m", "some words that go on"
)
WHOLE = {"gemini": (STREAM, b"".join(GEMINI)), "bedrock": (CONVERSE_STREAM, b"".join(BEDROCK))}


@pytest.mark.parametrize("name", WHOLE)
@FEW
@given(data=st.data())
def test_where_a_stream_is_cut_on_its_way_changes_nothing(name: str, data: st.DataObject) -> None:
    operation, text = WHOLE[name]
    call = Call(operation=operation, path=operation.path)
    at_once = operation.format.stream(call)
    expected = at_once.feed(text) + at_once.close(), at_once.end(), at_once.usage, at_once.chunks
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    bounds = [0, *cuts, len(text)]
    stream = operation.format.stream(call)
    pieces = [text[a:b] for a, b in zip(bounds, islice(bounds, 1, None), strict=False)]
    given_ = b"".join([stream.feed(piece) for piece in pieces]) + stream.close()
    assert (given_, stream.end(), stream.usage, stream.chunks) == expected
    assert given_ + stream.end() == text
    assert stream.is_complete


@FEW
@given(
    events=st.lists(
        st.binary(max_size=20) | values.map(lambda value: json.dumps(value).encode()), max_size=5
    )
)
def test_events_of_any_kind_pass_or_break_googles_stream(events: list[bytes]) -> None:
    stream = STREAM.format.stream(Call(operation=STREAM, path="/p"))
    with suppress(Unavailable):
        for event in events:
            stream.feed(b"data: " + event + b"\n\n")
        stream.close()
    stream.cut()
    stream.error_event(b'{"error":{"message":"m"}}')


@FEW
@given(
    messages=st.lists(
        st.tuples(
            st.sampled_from(["messageStart", "contentBlockDelta", "messageStop", "metadata", "x"]),
            st.binary(max_size=20) | bodies.map(lambda value: json.dumps(value).encode()),
        ),
        max_size=5,
    ),
    rest=st.binary(max_size=40),
)
def test_messages_of_any_kind_pass_or_break_amazons_stream(
    messages: list[tuple[str, bytes]], rest: bytes
) -> None:
    stream = CONVERSE_STREAM.format.stream(Call(operation=CONVERSE_STREAM, path="/p"))
    with suppress(Unavailable):
        for kind, payload in messages:
            stream.feed(encode({":message-type": "event", ":event-type": kind}, payload))
        stream.feed(rest)
        stream.close()
    stream.cut()
    stream.error_event(b'{"__type":"x","message":"m"}')

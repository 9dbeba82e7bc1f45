"""Whatever an agent or a provider sends: it is read in one way, or refused, and nothing crashes."""

import json
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from gatebook.app.folders import dialects
from gatebook.app.simulated import (
    anthropic as simulated_anthropic,
    chat as simulated_chat,
    responses as simulated_responses,
)
from gatebook.app.simulated.openai import Maker
from gatebook.core.errors import Invalid, Unavailable
from gatebook.core.ids import system_entropy
from gatebook.formats import Call, Operation, Terms
from gatebook.formats.closed import Closed
from gatebook.providers.anthropic import MESSAGES
from gatebook.providers.openai import CHAT, COMPLETIONS, RESPONSES
from tests.simulators.clock import SetClock

SERVED = [
    operation
    for name in ("anthropic", "openai")
    for operation in dialects()[name].OPERATIONS
    if operation.has_body and not isinstance(operation.format, Closed)
]
MAKER = Maker(SetClock(), system_entropy, "some words that go on", b"")
FEW = settings(max_examples=30)
"""For each of several formats, which have much in common."""
TERMS = Terms(max_tokens=50, is_stateless=True)

# Names that formats look for, and some that they do not.
NAMES = [
    "model",
    "models",
    "messages",
    "input",
    "prompt",
    "stream",
    "stream_options",
    "max_tokens",
    "max_output_tokens",
    "n",
    "store",
    "tools",
    "tool",
    "definition",
    "mcp_servers",
    "container",
    "skills",
    "thread",
    "fallbacks",
    "conversation",
    "content",
    "output",
    "source",
    "type",
    "role",
    "url",
    "server_url",
    "image_url",
    "file",
    "environment",
    "Type",
    "x",
]
WORDS = [
    "function",
    "custom",
    "mcp",
    "web_search",
    "namespace",
    "text",
    "image",
    "image_url",
    "document",
    "tool_result",
    "tool_addition",
    "tool_definition",
    "additional_tools",
    "message",
    "reasoning",
    "input_image",
    "https://a.example/",
    "data:,",
    "gpt-4o",
]
scalars = st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.sampled_from(WORDS)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=25,
)
bodies = st.dictionaries(st.sampled_from(NAMES), values, max_size=6).map(
    lambda body: {"model": "gpt-4o", **body}
)
styles = st.tuples(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: ")]), st.booleans())


def written(value: Any, style: Any) -> bytes:
    separators, ascii_only = style
    return json.dumps(value, separators=separators, ensure_ascii=ascii_only).encode()


def read(operation: Operation, body: bytes) -> Call:
    return operation.format.read(Call(operation=operation, path=operation.path, body=body))


@pytest.mark.parametrize("operation", SERVED, ids=lambda each: f"{each.dialect} {each.name}")
@FEW
@given(body=bodies, style=styles)
def test_a_body_is_read_or_refused_and_fits_its_terms(
    operation: Operation, body: dict[str, Any], style: Any
) -> None:
    try:
        call = read(operation, written(body, style))
    except Invalid:
        return
    fitted = operation.format.fitted(call, TERMS)
    again = read(operation, fitted.body)
    assert (again.max_tokens, again.state) == (fitted.max_tokens, fitted.state)
    assert (again.hosted_tools, again.choices) == (call.hosted_tools, call.choices)
    assert fitted.state != "default"
    if call.max_tokens is not None:
        assert fitted.max_tokens == call.max_tokens
    elif operation.format.stream_type:
        assert fitted.max_tokens == 50
    sent, kept = json.loads(fitted.body), json.loads(call.body)
    changed = {name for name in sent if name not in kept or sent[name] != kept[name]}
    limits = {"max_tokens", "max_completion_tokens", "max_output_tokens"}
    assert changed <= limits | {"store", "stream_options"}


@pytest.mark.parametrize("operation", SERVED, ids=lambda each: f"{each.dialect} {each.name}")
@FEW
@given(body=st.binary(max_size=100) | values.map(lambda value: json.dumps(value).encode()))
def test_bytes_of_any_kind_are_read_or_refused(operation: Operation, body: bytes) -> None:
    with suppress(Invalid):
        read(operation, body)
    with suppress(Unavailable):
        operation.format.usage(body)


def _spelled(word: str, which: list[bool]) -> str:
    """A word in which some letters are written as escapes."""
    letters = [
        f"\\u{ord(letter):04x}" if escaped else letter
        for letter, escaped in zip(word, which, strict=False)
    ]
    return "".join(letters) + word[len(letters) :]


ADDITION = (
    '{"model":"m","messages":[{"role":"system","content":[{"type":"tool_addition",'
    '"tool":{"type":"tool_definition","definition":%s}}]}]}'
)
TOOL = {
    "chat": (CHAT, '{"model":"m","messages":[],"tools":[%s]}'),
    "tools": (RESPONSES, '{"model":"m","input":"x","tools":[%s]}'),
    "input": (RESPONSES, '{"model":"m","input":[{"type":"additional_tools","tools":[%s]}]}'),
    "namespace": (RESPONSES, '{"model":"m","tools":[{"type":"namespace","tools":[%s]}]}'),
    "messages": (MESSAGES, '{"model":"m","messages":[],"tools":[%s]}'),
    "addition": (MESSAGES, ADDITION),
}


@pytest.mark.parametrize("place", TOOL)
@FEW
@given(
    which=st.lists(st.booleans(), max_size=10),
    name=st.lists(st.booleans(), max_size=4),
    before=st.sampled_from(["", " ", "\n\t"]),
    others=st.lists(st.sampled_from(['"a":1', '"b":{"type":"function"}', '"c":[{}]']), unique=True),
)
def test_a_tool_that_the_vendor_runs_is_seen_however_it_is_written(
    place: str, which: list[bool], name: list[bool], before: str, others: list[str]
) -> None:
    operation, body = TOOL[place]
    member = f'"{_spelled("type", name)}"{before}:{before}"{_spelled("web_search", which)}"'
    for members in ([member, *others], [*others, member]):
        tool = "{" + ",".join(members) + "}"
        assert read(operation, (body % tool).encode()).hosted_tools == ("web_search",)


STREAMS = {
    "chat": (CHAT, simulated_chat.events(simulated_chat.Request(model="m"), MAKER)),
    "text": (COMPLETIONS, simulated_chat.text_events(simulated_chat.Request(model="m"), MAKER)),
    "responses": (
        RESPONSES,
        simulated_responses.events(simulated_responses.Request(model="m"), MAKER),
    ),
    "messages": (
        MESSAGES,
        simulated_anthropic.events(
            simulated_anthropic.Request(model="m", messages=[]), "msg_1", MAKER.text
        ),
    ),
}
WHOLE = {name: (operation, b"".join(events)) for name, (operation, events) in STREAMS.items()}


@pytest.mark.parametrize("name", STREAMS)
@FEW
@given(data=st.data())
def test_where_a_stream_is_cut_on_its_way_changes_nothing(name: str, data: st.DataObject) -> None:
    operation, text = WHOLE[name]
    call = Call(operation=operation, path=operation.path)
    at_once = operation.format.stream(call)
    expected = at_once.feed(text), at_once.end(), at_once.usage, at_once.chunks
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    bounds = [0, *cuts, len(text)]
    stream = operation.format.stream(call)
    pieces = [text[a:b] for a, b in zip(bounds, islice(bounds, 1, None), strict=False)]
    given_ = b"".join([stream.feed(piece) for piece in pieces])
    assert (given_, stream.end(), stream.usage, stream.chunks) == expected
    assert given_ + stream.end() == text


@pytest.mark.parametrize("name", STREAMS)
@FEW
@given(
    events=st.lists(
        st.binary(max_size=20) | values.map(lambda value: json.dumps(value).encode()), max_size=5
    )
)
def test_events_of_any_kind_pass_or_break_the_stream(name: str, events: list[bytes]) -> None:
    operation, _ = WHOLE[name]
    stream = operation.format.stream(Call(operation=operation, path=operation.path))
    with suppress(Unavailable):
        for event in events:
            stream.feed(b"data: " + event + b"\n\n")
    stream.cut()
    stream.error_event(b'{"error":{"message":"m","code":"c"}}')

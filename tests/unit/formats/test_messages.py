"""Anthropic's messages: only what is acted on is read, and what cannot be read is refused."""

import json
from typing import Any

import pytest

from gatebook.core.errors import Invalid, Unavailable
from gatebook.formats import Call, Operation, Terms, Usage
from gatebook.formats.messages import MessageStream
from gatebook.providers.anthropic import COUNT, MESSAGES

START = (
    b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":5,'
    b'"cache_read_input_tokens":7,"output_tokens":1}}}\n\n'
)
SIGNED = (
    b'event: content_block_delta\ndata: { "type":"content_block_delta", "delta" : {"type":'
    b'"signature_delta","signature":"c2ln"} }\n\n'
)
DELTA = b'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":9}}\n\n'
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def read(operation: Operation, body: bytes) -> Call:
    return operation.format.read(Call(operation=operation, path=operation.path, body=body))


def source(**of: Any) -> dict[str, Any]:
    return {"type": "document", "source": of}


def messages(**fields: Any) -> Call:
    body = {"model": "claude-opus-5-5", "max_tokens": 1, "messages": [], **fields}
    return read(MESSAGES, json.dumps(body).encode())


def test_the_body_passes_byte_for_byte() -> None:
    body = b'{ "model":"claude-opus-5-5", "new_field" : {"a": 1.50e3}, "stream": true }'
    call = read(MESSAGES, body)
    assert (call.body, call.model, call.streamed) == (body, "claude-opus-5-5", True)


def test_only_messages_stream() -> None:
    assert messages(stream=True).streamed
    assert not messages(stream=None).streamed
    assert not read(COUNT, b'{"model":"m","stream":true}').streamed


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_missing"),
        (b"[]", "invalid_value"),
        (b"{}", "invalid_model"),
        (b'{"model":1}', "invalid_value"),
        (b'{"model":"a b"}', "invalid_model"),
        (b'{"model":"m","stream":"yes"}', "invalid_value"),
        (b'{"model":"m","model":"n"}', "json_duplicate_member"),
        (b'{"model":"m","stream":true,"stream":false}', "json_duplicate_member"),
        (b'{"model":"m","MODEL":"n"}', "json_member_case"),
        (b'{"model":"m","x":"\xff"}', "json_utf8"),
        (b'{"model":"m","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "json_too_deep"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(MESSAGES, body)
    assert caught.value.code == code


def code_of(body: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        read(MESSAGES, body)
    return caught.value.code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"max_tokens": -1}, "invalid_value"),
        ({"max_tokens": "9"}, "invalid_value"),
        ({"messages": {}}, "invalid_value"),
        ({"messages": [{"content": 3}]}, "invalid_value"),
        ({"max_tokens": 0}, "invalid_value"),
        ({"messages": [{"content": [{"type": "image"}]}]}, "unknown_kind"),
        ({"messages": [{"content": [{"type": "brand_new", "file_id": "f"}]}]}, "unknown_kind"),
        ({"system": [{"type": "brand_new"}]}, "unknown_kind"),
        ({"messages": [{"content": [{"type": "tool_addition"}]}]}, "invalid_tool"),
        ({"messages": [{"content": [source(type="brand_new")]}]}, "unknown_kind"),
        ({"messages": [{"content": [source(type="url", url="http:\\\\a")]}]}, "invalid_url"),
        ({"system": 3}, "invalid_value"),
        ({"tools": ["web_search"]}, "invalid_value"),
        ({"tools": [{"type": 3, "name": "x"}]}, "invalid_value"),
        ({"tools": [{"type": "a b"}]}, "invalid_tool"),
        ({"tools": [{"type": "x" * 200}]}, "invalid_tool"),
        ({"tools": [{"type": "advisor_20260301"}]}, "invalid_tool"),
        ({"mcp_servers": [{"name": "x"}]}, "invalid_url"),
        ({"mcp_servers": [{"url": "https://good.example\\@bad.example"}]}, "invalid_url"),
        ({"fallbacks": [{"model": "a", "max_tokens": -1}]}, "invalid_value"),
        ({"fallbacks": {}}, "invalid_value"),
        ({"container": {"skills": [{"skill_id": ""}]}}, "invalid_tool"),
        ({"container": 3}, "invalid_value"),
    ],
)
def test_what_is_decided_on_has_a_shape_that_is_known(fields: dict[str, Any], code: str) -> None:
    assert code_of(json.dumps({"model": "m", **fields}).encode()) == code


IMAGE = b'"messages":[{"content":[{"type":"image","source":%b}]}]'


@pytest.mark.parametrize(
    ("member", "code"),
    [
        (b'"max_tokens":1,"Max_Tokens":2', "json_member_case"),
        (
            b'"tools":[{"type":"bash_20250124","type":"web_search_20250305"}]',
            "json_duplicate_member",
        ),
        (b'"tools":[{"Type":"web_search_20250305"}]', "json_member_case"),
        (b'"mcp_servers":[{"url":"https://a.example","url":"https://b"}]', "json_duplicate_member"),
        (b'"mcp_servers":[{"url":"https://a.example","URL":"https://b"}]', "json_member_case"),
        (b'"messages":[{"content":"a","content":[]}]', "json_duplicate_member"),
        (b'"messages":[{"content":[{"type":"text","type":"image"}]}]', "json_duplicate_member"),
        (IMAGE % b'{"type":"base64","type":"url"}', "json_duplicate_member"),
        (IMAGE % b'{"type":"base64","TYPE":"url"}', "json_member_case"),
        (b'"container":{"id":null,"id":"c"}', "json_duplicate_member"),
        (b'"fallbacks":[{"model":"a","model":"b"}]', "json_duplicate_member"),
    ],
)
def test_what_decides_within_the_body_is_read_in_one_way_too(member: bytes, code: str) -> None:
    assert code_of(b'{"model":"m",%b}' % member) == code


@pytest.mark.parametrize(
    ("fields", "hosted"),
    [
        ({"tools": None, "mcp_servers": None, "container": None, "fallbacks": None}, ()),
        ({"tools": [{"name": "f", "input_schema": {"Type": 1, "type": "object"}}]}, ()),
        ({"tools": [{"type": "custom", "name": "f"}, {"type": None, "name": "g"}]}, ()),
        ({"tools": [{"type": "bash_20250124"}, {"type": "text_editor_20250728"}]}, ()),
        ({"tools": [{"type": "computer_20251124"}, {"type": "memory_20250818"}]}, ()),
        ({"tools": [{"type": "computer_toolset_20260801"}]}, ()),
        ({"tools": [{"type": "web_search_20250305"}]}, ("web_search",)),
        ({"tools": [{"type": "web_fetch_20260318"}]}, ("web_fetch",)),
        ({"tools": [{"type": "code_execution_20260521"}]}, ("code_execution",)),
        ({"tools": [{"type": "bash_code_execution_20260521"}]}, ("bash_code_execution",)),
        ({"tools": [{"type": "tool_search_tool_regex"}]}, ("tool_search",)),
        ({"tools": [{"type": "tool_search_tool_bm25_20251119"}]}, ("tool_search",)),
        ({"tools": [{"type": "advisor_20260301", "model": "m2"}]}, ("advisor:m2",)),
        ({"tools": [{"type": "brand_new"}]}, ("brand_new",)),
        ({"mcp_servers": [{"name": "x", "url": "https://a.Example/sse"}]}, ("mcp:a.example",)),
        (
            {
                "mcp_servers": [{"name": "x", "url": "https://a.example"}],
                "tools": [{"type": "mcp_toolset", "mcp_server_name": "x"}],
            },
            ("mcp:a.example",),
        ),
        ({"tools": [{"type": "mcp_toolset", "mcp_server_name": "x"}]}, ("mcp:x",)),
        ({"container": "c_1"}, ("container",)),
        (
            {"container": {"skills": [{"type": "anthropic", "skill_id": "pptx"}]}},
            ("container", "skill:pptx"),
        ),
        ({"fallbacks": "default"}, ("fallback:default",)),
        ({"skills": [{"id": "x"}], "vault_ids": ["v"]}, ("member:skills", "member:vault_ids")),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, ()),
        ({"fallbacks": [{"model": "m2"}, {"model": "m3"}]}, ("fallback:m2", "fallback:m3")),
    ],
)
def test_tools_that_the_vendor_runs_are_named(
    fields: dict[str, Any], hosted: tuple[str, ...]
) -> None:
    assert messages(**fields).hosted_tools == hosted


@pytest.mark.parametrize(
    ("tool", "hosted"),
    [
        ({"type": "tool_reference", "name": "f"}, ()),
        ({"type": "tool_definition", "definition": {"name": "f"}}, ()),
        (
            {"type": "tool_definition", "definition": {"type": "web_search_20250305"}},
            ("web_search",),
        ),
        ({"type": "brand_new"}, ("brand_new",)),
    ],
)
def test_a_tool_that_is_offered_within_the_conversation_counts(
    tool: dict[str, Any], hosted: tuple[str, ...]
) -> None:
    addition = {"type": "tool_addition", "tool": tool}
    for block in (addition, {"type": "compaction", "content": "x", "tool_changes": [addition]}):
        said = [{"role": "system", "content": [block]}]
        assert messages(messages=said).hosted_tools == hosted


def test_state_is_a_thread_or_a_container_of_an_earlier_call() -> None:
    assert messages().state == "none"
    assert messages(thread=None, container={"id": None, "skills": []}).state == "none"
    assert messages(thread={"type": "create"}).state == "asked"
    assert messages(container="c_1").state == "asked"
    assert messages(container={"id": "c_1"}).state == "asked"


@pytest.mark.parametrize(
    ("block", "fetched", "state"),
    [
        ({"type": "text", "text": "http://example.com"}, (), "none"),
        ({"type": "thinking", "thinking": "", "signature": ""}, (), "none"),
        ({"type": "tool_use", "id": "t", "name": "f", "input": {"url": "http://a"}}, (), "none"),
        (source(type="base64", media_type="application/pdf", data=""), (), "none"),
        (source(type="text", data="x"), (), "none"),
        (source(type="url", url="https://a.example/a.pdf"), ("fetch:a.example",), "none"),
        (source(type="file", file_id="f"), (), "asked"),
        (source(type="content", content="x"), (), "none"),
        (source(type="content", content=[source(type="file", file_id="f")]), (), "asked"),
        ({"type": "tool_result", "content": "x"}, (), "none"),
        ({"type": "tool_result", "content": [source(type="base64", data="")]}, (), "none"),
        ({"type": "tool_result", "content": [source(type="file", file_id="f")]}, (), "asked"),
        ({"type": "container_upload", "file_id": "f"}, (), "asked"),
        ({"type": "web_search_tool_result", "content": []}, (), "none"),
        ({"type": "web_fetch_tool_result", "content": {"error_code": "x"}}, (), "none"),
        (
            {"type": "web_fetch_tool_result", "content": {"content": source(type="file")}},
            (),
            "asked",
        ),
    ],
)  # fmt: skip
def test_content_that_is_fetched_is_named_and_what_the_vendor_holds_is_state(
    block: dict[str, Any], fetched: tuple[str, ...], state: str
) -> None:
    said = [{"role": "assistant", "content": "x"}, {"role": "user", "content": [block]}]
    for call in (messages(messages=said), messages(system=[block])):
        assert (call.hosted_tools, call.state) == (fetched, state)


@pytest.mark.parametrize(
    ("fields", "is_repeated"),
    [
        ({"context_management": {"edits": [{"type": "compact_20260112"}]}}, True),
        ({"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}, False),
        ({"context_management": {"edits": None}, "compaction": None}, False),
        ({"compaction": {"type": "summarize"}}, True),
    ],
)
def test_compaction_has_the_model_read_once_more(fields: dict[str, Any], is_repeated: bool) -> None:
    call = messages(**fields)
    assert (call.is_repeated, call.hosted_tools) == (is_repeated, ())


def test_where_a_call_is_to_be_computed_is_known() -> None:
    assert messages(inference_geo="us").geography == "us"
    assert messages(inference_geo=None).geography == ""


def test_the_output_asked_for_is_the_most_that_any_model_may_give() -> None:
    assert messages(max_tokens=7).max_tokens == 7
    assert messages(max_tokens=None).max_tokens is None
    fallbacks = [{"model": "b", "max_tokens": 900}, {"model": "c"}]
    assert messages(max_tokens=7, fallbacks=fallbacks).max_tokens == 900
    assert read(COUNT, b'{"model":"m","max_tokens":9}').max_tokens == 0


def test_a_call_that_names_no_limit_is_given_one_where_there_are_terms() -> None:
    call = messages(max_tokens=None)
    assert MESSAGES.format.fitted(call, Terms()) is call
    given = MESSAGES.format.fitted(call, Terms(max_tokens=50))
    assert given.max_tokens == read(MESSAGES, given.body).max_tokens == 50
    assert given.body == call.body.replace(b'"max_tokens": null', b'"max_tokens": 50')
    own = messages(max_tokens=10**6)
    assert MESSAGES.format.fitted(own, Terms(max_tokens=50)) is own


COMPACTED = (
    b'{"usage":{"input_tokens":10,"output_tokens":5,"iterations":['
    b'{"type":"compaction","input_tokens":900,"cache_read_input_tokens":90,"output_tokens":40},'
    b'{"type":"message","input_tokens":10,"output_tokens":5}]}}'
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"usage":{"input_tokens":3,"output_tokens":5}}', Usage(3, 5)),
        (
            b'{"usage":{"input_tokens":3,"cache_creation_input_tokens":10,"output_tokens":0}}',
            Usage(13, 0, 0, 10),
        ),
        (b'{"usage":{"input_tokens":-1,"output_tokens":1.5}}', Usage()),
        (b'{"usage":{"input_tokens":true,"output_tokens":9007199254740992}}', Usage()),
        (b'{"usage":[1]}', Usage()),
        (b'{"input_tokens":14}', Usage()),
        (
            COMPACTED,
            Usage(1000, 45, 90),
        ),
        (b'{"usage":{"input_tokens":9,"iterations":[{"input_tokens":4},1]}}', Usage(9)),
        (b'{"usage":{"input_tokens":9,"iterations":null}}', Usage(9)),
    ],
)
def test_tokens_are_what_the_provider_reported_or_nothing(body: bytes, expected: Usage) -> None:
    assert MESSAGES.format.usage(body) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"usage":'])
def test_a_reply_that_cannot_be_read_is_not_passed_on(body: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        MESSAGES.format.usage(body)


@pytest.mark.parametrize("cut", range(1, len(START + SIGNED + DELTA + STOP), 7))
def test_a_stream_passes_byte_for_byte_and_its_end_waits(cut: int) -> None:
    whole, stream = START + SIGNED + DELTA + STOP, MessageStream()
    given = stream.feed(whole[:cut]) + stream.feed(whole[cut:])
    assert given == START + SIGNED + DELTA
    assert stream.is_complete
    assert stream.end() == STOP
    assert stream.usage == Usage(12, 9, 7)
    assert not stream.has_failed
    assert stream.feed(b"data: more\n\n") == b""


def test_events_of_kinds_to_come_and_comments_pass() -> None:
    later = b'event: later\ndata: {"type":"later","x":1}\n\n: a comment\n\n'
    assert MessageStream().feed(later) == later


def test_an_error_in_the_stream_passes_and_is_noted() -> None:
    stream, event = MessageStream(), b'event: error\ndata: {"type":"error","error":{}}\n\n'
    assert stream.feed(START + event) == START + event
    assert stream.has_failed
    assert not stream.is_complete


@pytest.mark.parametrize("event", [b"data: {\n\n", b'data: {"usage":1}\n\n', b"data: [DONE]\n\n"])
def test_an_event_that_cannot_be_read_ends_the_stream(event: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        MessageStream().feed(event)


BLOCK = b'event: content_block_start\ndata: {"type":"content_block_start","index":%d}\n\n'
BLOCK_END = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'


def test_a_stream_that_is_cut_ends_as_a_refusal_of_the_model_ends_it() -> None:
    stream = MessageStream()
    stream.feed(START + BLOCK % 0 + BLOCK_END % 0 + BLOCK % 1)
    closed, delta, stop, rest = stream.cut().split(b"\n\n")
    assert closed + b"\n\n" == BLOCK_END % 1
    said = json.loads(delta.removeprefix(b"event: message_delta\ndata: "))
    assert said["delta"]["stop_reason"] == "refusal"
    assert said["usage"] == {"output_tokens": 1}
    assert (stop + b"\n\n", rest) == (STOP, b"")


def test_there_is_nothing_to_cut_before_the_message_has_begun() -> None:
    assert MessageStream().cut() == b""

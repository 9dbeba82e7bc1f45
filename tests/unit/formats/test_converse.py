"""Converse: only what is acted on is read, and what cannot be read in one way is refused; a stream
is complete with its last message, and its messages are those that botocore reads."""

import json
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from gatebook.core.amazon_events import encode
from gatebook.core.errors import Invalid, Unavailable
from gatebook.formats import Call, Terms, Usage
from gatebook.formats.converse import ConverseStream
from gatebook.providers.bedrock import CONVERSE, CONVERSE_STREAM, error_body

HI = {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}


def read(body: bytes, *, streams: bool = False) -> Call:
    operation = CONVERSE_STREAM if streams else CONVERSE
    return operation.format.read(Call(operation=operation, path="/p", model="a.b-v1:0", body=body))


def asked(**fields: Any) -> Call:
    return read(json.dumps({**HI, **fields}).encode())


def test_the_body_passes_byte_for_byte_and_the_address_says_the_rest() -> None:
    body = b'{ "messages" : [ {"role":"user","content":[{"text":"a"}]} ], "newField":1.50e3 }'
    call = read(body)
    assert (call.body, call.model, call.streamed) == (body, "a.b-v1:0", False)
    assert (call.max_tokens, call.choices, call.hosted_tools) == (None, 1, ())
    assert call.state == "none"
    assert read(body, streams=True).streamed


@pytest.mark.parametrize(
    ("tools", "hosted"),
    [
        ([{"toolSpec": {"name": "a"}}, {"cachePoint": {"type": "default"}}], ()),
        ([{"systemTool": {"name": "nova_grounding"}}], ("nova_grounding",)),
        ([{"systemTool": {"name": "a"}}, {"systemTool": {"name": "a"}}], ("a",)),
        ([{"systemTool": None, "toolSpec": {}}], ()),
        ([{"brandNew": {}}], ("brandNew",)),
    ],
)
def test_a_tool_that_the_vendor_runs_is_named_and_one_nobody_knows_is_taken_for_one(
    tools: Any, hosted: tuple[str, ...]
) -> None:
    assert asked(toolConfig={"tools": tools}).hosted_tools == hosted


@pytest.mark.parametrize(
    ("fields", "hosted"),
    [
        ({"top_k": 5, "thinking": {"type": "enabled"}}, ()),
        ({"tools": [{"type": "web_search_20250305"}]}, ("additional:tools",)),
        ({"mcp_servers": []}, ("additional:mcp_servers",)),
        ({"anthropic_beta": ["x"], "top_k": 5}, ("additional:anthropic_beta",)),
        ({"max_tokens": 10**6}, ("additional:max_tokens",)),
        (None, ()),
    ],
)
def test_what_goes_past_converse_to_the_model_has_to_be_granted_by_name(
    fields: Any, hosted: tuple[str, ...]
) -> None:
    assert asked(additionalModelRequestFields=fields).hosted_tools == hosted


def test_a_prompt_that_is_kept_elsewhere_is_state() -> None:
    assert asked(promptVariables={"a": {"text": "b"}}).state == "asked"
    assert asked(promptVariables={}).state == "none"


S3 = {"s3Location": {"uri": "s3://bucket/a.pdf"}}


@pytest.mark.parametrize(
    ("block", "state"),
    [
        ({"image": {"format": "png", "source": {"bytes": "QQ=="}}}, "none"),
        ({"image": {"format": "png", "source": S3}}, "asked"),
        ({"document": {"name": "a", "source": S3}}, "asked"),
        ({"document": {"name": "a", "source": {"text": "a"}}}, "none"),
        ({"document": {"name": "a", "source": {"content": [{"text": "a"}]}}}, "none"),
        ({"video": {"format": "mp4", "source": S3}}, "asked"),
        ({"toolUse": {"name": "a", "input": {"s3Location": 1}}}, "none"),
        ({"toolResult": {"content": [{"json": {"s3Location": 1}}]}}, "none"),
        ({"toolResult": {"content": [{"image": {"source": S3}}]}}, "asked"),
        ({"reasoningContent": {"reasoningText": {"text": "a", "signature": "b"}}}, "none"),
        ({"cachePoint": {"type": "default"}}, "none"),
    ],
)
def test_what_is_held_in_a_bucket_is_state(block: dict[str, Any], state: str) -> None:
    messages = [{"role": "user", "content": [{"text": "a"}, block]}]
    assert asked(messages=messages).state == state


@pytest.mark.parametrize(
    "block",
    [
        {"brandNew": {}},
        {"audio": {"format": "mp3", "source": {"brandNew": {}}}},
        {"toolResult": {"content": [{"brandNew": {}}]}},
    ],
)
def test_content_that_no_parser_understands_is_refused(block: dict[str, Any]) -> None:
    for fields in ({"messages": [{"content": [block]}]}, {"system": [block]}):
        with pytest.raises(Invalid) as caught:
            asked(**fields)
        assert caught.value.code == "unknown_kind"


def test_what_is_said_of_tools_elsewhere_is_seen() -> None:
    for tool, hosted in (
        ({"type": "tool", "name": "a"}, ()),
        ({"systemTool": {"name": "nova_grounding"}}, ("nova_grounding",)),
    ):
        block = {"toolAddition": {"tool": tool}}
        assert asked(messages=[{"content": [block]}]).hosted_tools == hosted
    assert asked(mcpServers=[{"url": "https://a"}]).hosted_tools == ("member:mcpServers",)


def test_audio_is_not_paid_for_as_text() -> None:
    for kind in ("audio", "image"):
        block = {kind: {"source": {"bytes": "QQ=="}}}
        assert asked(messages=[{"content": [block]}]).is_priced_apart is (kind == "audio")


@pytest.mark.parametrize(
    ("model", "geography"),
    [
        ("anthropic.claude-haiku-5-5-v1:0", ""),
        ("deepseek.v3.2", ""),
        ("eu.anthropic.claude-haiku-5-5-v1:0", "eu"),
        ("us.amazon.nova-pro-v1:0", "us"),
        ("us-gov.anthropic.claude-haiku-5-5-v1:0", "us-gov"),
        ("apac.amazon.nova-pro-v1:0", "ap"),
        ("global.anthropic.claude-haiku-5-5-v1:0", "global"),
    ],
)
def test_an_inference_profile_says_where_it_may_be_computed(model: str, geography: str) -> None:
    body = json.dumps(HI).encode()
    call = Call(operation=CONVERSE, path="/p", model=model, body=body)
    assert CONVERSE.format.read(call).geography == geography


@pytest.mark.parametrize(
    ("block", "is_text"),
    [
        ({"text": "a"}, True),
        ({"toolUse": {"name": "a"}}, True),
        ({"toolResult": {"content": [{"json": {}}]}}, True),
        ({"toolResult": {"content": [{"image": {"source": {"bytes": ""}}}]}}, False),
        ({"document": {"source": {"text": "a"}}}, False),
    ],
)
def test_the_body_bounds_what_is_read_if_all_of_it_is_text(
    block: dict[str, Any], is_text: bool
) -> None:
    assert asked(messages=[{"role": "user", "content": [block]}]).is_text is is_text


def test_an_escape_hides_nothing() -> None:
    body = b'{"messages":[{"content":[{"image":{"source":{"s3\\u004cocation":{}}}}]}]}'
    assert read(body).state == "asked"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_missing"),
        (b"[]", "invalid_value"),
        (b'{"messages":"\xff"}', "json_utf8"),
        (b'{"messages":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "json_too_deep"),
        (b'{"messages":[],"messages":[]}', "json_duplicate_member"),
        (b'{"toolConfig":{"tools":[],"tools":[{"systemTool":{}}]}}', "json_duplicate_member"),
        (b'{"Messages":[]}', "json_member_case"),
        (b'{"inferenceConfig":{"maxtokens":1}}', "json_member_case"),
        (b'{"toolConfig":{"tools":[{"systemtool":{"name":"a"}}]}}', "json_member_case"),
        (b'{"messages":[{"content":[{"Image":{}}]}]}', "json_member_case"),
        (b'{"inferenceConfig":{"maxTokens":"7"}}', "invalid_value"),
        (b'{"inferenceConfig":{"maxTokens":0}}', "invalid_value"),
        (b'{"inferenceConfig":{"maxTokens":true}}', "invalid_value"),
        (b'{"inferenceConfig":{"maxTokens":2147483648}}', "invalid_value"),
        (b'{"inferenceConfig":[]}', "invalid_value"),
        (b'{"toolConfig":{"tools":{}}}', "invalid_value"),
        (b'{"toolConfig":{"tools":[{"systemTool":{}}]}}', "invalid_tool"),
        (b'{"toolConfig":{"tools":[{"a b":{}}]}}', "invalid_tool"),
        (b'{"additionalModelRequestFields":{"":1}}', "invalid_tool"),
        (b'{"messages":{}}', "invalid_value"),
        (b'{"messages":[{"content":"hi"}]}', "invalid_value"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(body)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("body", "fitted"),
    [
        (b'{"messages":[]}', b'{"inferenceConfig":{"maxTokens":9},"messages":[]}'),
        (b"{}", b'{"inferenceConfig":{"maxTokens":9}}'),
        (b'{"inferenceConfig":null}', b'{"inferenceConfig":{"maxTokens":9}}'),
        (b'{"inferenceConfig": {}}', b'{"inferenceConfig": {"maxTokens":9}}'),
        (
            b'{"inferenceConfig":{"topP":0.50}}',
            b'{"inferenceConfig":{"maxTokens":9,"topP":0.50}}',
        ),
        (b'{"inferenceConfig":{"maxTokens":null}}', b'{"inferenceConfig":{"maxTokens":9}}'),
    ],
)
def test_a_limit_is_put_in_where_there_is_none(body: bytes, fitted: bytes) -> None:
    call = CONVERSE.format.fitted(read(body), Terms(max_tokens=9))
    assert (call.body, call.max_tokens) == (fitted, 9)
    assert read(call.body).max_tokens == 9


def test_a_limit_that_is_there_stays_and_without_terms_there_is_none() -> None:
    limited = asked(inferenceConfig={"maxTokens": 3})
    assert CONVERSE.format.fitted(limited, Terms(max_tokens=9)) is limited
    plain = asked()
    assert CONVERSE.format.fitted(plain, Terms()) is plain


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"inputTokens": 3, "outputTokens": 5, "totalTokens": 8}, Usage(3, 5)),
        (
            {
                "inputTokens": 3,
                "outputTokens": 5,
                "cacheReadInputTokens": 7,
                "cacheWriteInputTokens": 11,
            },
            Usage(21, 5, 7, 11),
        ),
        (
            {
                "inputTokens": 3,
                "cacheWriteInputTokens": 11,
                "cacheDetails": [
                    {"ttl": "1h", "inputTokens": 7},
                    {"ttl": "5m", "inputTokens": 4},
                    None,
                ],
            },
            Usage(14, 0, 0, 11, 7),
        ),
        ({"inputTokens": 1, "cacheDetails": [{"ttl": "1h", "inputTokens": 7}]}, Usage(1)),
        ({"inputTokens": -1, "outputTokens": "5"}, Usage()),
        (None, Usage()),
    ],
)
def test_tokens_are_what_the_provider_reported_or_nothing(usage: Any, expected: Usage) -> None:
    assert CONVERSE.format.usage(json.dumps({"usage": usage}).encode()) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"usage":'])
def test_a_reply_that_cannot_be_read_is_not_passed_on(body: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        CONVERSE.format.usage(body)


# -- streams ---------------------------------------------------------------------------------------


def event(kind: str, **payload: Any) -> bytes:
    headers = {":event-type": kind, ":message-type": "event"}
    return encode(headers, json.dumps(payload).encode())


def told(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    """The kind and the payload of each message, by the vendor's own reader."""
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    found = []
    for message in buffer:
        assert message.headers[":content-type"] == "application/json"
        kind = message.headers.get(":event-type") or message.headers[":exception-type"]
        found.append((kind, json.loads(message.payload)))
    return found


START = event("messageStart", role="assistant")
DELTA = event("contentBlockDelta", contentBlockIndex=0, delta={"text": "a"}, p="abc")
BLOCK_STOP = event("contentBlockStop", contentBlockIndex=0)
STOP = event("messageStop", stopReason="end_turn")
METADATA = event("metadata", usage={"inputTokens": 5, "outputTokens": 9})
AHEAD = START + DELTA + BLOCK_STOP


@pytest.mark.parametrize("cut", range(1, len(AHEAD + STOP + METADATA), 11))
def test_a_stream_passes_byte_for_byte_and_its_end_waits(cut: int) -> None:
    whole, stream = AHEAD + STOP + METADATA, ConverseStream()
    assert stream.feed(whole[:cut]) + stream.feed(whole[cut:]) == AHEAD
    assert stream.is_complete
    assert stream.end() == STOP + METADATA
    assert (stream.usage, stream.chunks, stream.has_failed) == (Usage(5, 9), 5, False)
    assert stream.feed(DELTA) == b""


def test_what_the_model_wrote_is_counted_as_it_comes() -> None:
    stream = ConverseStream()
    tool = event("contentBlockDelta", contentBlockIndex=1, delta={"toolUse": {"input": "{}"}})
    stream.feed(DELTA + tool)
    assert stream.text_bytes == 1 + len('{"input": "{}"}')


def test_a_stream_without_metadata_is_complete_when_it_ends() -> None:
    stream = ConverseStream()
    stream.feed(AHEAD + STOP)
    was_complete = stream.is_complete
    assert stream.close() == b""
    assert (was_complete, stream.is_complete, stream.end()) == (False, True, STOP)


@pytest.mark.parametrize("data", [b"", START, AHEAD, AHEAD + STOP + METADATA[:-1]])
def test_a_stream_that_just_stops_is_not_complete(data: bytes) -> None:
    stream = ConverseStream()
    stream.feed(data)
    stream.close()
    assert not stream.is_complete


def test_kinds_to_come_pass() -> None:
    assert ConverseStream().feed(event("brandNew", x=1)) == event("brandNew", x=1)


@pytest.mark.parametrize("kind", ["exception", "error"])
def test_a_failure_in_the_stream_passes_and_is_noted(kind: str) -> None:
    failure = encode({":message-type": kind, ":exception-type": "throttlingException"}, b"{}")
    stream = ConverseStream()
    assert stream.feed(AHEAD + STOP + failure) == AHEAD + STOP + failure
    stream.close()
    assert (stream.has_failed, stream.is_complete, stream.end()) == (True, False, b"")


@pytest.mark.parametrize(
    "data",
    [
        b"data: {}\n\n" * 2,
        DELTA[:-1] + b"\0",
        event("metadata")[:-6] + b"xx" + event("metadata")[-4:],
        encode({":event-type": "metadata", ":message-type": "event"}, b"{"),
        encode({":event-type": "contentBlockStop", ":message-type": "event"}, b"[]"),
    ],
)
def test_a_message_that_cannot_be_read_ends_the_stream(data: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        ConverseStream().feed(data)


def test_a_stream_that_is_cut_ends_as_a_guardrail_ends_it() -> None:
    stream = ConverseStream()
    assert stream.cut() == b""
    stream.feed(AHEAD + event("contentBlockStart", contentBlockIndex=1, start={}))
    assert told(stream.cut()) == [
        ("contentBlockStop", {"contentBlockIndex": 1}),
        ("messageStop", {"stopReason": "guardrail_intervened"}),
        (
            "metadata",
            {
                "usage": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0},
                "metrics": {"latencyMs": 0},
            },
        ),
    ]


@pytest.mark.parametrize(
    ("retry", "kind"), [(None, "modelStreamErrorException"), (1, "serviceUnavailableException")]
)
def test_a_failure_of_ours_is_one_that_a_stream_can_have(retry: int | None, kind: str) -> None:
    error = Unavailable("upstream_broken", "It broke.", retry_after_seconds=retry)
    said = told(ConverseStream().error_event(error_body(error, "")))
    assert said == [(kind, {"message": "It broke. [upstream_broken]"})]
